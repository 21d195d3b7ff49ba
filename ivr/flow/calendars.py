"""Opening hours: `calendars.yaml`, and the question "open now?"."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Status = Literal["open", "closed", "holiday"]
Span = tuple[time, time]


def _clock(text: object) -> time:
    if isinstance(text, time):
        return text
    try:
        return time.max if text == "24:00" else time.fromisoformat(str(text))
    except ValueError:
        raise ValueError(f"'{text}' is no time of day; write \"08:00\"") from None


def _spans(text: object) -> tuple[Span, ...]:
    """`"08:00-12:00, 14:00-18:00"`."""
    if isinstance(text, tuple):
        return text
    spans = []
    for part in str(text).split(","):
        first, dash, last = part.strip().partition("-")
        if not dash:
            raise ValueError(f"'{part.strip()}' is no span of hours; write \"08:00-20:00\"")
        span = (_clock(first.strip()), _clock(last.strip()))
        if span[0] >= span[1]:
            raise ValueError(f"'{part.strip()}' ends before it begins")
        spans.append(span)
    return tuple(spans)


def _write_clock(clock: time) -> str:
    return "24:00" if clock == time.max else clock.isoformat("minutes")


def _write_spans(spans: tuple[Span, ...]) -> str:
    return ", ".join(f"{_write_clock(first)}-{_write_clock(last)}" for first, last in spans)


# What editors are told of the forms in YAML.
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = f"{_CLOCK}-({_CLOCK}|24:00)"
_TextOfSpans = Annotated[str, Field(pattern=f"^{_SPAN}(, *{_SPAN})*$", description="08:00-12:00, 14:00-18:00")]
_TextOfClock = Annotated[str, Field(pattern=f"^({_CLOCK}|24:00)$", description="08:00")]
_DAYS = {"propertyNames": {"pattern": "^({0})(-({0}))?$".format("|".join(DAYS))}}

Spans = Annotated[
    tuple[Span, ...],
    BeforeValidator(_spans, json_schema_input_type=_TextOfSpans),
    PlainSerializer(_write_spans, return_type=str, when_used="json"),
]
Day = date  # a field is named `date`, which would hide the type
Clock = Annotated[
    time,
    BeforeValidator(_clock, json_schema_input_type=_TextOfClock),
    PlainSerializer(_write_clock, return_type=str, when_used="json"),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Closed(_Strict):
    """Closed on that date, wholly or between `from` and `to`."""

    date: Day
    from_: Annotated[Clock, Field(alias="from")] = time.min
    to: Clock = time.max


class Open(_Strict):
    """Open on that date at these hours, whatever else is said."""

    date: Day
    hours: Spans


class Calendar(_Strict):
    timezone: str = "Europe/Rome"
    holidays: str | None = None
    weekly: Annotated[dict[str, Spans], Field(json_schema_extra=_DAYS)]
    closed: tuple[Closed, ...] = ()
    open: tuple[Open, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone '{name}'; write for example Europe/Rome") from None
        return name

    @field_validator("holidays")
    @classmethod
    def _country_exists(cls, name: str | None) -> str | None:
        from holidays.registry import COUNTRIES  # a tenth of a second, for those who ask

        codes = {codes[1] for codes in COUNTRIES.values()}
        if name is not None and name not in codes:
            raise ValueError(f"no holidays are known for '{name}'; write a country code such as IT")
        return name

    @field_validator("weekly")
    @classmethod
    def _days_exist(cls, weekly: dict[str, Any]) -> dict[str, Any]:
        for name in weekly:
            _days(name)
        return weekly


def _days(name: str) -> range:
    """`mon-fri` as 0..4, `sat` as 5."""
    first, dash, last = name.partition("-")
    try:
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
    except ValueError:
        raise ValueError(f"'{name}' is no day or span of days; write mon, mon-fri, … ({', '.join(DAYS)})") from None
    if end < start:
        raise ValueError(f"'{name}' runs backwards")
    return range(start, end + 1)


@lru_cache(maxsize=64)
def _national(country: str, year: int) -> frozenset[date]:
    """National holidays only: patron saints' days, which belong to subdivisions, are worked."""
    import holidays

    # By its class, because `country_holidays` imports every country first.
    return frozenset(getattr(holidays, country)(years=year))


def status(calendar: Calendar, now: datetime) -> Status:
    """Whether it is open at `now` (aware). Dates named in `open` win over those in `closed`, those over holidays."""
    local = now.astimezone(ZoneInfo(calendar.timezone))
    today, clock = local.date(), local.time()
    for extra in calendar.open:
        if extra.date == today:
            return "open" if any(first <= clock < last for first, last in extra.hours) else "closed"
    for gap in calendar.closed:
        if gap.date == today and gap.from_ <= clock < gap.to:
            return "closed"
    if calendar.holidays and today in _national(calendar.holidays, today.year):
        return "holiday"
    for name, spans in calendar.weekly.items():
        if today.weekday() in _days(name) and any(first <= clock < last for first, last in spans):
            return "open"
    return "closed"


def open_spans(calendar: Calendar, day: date) -> list[tuple[datetime, datetime]]:
    """When it is open on a day, in order (aware times): what `status` says, from one change of it to the next."""
    zone = ZoneInfo(calendar.timezone)
    clocks = {time.min}
    for spans in (*calendar.weekly.values(), *(one.hours for one in calendar.open if one.date == day)):
        clocks.update(clock for span in spans for clock in span)
    clocks.update(clock for one in calendar.closed if one.date == day for clock in (one.from_, one.to))
    begins = [datetime.combine(day, clock, zone) for clock in sorted(clocks - {time.max})]
    ends = [*begins[1:], datetime.combine(day + timedelta(days=1), time.min, zone)]
    return [(begin, end) for begin, end in zip(begins, ends, strict=True) if status(calendar, begin) == "open"]
