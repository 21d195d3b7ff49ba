"""Who asks, and what an operation may show and change for them."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from ivr.store.numbers import veil
from ivr.tickets.clock import Terms
from ivr.tickets.outcome import Policy
from ivr.web.v1.problems import Refusal
from recordings.pseudonyms import Naming


@dataclass(frozen=True)
class House:
    """`callers`, `operators`: the keys of their pseudonyms. `backend`: which ticketing system has the tickets."""

    zone: ZoneInfo
    callers: str
    operators: str
    backend: str
    terms: Terms
    policy: Policy


@dataclass(frozen=True)
class Asker:
    """`name`: of the key. `if_match`: the header, "" for none."""

    session: Session
    house: House
    name: str
    scopes: Collection[str]
    if_match: str = ""

    @property
    def user(self) -> str:
        """As the audit and the tickets' history name them."""
        return user(self.name)

    @property
    def sees_callers(self) -> bool:
        return "callers:read" in self.scopes

    @property
    def operators(self) -> Naming:
        return Naming(self.session, self.house.operators, veiled="operators:read" not in self.scopes)

    def veiled(self, value: Any, numbers: Collection[str]) -> Any:
        """Text or JSON with pseudonyms in place of these numbers, if they are not to be seen."""
        return value if self.sees_callers else veil(value, numbers, self.house.callers)

    def must_match(self, now: msgspec.Struct) -> None:
        """Raises Refusal when the asker has seen something else than how it stands `now`."""
        if self.if_match and self.if_match != "*" and tag(msgspec.json.encode(now)) not in _tags(self.if_match):
            raise Refusal(412, "it was changed meanwhile; read it again, and then change it")


def user(key: str) -> str:
    return f"api:{key}"


def tag(body: bytes) -> str:
    """The ETag of what is shown."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(header: str, body: bytes) -> bool:
    """If-None-Match."""
    return header.strip() == "*" or tag(body) in _tags(header)


def _tags(header: str) -> Sequence[str]:
    return [one.strip().removeprefix("W/") for one in header.split(",")]
