"""Evaluations of recordings: given with `PUT /review/recordings/ID/evaluation`, whose body is
`recordings.evaluations.Given`; taken out with `GET /review/evaluations.csv` and `.xlsx`, all or those of a `sample`,
made `from` a day `to` a day. Each export is in the audit.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, fields, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.days import bounds
from ivr.spreadsheets import EXCEL, Row, as_csv, as_excel
from ivr.store import audit
from ivr.web.answers import SETTINGS, body, file, read, to_json, write
from ivr.web.labels import labels, language_of
from ivr.web.pages.recordings import naming
from ivr.web.pages.review import refusals
from recordings import evaluations, review, samples
from recordings.evaluations import Given, Line


async def _evaluate(request: web.Request) -> web.Response:
    id, weights = request.match_info["id"], request.app[SETTINGS].review.weights.model_dump()
    given = await body(request, Given)

    def save(session: Session) -> float:
        review.copy_of(session, id)  # what nobody could hear, nobody evaluates
        return evaluations.save(session, id, request["user"], given, weights)

    with refusals(request):
        return to_json({"score": round(await write(request, save), 2)})


async def _csv(request: web.Request) -> web.Response:
    return await _file(request, lambda heads, rows: b"".join(as_csv(heads, rows)), "text/csv", "csv")


async def _excel(request: web.Request) -> web.Response:
    title = labels(language_of(request))["review"]["evaluations"]
    return await _file(request, lambda heads, rows: as_excel(heads, rows, title), EXCEL, "xlsx")


async def _file(
    request: web.Request, made: Callable[[Sequence[str], Iterable[Row]], bytes], kind: str, ending: str
) -> web.Response:
    heads, rows = await _table(request)
    return await file(f"evaluations.{ending}", kind, lambda: made(heads, rows))


async def _table(request: web.Request) -> tuple[list[str], Iterable[Row]]:
    zone = ZoneInfo(request.app[SETTINGS].recordings.timezone)
    sample, words = request.query.get("sample", ""), labels(language_of(request))["review"]
    since, until = _bound(request, "from", zone, 0), _bound(request, "to", zone, 1)

    def look(session: Session) -> list[Line]:
        if sample:
            samples.show(session, sample)
        operator = naming(request, session).shown
        return list(evaluations.lines(session, operator, sample=sample, since=since, until=until))

    try:
        found = await read(request, look)
    except samples.UnknownSample as error:
        raise web.HTTPNotFound(text=str(error)) from None
    asked = " ".join(f"{name}={request.query[name]}" for name in ("sample", "from", "to") if request.query.get(name))
    told = f"{len(found)} evaluations {asked}".strip()
    await write(request, lambda session: audit.write(session, request["user"], "export-evaluations", detail=told))
    return [words[one.name] for one in fields(Line)], _local(found, zone)


def _local(lines: Iterable[Line], zone: ZoneInfo) -> Iterator[Row]:
    for one in lines:
        yield astuple(replace(one, started_at=one.started_at.astimezone(zone), at=one.at.astimezone(zone)))


def _bound(request: web.Request, name: str, zone: ZoneInfo, side: int) -> datetime | None:
    text = request.query.get(name)
    if not text:
        return None
    try:
        return bounds(date.fromisoformat(text), zone)[side]
    except (ValueError, OverflowError):
        raise web.HTTPBadRequest(text=f"{name}: write a day as 2026-11-30") from None


ROUTES = [
    web.put("/review/recordings/{id}/evaluation", _evaluate),
    web.get("/review/evaluations.csv", _csv),
    web.get("/review/evaluations.xlsx", _excel),
]
