"""The control room: what is going on now."""
