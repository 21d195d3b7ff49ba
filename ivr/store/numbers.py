"""Telephone numbers of callers, and what stands for them where they may not. Pure."""

import hmac
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

MARK, DIGITS = "~", 20  # no telephone number begins so
HOME = "+39"


def pseudonym(number: str, key: str) -> str:
    """80 bits of HMAC-SHA-256, as `~9b2f…`: the same for the same number, and no way back without the key."""
    return MARK + hmac.new(key.encode(), number.encode(), "sha256").hexdigest()[:DIGITS]


def veil(value: Any, numbers: Collection[str], key: str) -> Any:
    """Text, or any JSON, with pseudonyms for these numbers."""
    there = {number for number in numbers if number and not number.startswith(MARK)}
    if isinstance(value, str):  # most have none of them, and that is seen at once: every form has the shortest within
        there = {number for number in there if min(_forms(number), key=len) in value}
    return swapper({number: pseudonym(number, key) for number in there})(value) if there else value


def swapper(shown: Mapping[str, str]) -> Callable[[Any], Any]:
    """Puts into text, or any JSON, what is shown for each number. One is found as E.164, without its `+`, and as at
    home."""
    written = {form: one for number, one in shown.items() for form in _forms(number)}
    found = re.compile("|".join(re.escape(form) for form in sorted(written, key=len, reverse=True)))

    def swap(value: Any) -> Any:
        if isinstance(value, str):
            return found.sub(lambda match: written[match[0]], value) if written else value
        if isinstance(value, Mapping):
            return {name: swap(one) for name, one in value.items()}
        return [swap(one) for one in value] if isinstance(value, list) else value

    return swap


def _forms(number: str) -> set[str]:
    bare = number.removeprefix("+")
    at_home = number.removeprefix(HOME)
    return {number, bare, at_home} - {""}
