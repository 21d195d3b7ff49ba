"""`ivr watch`: look at everything from outside, and tell people what they must see to (started by `ivr up`).

A process of its own: it tells of each of the others, `ivr up` among them, which starts it again when it ends.
"""

import argparse
import asyncio
import contextlib
import logging
import socket
from functools import partial

from ivr import logs
from ivr.cli.installation import is_alive, link_key, read_note, secret
from ivr.cli.output import common
from ivr.cli.vault import needed_secret
from ivr.ending import told_to_end
from ivr.link.server import Server
from ivr.settings import Settings, load
from ivr.store.database import Database
from ivr.watching.alarms import Rules
from ivr.watching.book import Letter, Way
from ivr.watching.eyes import Eyes
from ivr.watching.telling import call_webhook, message, send_mail
from ivr.watching.watch import Tell, Watch, Ways

log = logging.getLogger(__name__)


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr watch --data /srv/numero-nero")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logs.start("watch")
    asyncio.run(_watch(load(args.data)))
    return 0


async def _watch(settings: Settings) -> None:
    stop = told_to_end()
    database = Database(settings.database_url, migrated=True)
    eyes = Eyes(settings, database, secret(settings, "asterisk"), partial(_is_up, settings), link_key(settings))
    server = Server(secret(settings, "link"), lambda: eyes.ready or {"calls": False})
    try:
        await server.listen([settings.ports.health])
    except OSError:
        log.error("port %d (ports.health) is taken: nobody can ask for /readyz there", settings.ports.health)
    given = settings.alarms
    rules = Rules(given.after, given.over_after, given.repeat * 3600)
    watching = asyncio.create_task(Watch(settings.data, eyes.look, ways(settings), rules).run())
    await stop.wait()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    await server.close()


def ways(settings: Settings) -> Ways:
    """How people are told, as the settings say. Secrets are read when one is told: a missing one costs that way alone,
    and is a Problem then."""
    house, mail, webhook = socket.gethostname(), settings.alarms.mail, settings.alarms.webhook

    async def by_mail(letter: Letter) -> None:
        password = needed_secret(settings, "mail-password") if mail.user else ""
        await send_mail(mail, password, message(house, mail, letter))

    async def by_webhook(letter: Letter) -> None:
        await call_webhook(webhook, needed_secret(settings, "alarms-webhook"), house, letter)

    found: dict[Way, Tell] = {"mail": by_mail} if mail.server else {}
    return found | ({"webhook": by_webhook} if webhook else {})


def _is_up(settings: Settings) -> bool | None:
    noted = read_note(settings)
    return None if noted is None else is_alive(noted.up)
