"""The catalogue of recordings, and listening to one (each listening is audited)."""

from dataclasses import asdict
from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.web.answers import SETTINGS, api, page, write
from recordings import catalogue


def _recordings(session: Session) -> list[dict[str, Any]]:
    return [asdict(entry) for entry in catalogue.find(session, limit=100)]


async def _audio(request: web.Request) -> web.StreamResponse:
    def find(session: Session) -> catalogue.Entry:
        entry = catalogue.get(session, request.match_info["id"])
        audit.write(session, request["user"], "listen", entry.id)
        return entry

    try:
        entry = await write(request, find)
    except catalogue.CatalogueError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    path = request.app[SETTINGS].recordings_folder / entry.file
    if entry.purged or not path.exists():
        raise web.HTTPGone(text="this recording was deleted")
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


ROUTES = [
    web.get("/recordings", page("recordings", _recordings)),
    web.get("/recordings/{id}/audio", _audio),
    web.get("/api/recordings", api(_recordings)),
]
