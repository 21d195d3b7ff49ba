"""What the fields of `/api/v1` are made of."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ivr.store.dictionary import meaning

T = TypeVar("T")
MOST_VALUES = 50
READABLE = "^[^\\x00-\\x1f\\x7f]*$"  # PostgreSQL takes no zero byte, and nobody a name with a line's end in it

Id = Annotated[str, Meta(min_length=1, max_length=100, pattern="^[A-Za-z0-9._-]+$")]
Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=READABLE)]
Time = Annotated[datetime, Meta(tz=True)]


def means(place: str) -> Meta:
    """What the data dictionary says of `table.column`."""
    return Meta(description=meaning(place))


class Query(Struct, forbid_unknown_fields=True):
    """What stands after the question mark."""


class PageQuery(Query, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=500, description="Items a page")] = 50
    after: Annotated[str, Meta(max_length=1000, description="The `next` of the page before")] = ""


class Listing(PageQuery, kw_only=True):
    """Of things in the order of their time."""

    since: Annotated[Time | UnsetType, Meta(description="From this time on")] = msgspec.field(
        name="from", default=UNSET
    )
    until: Annotated[Time | UnsetType, Meta(description="Before this time")] = msgspec.field(name="to", default=UNSET)
    order: Annotated[Literal["newest", "oldest"], Meta(description="Which come first")] = "newest"


class Page(Struct, Generic[T]):
    items: list[T]
    next: Annotated[str | None, Meta(description="Ask the following page with `after`; null after the last")]


def asked_by(name: str, help: Mapping[str, str], **more: Any) -> Any:
    """A query of criteria that people search by, too: each with any of several values. `help`: what each means. `more`:
    others, which need not be given."""
    fields: list[tuple[str, Any, Any]] = [
        (f"by_{one}", _criterion(text), msgspec.field(name=one, default=[])) for one, text in help.items()
    ]
    others = [(one, kind, UNSET) for one, kind in more.items()]
    return msgspec.defstruct(
        name, [*fields, *others], bases=(PageQuery,), kw_only=True, forbid_unknown_fields=True, module=__name__
    )


def _criterion(text: str) -> Any:
    return Annotated[list[Word], Meta(max_length=MOST_VALUES, description=text[0].upper() + text[1:])]


def criteria(query: Any, help: Mapping[str, str]) -> dict[str, list[str]]:
    """Those that are given."""
    return {name: values for name in help if (values := getattr(query, f"by_{name}"))}


def within(column: Any, query: Listing) -> Sequence[Any]:
    """Conditions: in [from, to)."""
    since = [column >= _utc(query.since)] if query.since is not UNSET else []
    return [*since, *([column < _utc(query.until)] if query.until is not UNSET else [])]


def equal(query: Query, columns: Mapping[str, Any]) -> list[Any]:
    """Conditions: columns are what the query says under the same name, if it says it."""
    asked = ((column, getattr(query, name)) for name, column in columns.items())
    return [column == value for column, value in asked if value is not UNSET]


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # at either end of the calendar, where nothing is
        return at.replace(tzinfo=UTC)
