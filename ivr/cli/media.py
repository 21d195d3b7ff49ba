"""`ivr media`: sounds and recordings where Asterisk is, for controllers on other machines (started by `ivr up`).

With such controllers the sweep of the spool and the nightly purge are done here, whichever controller leads.
"""

import argparse
import asyncio
import logging
import time
from pathlib import Path

from asterisk_conf.render import ARI_USER
from ivr import logs
from ivr.ari.ami import Ami
from ivr.cli.installation import library as open_library
from ivr.cli.installation import link_key, secret
from ivr.cli.output import common
from ivr.cli.recording import open_nightly, open_tape
from ivr.ending import told_to_end
from ivr.link.server import Server
from ivr.media.near import Near
from ivr.periodic import every
from ivr.problem import Problem
from ivr.publishing import versions
from ivr.settings import Settings, load
from ivr.store.database import Database

log = logging.getLogger(__name__)
SWEEP = 30.0


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr media --data /srv/numero-nero")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logs.start("media")
    settings = load(args.data)
    if settings.machines.asterisk or not settings.machines.listen:
        raise Problem("this is for the machine with Asterisk, when others have controllers: set machines.listen there")
    asyncio.run(serve(settings))
    return 0


async def serve(settings: Settings) -> None:
    stop = told_to_end()
    database = Database(settings.database_url, migrated=True)
    library, ami = open_library(settings), Ami(settings.ports.ami, ARI_USER, secret(settings, "asterisk"))
    tape, nightly = open_tape(settings, database, ami.action), open_nightly(settings, database)

    def flows(number: int) -> Path:
        if number not in versions.on_disk(settings.flow_versions):
            versions.load(database, number, settings.flow_versions, library.of)
        return settings.flow_versions / str(number)

    await library.open()
    server = Server(link_key(settings), lambda: {"asterisk": ami.up})
    Near(library, tape, flows).answer(server)
    address = await server.listen([settings.ports.media], settings.machines.listen)
    log.info("media", extra={"address": address})
    loops = [
        asyncio.create_task(ami.connect()),
        asyncio.create_task(every(SWEEP, tape.sweep)),
        asyncio.create_task(every(SWEEP, lambda: asyncio.to_thread(nightly.look))),
        asyncio.create_task(every(SWEEP, lambda: asyncio.to_thread(library.sweep, time.time()))),
    ]
    await stop.wait()
    nightly.close()
    for loop in loops:
        loop.cancel()
    await server.close()
    tape.close()
    ami.close()
    await library.close()
