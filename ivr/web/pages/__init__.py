"""One module a noun: its pages, its API, and their ROUTES. Who may open them stands in `ivr.web.access`."""
