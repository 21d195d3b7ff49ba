"""Text as every database, ticketing system and screen takes it: whole characters, none that controls anything."""

import re

CUT = " […]"
# C0 and C1 controls but for tab and line feed; halves of characters; marks that turn the direction of what follows.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def paragraphs(text: str, most: int) -> str:
    """At most so many characters; what is cut ends with a mark."""
    clean = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return clean if len(clean) <= most else clean[: most - len(CUT)] + CUT


def line(text: str, most: int) -> str:
    """The same in one line."""
    return paragraphs(" ".join(_CONTROLS.sub(" ", text).split()), most)
