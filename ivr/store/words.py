"""The words that a ticket is found by, the same on every store; pure.

Words are compared without case, accents and other marks, so `perche` finds `Perché`. Where a script does not part its
words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), each character is one; so is an emoji.
"""

import re
import unicodedata
from collections.abc import Iterator

MOST = 100_000  # characters of a ticket that are looked through
LONGEST = 60  # characters of a word that count
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PARTS = re.compile(f"[{_ALONE}]|(?:(?![{_ALONE}])[^\\W_])+|[^\\w\\s]")


def words(*texts: str) -> list[str]:
    """Each once, in the order of the alphabet."""
    return sorted(set(_words(" ".join(texts)[:MOST])))


def asked(text: str) -> list[tuple[str, bool]]:
    """Those that a ticket must have to be found, and whether each stands for all that begin so: `pagament*`."""
    found = {}
    for piece in text[:MOST].split():
        parts = list(_words(piece))
        for place, word in enumerate(parts, 1):
            found[word] = place == len(parts) and piece.endswith("*")
    return list(found.items())


def _words(text: str) -> Iterator[str]:
    plain = "".join(
        one for one in unicodedata.normalize("NFKD", text.casefold()) if unicodedata.category(one)[0] != "M"
    )
    for part in _PARTS.findall(plain):
        if len(part) > 1 or part.isalnum() or unicodedata.category(part) == "So":
            yield part[:LONGEST]
