"""Asterisk: how to get it, and its configuration as templates."""
