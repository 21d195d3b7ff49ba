"""One page of a listing, and the token of the next."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select

from ivr.store import paging
from ivr.web.v1.problems import Refusal
from ivr.web.v1.types import Listing

T = TypeVar("T")
Rows = Select[*tuple[Any, ...]]


def ordered(chosen: Rows, order: paging.Order, query: Listing) -> Rows:
    try:
        return paging.page(chosen, order, limit=query.limit, after=query.after, newest=query.order == "newest")
    except paging.NoPlace as error:
        raise Refusal(400, f"after: {error}") from None


def following(
    rows: Sequence[T], query: Listing, place: Callable[[T], tuple[Any, ...]]
) -> tuple[Sequence[T], str | None]:
    """The page's rows, and what to ask the next page with; `place`: of a row, in the order they come in."""
    shown = rows[: query.limit]
    return shown, paging.token(*place(shown[-1])) if len(rows) > query.limit else None
