"""What the next nights delete, what is held, how the last purges went: `/retention`, and `GET /api/retention`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.web.answers import SETTINGS, html, read, to_json
from recordings.outlook import Outlook, outlook

HOLD = ("id", "call_id", "recording_id", "until", "reason", "added_by", "added_at")
RUN = ("by", "as_of", "started_at", "ended_at", "deleted", "failed", "held", "pseudonyms", "findings")


async def _seen(request: web.Request) -> Outlook:
    rules = request.app[SETTINGS].recordings

    def look(session: Session) -> Outlook:
        return outlook(session, datetime.now(UTC), rules.purge_at, ZoneInfo(rules.timezone), rules.keep_days)

    return await read(request, look)


async def _page(request: web.Request) -> web.StreamResponse:
    return html(request, "retention", seen=await _seen(request))


async def _api(request: web.Request) -> web.StreamResponse:
    seen = await _seen(request)
    return to_json(
        {
            "overdue": seen.overdue,
            "nights": [vars(night) for night in seen.nights],
            "holds": [{name: getattr(hold, name) for name in HOLD} for hold in seen.holds],
            "runs": [{name: getattr(run, name) for name in RUN} for run in seen.runs],
        }
    )


ROUTES = [web.get("/retention", _page), web.get("/api/retention", _api)]
