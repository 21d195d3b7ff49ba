"""A call's outcome becomes a ticket: the outbox delivers, a module a backend receives."""
