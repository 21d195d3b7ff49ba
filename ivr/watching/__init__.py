"""Watching the house: its figures, and alarms for what a person must see to."""
