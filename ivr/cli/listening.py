"""`ivr listening`: change the voices of live calls for the supervisors who listen to them (started by `ivr up`)."""

import argparse
import asyncio
import logging
import os

from ivr import logs
from ivr.cli.output import common
from ivr.ending import told_to_end
from ivr.settings import Settings, load

log = logging.getLogger(__name__)


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr listening --data /srv/numero-nero")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logs.start("listening")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    asyncio.run(listen(load(args.data)))
    return 0


async def listen(settings: Settings) -> None:
    from anonymizer.profiles import PROFILES, keeps_up
    from ivr.listening.server import Server  # large, and reads the environment

    stop = told_to_end()
    server = await Server(keeps_up(PROFILES[settings.recordings.profile])).serve("127.0.0.1", settings.ports.listening)
    log.info("listening", extra={"port": settings.ports.listening})
    await stop.wait()
    server.close()
