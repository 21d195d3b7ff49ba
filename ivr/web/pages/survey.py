"""Results of surveys: `GET /api/survey?by=operator,question&from=2026-11-01&to=2026-11-30`. Days are those of the zone
that recordings go by."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from ivr.days import bounds
from ivr.store import survey
from ivr.web.answers import SETTINGS, read, to_json


async def _results(request: web.Request) -> web.Response:
    zone = ZoneInfo(request.app[SETTINGS].recordings.timezone)
    by = request.query.get("by", "question").split(",")
    if unknown := [name for name in by if name not in survey.GROUPS]:
        raise web.HTTPBadRequest(text=f"by: there is no '{unknown[0]}'; {', '.join(survey.GROUPS)}")
    since, until = _day(request, "from", zone), _day(request, "to", zone)
    begin, end = since and since[0], until and until[1]
    return to_json(await read(request, lambda session: survey.results(session, by, begin, end)))


def _day(request: web.Request, key: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    given = request.query.get(key)
    if given is None:
        return None
    try:
        return bounds(date.fromisoformat(given), zone)
    except (ValueError, OverflowError):
        raise web.HTTPBadRequest(text=f"{key}: write a day as 2026-11-30") from None


ROUTES = [web.get("/api/survey", _results)]
