"""Numero Nero: an open telephony and IVR engine around Asterisk ARI."""

import os

__version__ = "0.1.0"

# pydantic looks through every installed package for plugins, a tenth of a command's start; we have none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
