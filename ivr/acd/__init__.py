"""Automatic call distribution: which operator takes which call. The router is pure; the floor keeps the time."""
