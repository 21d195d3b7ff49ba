"""The reviewers' page, `/review`: search, samples, and the anonymised copy of one recording, never its original.

A recording is opened (`POST /review/recordings/ID/openings`), which is in the audit once, and gives the number that its
sound is asked for with. 404: there is no such recording. 409: its anonymised copy is not made yet. 410: it was deleted.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store import audit, calls
from ivr.store.schema import AuditEntry, Evaluation, Recording
from ivr.web.answers import DATABASE, SETTINGS, VAULT, body, html, read, to_json, write
from ivr.web.audio import beside, sound
from ivr.web.copies import MOST, Copies
from ivr.web.guard import HEADERS
from ivr.web.marks import Mark, marks
from ivr.web.pages.recordings import naming
from ivr.web.refusals import told
from ivr.web.streams import stream
from recordings import catalogue, evaluations, review
from recordings.criteria import HELP, KINDS, TYPES, WEEKDAYS
from recordings.strata import BY

log = logging.getLogger(__name__)
LISTEN, PREPARE = "listen-anonymised", "prepare-anonymised"  # opened; or fetched beforehand, to be opened next
CHOICES = {"type": TYPES, "disposition": TYPES[:-1], "kind": KINDS, "weekday": WEEKDAYS}
COPIES = web.AppKey("copies", Copies)
POLICY = "Content-Security-Policy"


class _Opening(msgspec.Struct, forbid_unknown_fields=True):
    beforehand: bool = False


async def _page(request: web.Request) -> web.StreamResponse:
    nonce = secrets.token_urlsafe(16)  # wavesurfer puts its style into the page
    answer = html(
        request,
        "review",
        nonce=nonce,
        zone=request.app[SETTINGS].recordings.timezone,
        criteria=list(HELP),
        choices=CHOICES,
        strata=list(BY),
        marks=evaluations.CRITERIA,
        weights=request.app[SETTINGS].review.weights.model_dump(),
    )
    answer.headers[POLICY] = HEADERS[POLICY].replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'")
    return answer


async def _recording(request: web.Request) -> web.Response:
    """What is known of one, what happened in it, and what the one who asks has said of it."""
    id, weights = request.match_info["id"], request.app[SETTINGS].review.weights.model_dump()

    def look(session: Session) -> dict[str, Any]:
        row = review.row_of(session, id)
        [found] = catalogue.found(session, [row], naming(request, session).shown)
        copy = review.standing(session, id)
        covered = [Mark("covered", one.start, one.end, one.kind) for one in copy.covered]
        mine = session.get(Evaluation, (id, request["user"]))
        return {
            "recording": asdict(found),
            "copy": {"state": copy.state, "profile": copy.profile, "problem": copy.problem, "since": copy.since},
            "marks": [asdict(one) for one in sorted([*_marks(session, found), *covered], key=lambda one: one.start)],
            "evaluation": {"marks": evaluations.marks_of(mine), "comment": mine.comment} if mine else None,
            "weights": weights,
        }

    with refusals(request):
        return to_json(await read(request, look))


def _marks(session: Session, found: catalogue.Found) -> list[Mark]:
    if found.kind != "conversation":
        return []
    alike = select(Recording.id).where(Recording.call_id == found.call_id, Recording.kind == found.kind)
    ids = sorted(session.scalars(alike), key=_part)
    return marks(calls.journey(session, found.call_id), ids.index(found.id), len(ids))


def _part(recording_id: str) -> int:
    """The conversations of a call are numbered."""
    part = recording_id.rpartition("-")[2]
    return int(part) if part.isdecimal() else 0


async def _waveform(request: web.Request) -> web.Response:
    """`levels`: a list a channel, 0 to 255. `silences`: [start, end] in seconds."""
    id, database, vault = request.match_info["id"], request.app[DATABASE], request.app[VAULT]
    with refusals(request):
        row = await beside(lambda: review.waveform(database, vault, id))
    length = len(row.levels) // max(1, row.channels)
    levels = [list(row.levels[start : start + length]) for start in range(0, length * row.channels, length or 1)]
    return to_json({"seconds": row.seconds, "levels": levels, "silences": row.silences})


async def _open(request: web.Request) -> web.Response:
    """`{"beforehand": true}`: it is fetched to be opened next, and is not heard yet."""
    id, user = request.match_info["id"], request["user"]
    wish = await body(request, _Opening, empty=b"{}")
    action = PREPARE if wish.beforehand else LISTEN

    def note(session: Session) -> None:
        review.copy_of(session, id)
        audit.write(session, user, action, id)

    with refusals(request):
        await write(request, note)
    [entry] = await read(request, lambda s: audit.find(s, user=user, action=action, subject=id, limit=1))
    return to_json({"opening": entry.seq}, 201)


async def _audio(request: web.Request) -> web.StreamResponse:
    id, vault, opening = request.match_info["id"], request.app[VAULT], request.query.get("opening", "")
    oldest = datetime.now(UTC) - timedelta(seconds=request.app[SETTINGS].web.session)

    def check(session: Session) -> str:
        of = review.copy_of(session, id).created_at
        entry = session.get(AuditEntry, int(opening)) if opening.isascii() and opening.isdecimal() else None
        if (
            entry is None
            or (entry.user, entry.subject) != (request["user"], id)
            or entry.action not in (LISTEN, PREPARE)
            or entry.at < oldest
        ):
            raise web.HTTPForbidden(text="open the recording first, and give the number of the opening")
        return of.isoformat()

    with refusals(request):
        version = await read(request, check)
        return await sound(request, id, version, lambda session: review.open_copy(session, vault, id))


async def _events(request: web.Request) -> web.StreamResponse:
    """Of each `recording` of the query, which are pending: a stream of those, as a list of ids, that are so no more."""
    ids = set(request.query.getall("recording", []))
    if not ids or len(ids) > MOST:
        raise web.HTTPBadRequest(text=f"recording: name 1 to {MOST} that are pending")

    async def settled() -> list[str]:
        return sorted(ids - await read(request, lambda session: review.waiting(session, ids)))

    async with request.app[COPIES].of(ids) as changed:
        return await stream(request, changed, settled)


@contextmanager
def refusals(request: web.Request) -> Iterator[None]:
    try:
        yield
    except review.Pending as error:
        raise web.HTTPConflict(text=told(request, error)) from None
    except review.Deleted as error:
        raise web.HTTPGone(text=told(request, error)) from None
    except catalogue.CatalogueError as error:
        raise web.HTTPNotFound(text=told(request, error)) from None
    except Problem as error:
        log.error("a recording cannot be reviewed: %s", error)
        raise web.HTTPServiceUnavailable(text="the recording cannot be read now; the log says why") from None


ROUTES = [
    web.get("/review", _page),
    web.get("/review/events", _events),
    web.get("/review/recordings/{id}", _recording),
    web.get("/review/recordings/{id}/waveform", _waveform),
    web.post("/review/recordings/{id}/openings", _open),
    web.get("/review/recordings/{id}/audio", _audio),
]
