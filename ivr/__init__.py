"""Numero Nero: an open telephony and IVR engine around Asterisk ARI."""

__version__ = "0.1.0"
