"""The catalogue of recordings, and listening to the original of one; each search and each listening is audited."""

from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.web.access import SEE_CODES
from ivr.web.answers import SETTINGS, VAULT, html, read, to_json, write
from ivr.web.audio import sound
from ivr.web.refusals import told
from recordings import catalogue, originals
from recordings.catalogue import Found
from recordings.criteria import CriterionError, conditions
from recordings.pseudonyms import Naming

PSEUDONYMS = web.AppKey("pseudonyms", str)  # the key of the operators' pseudonyms


def naming(request: web.Request, session: Session) -> Naming:
    return Naming(session, request.app[PSEUDONYMS], veiled=request["role"] not in SEE_CODES)


def _hears_all(request: web.Request) -> bool:
    return request["role"] == "supervisor" and request.app[SETTINGS].recordings.supervisors_hear


async def _page(request: web.Request) -> web.StreamResponse:
    def look(session: Session) -> tuple[list[Found], set[str]]:
        rows = catalogue.find(session, limit=100).rows
        if _hears_all(request):
            return rows, {one.id for one in rows}
        return rows, originals.heard_by(session, request["user"], datetime.now(UTC))

    rows, heard = await read(request, look)
    return html(request, "recordings", data=rows, heard=heard)


async def _list(request: web.Request) -> web.Response:
    """The criteria of `recordings.criteria` by name, `limit` and `after`."""
    given = {name: request.query.getall(name) for name in request.query}
    after, limit = given.pop("after", [""])[-1], given.pop("limit", ["50"])[-1]
    zone = ZoneInfo(request.app[SETTINGS].recordings.timezone)

    def search(session: Session) -> catalogue.Page:
        names = naming(request, session)
        chosen = conditions(given, zone, names.meant)
        return catalogue.find(session, chosen, operator=names.shown, limit=catalogue.page_size(limit), after=after)

    try:
        found = await read(request, search)
    except CriterionError as error:
        raise web.HTTPBadRequest(text=told(request, error)) from None
    if not after:  # its later pages are the same search
        asked = " ".join(f"{name}={text}" for name, texts in given.items() for text in texts)
        await write(request, lambda session: audit.write(session, request["user"], "search-recordings", detail=asked))
    return to_json({"recordings": [asdict(one) for one in found.rows], "next": found.next})


async def _audio(request: web.Request) -> web.StreamResponse:
    """Of the original."""

    def find(session: Session) -> catalogue.Entry:
        entry, user, how = catalogue.get(session, request.match_info["id"]), request["user"], "by role"
        now = datetime.now(UTC)
        if entry.purged:
            raise web.HTTPGone(text="this recording was deleted")
        if not entry.original:
            raise web.HTTPGone(text=originals.DESTROYED)
        if not _hears_all(request):
            how = f"by request {originals.permission(session, entry.id, user, now).id}"
        originals.listens(session, entry.id, by=user, how=how, now=now)
        return entry

    try:
        entry = await write(request, find)
    except catalogue.CatalogueError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except originals.Refusal as error:
        request["why"] = "original"
        raise web.HTTPForbidden(text=str(error)) from None
    vault = request.app[VAULT]
    return await sound(request, entry.id, entry.sha256, lambda session: vault.open(session, entry.id, entry.day))


ROUTES = [
    web.get("/recordings", _page),
    web.get("/recordings/{id}/audio", _audio),
    web.get("/api/recordings", _list),
]
