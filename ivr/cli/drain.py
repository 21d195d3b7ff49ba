"""`ivr drain`: a controller takes no more calls, leaves those that it has to the others, and ends."""

import argparse
import asyncio
from datetime import UTC, datetime

from ivr.calls.takeover import Drain
from ivr.cli.installation import link_key
from ivr.cli.output import common
from ivr.link.client import Client
from ivr.link.key import Key
from ivr.link.messages import LinkError, Refused
from ivr.problem import Problem
from ivr.settings import load
from ivr.store import controllers
from ivr.store.database import Database

WITHIN = 10.0


def arguments(parser: argparse.ArgumentParser) -> None:
    about = (
        "Its calls go on, a prompt from its beginning. One that `ivr up` has started is started anew: so a new version"
    )
    common(parser, f"Example: ivr drain controller-1\n\n{about} is rolled out one by one.")
    parser.add_argument("id", metavar="ID", help="its name (`ivr controllers`)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Raises Problem with the reason."""
    settings = load(args.data)
    with Database(settings.database_url).read() as session:
        there = {one.id: one.address for one in controllers.alive(session, datetime.now(UTC))}
    if args.id not in there:
        raise Problem(f"there is no controller {args.id} (`ivr controllers` lists them)")
    try:
        asyncio.run(_drain(there[args.id], link_key(settings)))
    except (Refused, LinkError) as error:
        raise Problem(str(error)) from None
    return 0


async def _drain(address: str, key: Key) -> None:
    async with Client(address, key) as client:
        await client.ask(Drain(), within=WITHIN)
