"""Whether digits that a caller has keyed in can be right: check digits, dates, telephone numbers."""

import re
from collections.abc import Callable
from datetime import date


def payment_notice(digits: str) -> bool:
    """A payment notice's number: 18 digits. With the first digit 0, 2 or 3 the last two are the first sixteen, as a
    number, modulo 93; with 1 they are free. (pagoPA, Specifiche attuative dei codici identificativi di versamento.)"""
    if not re.fullmatch(r"[0-3][0-9]{17}", digits):
        return False
    return digits[0] == "1" or int(digits[:16]) % 93 == int(digits[16:])


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: payment cards."""
    if len(digits) < 2 or not digits.isdigit():
        return False
    values = [int(digit) for digit in reversed(digits)]
    return sum(value if place % 2 == 0 else sum(divmod(2 * value, 10)) for place, value in enumerate(values)) % 10 == 0


def day(digits: str) -> bool:
    """A date as `ddmmyyyy`."""
    if not re.fullmatch(r"[0-9]{8}", digits):
        return False
    try:
        return date(int(digits[4:]), int(digits[2:4]), int(digits[:2])).year >= 1900
    except ValueError:
        return False


def phone(digits: str) -> bool:
    """A number that can be called from Italy."""
    import phonenumbers  # takes a while, and few flows need it

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, "IT"))
    except phonenumbers.NumberParseException:
        return False


CHECKS: dict[str, Callable[[str], bool]] = {
    "payment-notice": payment_notice,
    "luhn": luhn,
    "date": day,
    "phone": phone,
}
