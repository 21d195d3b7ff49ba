"""What reviewers call an operator, whose code they are not told: the same word for the same operator, always, and no
way from the word to the code without the installation's secret."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.schema import Operator

BEGIN, LETTERS = "OP-", 6
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that is read for something else


def pseudonym(code: str, key: str) -> str:
    """30 bits of HMAC-SHA-256, as `OP-7KQ2MX`; "" of "". Two of a thousand operators share one once in 2,000 houses."""
    if not code:
        return ""
    number = int.from_bytes(hmac.digest(key.encode(), code.encode(), "sha256"))
    return BEGIN + "".join(ALPHABET[number >> 5 * place & 31] for place in range(LETTERS))


def is_pseudonym(text: str) -> bool:
    return text.startswith(BEGIN) and len(text) == len(BEGIN) + LETTERS and set(text[len(BEGIN) :]) <= set(ALPHABET)


@dataclass(frozen=True)
class Naming:
    """How operators are named to whoever asks: `veiled`, by pseudonym alone. `key`: the installation's secret."""

    session: Session
    key: str
    veiled: bool

    def shown(self, code: str) -> str:
        return self.pseudonym(code) if self.veiled else code

    def pseudonym(self, text: str) -> str:
        """Of a code; a pseudonym stays what it is."""
        return text if is_pseudonym(text) else pseudonym(text, self.key)

    def meant(self, text: str) -> Sequence[str]:
        """The codes; none when it is nobody's pseudonym, more when chance wants it. Raises ValueError."""
        if is_pseudonym(text):
            everybody = self.session.scalars(select(Operator.code))
            return [code for code in everybody if pseudonym(code, self.key) == text]
        if self.veiled:
            raise ValueError(f"'{text}' is no pseudonym; write it as OP-7KQ2MX")
        return [text]
