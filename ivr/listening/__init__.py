"""Supervisors listen to live calls: the voices that they hear are others."""
