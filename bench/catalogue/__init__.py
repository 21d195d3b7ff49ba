"""Searching and sampling a million recordings."""
