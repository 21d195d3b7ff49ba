"""Ticketing systems that cannot be started here: servers of ours that keep to what their documentation says of the
requests we make: paths, names, status codes, shapes of answers. Nothing is unique in them, as in the real ones.
"""
