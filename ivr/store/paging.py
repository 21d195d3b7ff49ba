"""Pages of a long list, in a stable order: by a time and then by ids. Whoever asks page after page is shown each row
once, whatever is added meanwhile. Where the next one begins travels as a token."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

Rows = Select[*tuple[Any, ...]]
Order = Sequence[InstrumentedAttribute[Any]]


class NoPlace(ValueError):
    """A token that no page gave."""


def token(at: datetime, *ids: str) -> str:
    return urlsafe_b64encode(msgspec.json.encode([at, *ids])).decode().rstrip("=")


def place(token: str, ids: int = 1) -> tuple[Any, ...]:
    """The time and the ids. It only says where to go on, so one that somebody made up shows nothing that a search would
    not. Raises NoPlace."""
    try:
        at, *rest = msgspec.json.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=list[str])
        begun = datetime.fromisoformat(at)
        if begun.tzinfo is None or len(rest) != ids or not all(id.isprintable() for id in rest):
            raise NoPlace
        return begun.astimezone(UTC), *rest
    except (ValueError, OverflowError, msgspec.MsgspecError):
        raise NoPlace("no page gave this; begin again without it") from None


def page(chosen: Rows, order: Order, *, limit: int, after: str = "", newest: bool = True) -> Rows:
    """One row more than `limit`, if there is one: so it is known whether a page follows. `order`: a time, then ids."""
    chosen = chosen.order_by(*(column.desc() if newest else column.asc() for column in order)).limit(limit + 1)
    if after:
        here, there = tuple_(*order), tuple_(*place(after, len(order) - 1))
        chosen = chosen.where(here < there if newest else here > there)
    return chosen
