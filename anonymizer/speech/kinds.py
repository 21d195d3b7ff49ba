"""What a code is, when its check digits say so."""

from stdnum import iban, luhn
from stdnum.it import codicefiscale

NOTICE = 18  # digits of a payment notice's code (AgID and PagoPA: it begins with 0 to 3)
CARD = range(13, 20)  # digits of a card's number (ISO/IEC 7812)


def kind_of(text: str) -> str | None:
    """`text`: letters and digits as they were heard, without anything between."""
    if iban.is_valid(text):
        return "iban"
    if codicefiscale.is_valid(text):
        return "fiscal_code"
    if text.isdigit() and len(text) == NOTICE and text[0] in "0123":
        return "notice"
    if text.isdigit() and len(text) in CARD and luhn.is_valid(text):
        return "card"
    return None
