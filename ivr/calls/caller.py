"""Who calls: the number of a SIP caller as the flow sees it."""

from dataclasses import dataclass

import phonenumbers

HOME = "IT"
WITHHELD = {"", "anonymous", "unknown", "restricted", "unavailable", "private"}


@dataclass(frozen=True)
class Caller:
    """`number` is E.164, "" when withheld or no telephone number; `district` the Italian area code, "" for others."""

    number: str
    withheld: bool
    district: str
    country: str


def identify(given: str) -> Caller:
    """From what the trunk sends: `+390471…`, `00390471…`, `0471…`, `anonymous`."""
    if given.lower() in WITHHELD:
        return Caller("", True, "", "")
    try:
        number = phonenumbers.parse(given, HOME)
    except phonenumbers.NumberParseException:
        return Caller("", False, "", "")
    if not phonenumbers.is_possible_number(number):
        return Caller("", False, "", "")
    country = phonenumbers.region_code_for_number(number) or ""
    district = ""
    if number.country_code == 39:
        # In Italy the leading zero belongs to the area code, so the national number begins with it.
        national = phonenumbers.national_significant_number(number)
        district = national[: phonenumbers.length_of_geographical_area_code(number)]
    return Caller(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), False, district, country)
