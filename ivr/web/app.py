"""The aiohttp application: the guard before everything, then one module of `pages` a noun."""

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp_session
from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage

from ivr.control_room.lines import Lines
from ivr.link.key import Key
from ivr.prompts.library import Library
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.web import answers
from ivr.web.board import Board
from ivr.web.copies import Copies
from ivr.web.desk import Watch
from ivr.web.guard import KNOWN, SCRAPER, THROTTLE, guard
from ivr.web.openid import Provider
from ivr.web.pages import (
    board,
    calls,
    commands,
    desk,
    desk_phone,
    evaluations,
    flows,
    health,
    language,
    metrics,
    operators,
    originals,
    queues,
    recordings,
    retention,
    review,
    samples,
    signing_in,
    simulations,
    survey,
    ticket,
    ticket_changes,
    tickets,
    versions,
)
from ivr.web.pages.versions import Tests
from ivr.web.shelf import Shelves
from ivr.web.simulations import Simulations
from ivr.web.throttle import Throttle
from ivr.web.v1 import api as v1
from ivr.web.v1.answering import HOUSE
from ivr.web.v1.asker import House
from ivr.web.v1.door import OPERATIONS
from recordings.vault import Vault


def make_app(
    settings: Settings,
    database: Database,
    vault: Vault,
    session_key: bytes,
    phone_secret: str,
    link_token: Key | str,
    pseudonyms: str,
    callers: str,
    library: Library,
    tests: Tests,
    openid: Provider | None = None,
    webhook: str = "",
    scraper: str = "",
) -> web.Application:
    """`session_key`: 32 bytes that encrypt the session cookies. `phone_secret`: what the phones' passwords are derived
    from. `link_token`: what controllers let us in with. `pseudonyms`: the key of what reviewers call operators.
    `callers`: the key of the pseudonyms of callers' numbers.
    `library`: the prompts of the designers' folder, whose `tests` are run before it is published.
    `openid`: where people sign in, too. `webhook`: what the ticketing system signs its messages with.
    `scraper`: what Prometheus shows at `/metrics`."""
    storage = EncryptedCookieStorage(
        session_key,
        cookie_name="ivr",
        samesite="Strict",
        httponly=True,
        secure=settings.web.address.startswith("https:"),
        max_age=int(settings.web.session),
    )
    app = web.Application(middlewares=[aiohttp_session.session_middleware(storage), guard])
    app[answers.DATABASE], app[answers.SETTINGS], app[THROTTLE], app[KNOWN] = database, settings, Throttle(), {}
    app[answers.VAULT], app[ticket_changes.WEBHOOK], app[SCRAPER] = vault, webhook, scraper
    if openid:
        app[signing_in.OPENID] = openid
    app[desk_phone.PHONE_SECRET], app[desk.WATCH], app[answers.CLOSING] = phone_secret, Watch(database), asyncio.Event()
    app[recordings.PSEUDONYMS], app[OPERATIONS] = pseudonyms, v1.BY_ROUTE
    app[HOUSE] = House(
        ZoneInfo(settings.recordings.timezone),
        callers,
        pseudonyms,
        settings.tickets.backend,
        settings.tickets.terms(),
        settings.tickets.policy(callers),
    )
    lines = app[answers.LINES] = Lines(database, link_token)
    app[board.BOARD] = Board(database, lines, ZoneInfo(settings.recordings.timezone), settings.tickets.alarm_after)
    app[review.COPIES] = Copies(database)
    app.on_shutdown.append(_closing)
    app[answers.TEMPLATES] = answers.templates(settings)
    app[flows.SHELVES] = Shelves(settings.flows.folder, database, settings.flow_versions, library, settings.http.hosts)
    app[simulations.SIMULATIONS], app[versions.LIBRARY], app[versions.TESTS] = Simulations(), library, tests
    app.router.add_static("/static", Path(__file__).parent / "static")
    nouns = (
        signing_in,
        language,
        board,
        calls,
        commands,
        tickets,
        ticket,
        ticket_changes,
        recordings,
        originals,
        retention,
        samples,
        review,
        evaluations,
        flows,
        simulations,
        versions,
        desk,
        desk_phone,
        operators,
        queues,
        survey,
        metrics,
        health,
        v1,
    )
    for noun in nouns:
        app.add_routes(noun.ROUTES)
    return app


async def _closing(app: web.Application) -> None:
    await app[answers.LINES].close()
    app[answers.CLOSING].set()
