"""Serves the application until SIGTERM."""

import asyncio
import signal

from aiohttp import web

from ivr.prompts.library import Library
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.web.app import make_app
from ivr.web.openid import Provider
from ivr.web.pages.versions import Tests
from recordings.vault import Vault


async def serve(
    settings: Settings,
    vault: Vault,
    session_key: bytes,
    phone_secret: str,
    link_token: str,
    pseudonyms: str,
    library: Library,
    tests: Tests,
    openid: Provider | None,
) -> None:
    database = Database(settings.database_url)
    app = make_app(settings, database, vault, session_key, phone_secret, link_token, pseudonyms, library, tests, openid)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.web.listen, settings.ports.web).start()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()
