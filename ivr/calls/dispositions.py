"""The outcome of a conversation, as operators give it: key → type."""

KEYS = {"1": "Q", "2": "PQ", "3": "A", "4": "PA", "5": "I", "6": "PI"}
