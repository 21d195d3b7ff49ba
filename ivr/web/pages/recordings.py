"""The catalogue of recordings, and listening to one; each search and each listening is audited."""

from dataclasses import asdict
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.web.access import SEE_CODES
from ivr.web.answers import SETTINGS, VAULT, page, read, to_json, write
from ivr.web.audio import sound
from recordings import catalogue
from recordings.catalogue import Found
from recordings.criteria import CriterionError, conditions
from recordings.pseudonyms import Naming

PSEUDONYMS = web.AppKey("pseudonyms", str)  # the key of the operators' pseudonyms


def naming(request: web.Request, session: Session) -> Naming:
    return Naming(session, request.app[PSEUDONYMS], veiled=request["role"] not in SEE_CODES)


def _newest(session: Session) -> list[Found]:
    return catalogue.find(session, limit=100).rows


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
        raise web.HTTPBadRequest(text=str(error)) from None
    if not after:  # its later pages are the same search
        told = " ".join(f"{name}={text}" for name, texts in given.items() for text in texts)
        await write(request, lambda session: audit.write(session, request["user"], "search-recordings", detail=told))
    return to_json({"recordings": [asdict(one) for one in found.rows], "next": found.next})


async def _audio(request: web.Request) -> web.StreamResponse:
    def find(session: Session) -> catalogue.Entry:
        entry = catalogue.get(session, request.match_info["id"])
        audit.write(session, request["user"], "listen", entry.id)
        return entry

    try:
        entry = await write(request, find)
    except catalogue.CatalogueError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    if entry.purged:
        raise web.HTTPGone(text="this recording was deleted")
    vault = request.app[VAULT]
    return await sound(request, entry.id, entry.sha256, lambda session: vault.open(session, entry.id, entry.day))


ROUTES = [
    web.get("/recordings", page("recordings", _newest)),
    web.get("/recordings/{id}/audio", _audio),
    web.get("/api/recordings", _list),
]
