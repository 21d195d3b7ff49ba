"""`ivr asterisks`: how each Asterisk stands behind Kamailio; `drain` and `take` say which are given new calls."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from asterisk_conf import kamailio
from asterisk_conf.render import Proxy
from asterisk_conf.tree import TreeError
from ivr.cli.installation import secret
from ivr.cli.output import common, emit
from ivr.problem import Problem
from ivr.settings import Settings, load
from ivr.store import controllers
from ivr.store.database import Database

COLUMNS = ["asterisk", "sip", "state", "calls", "controllers"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr asterisks show"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    there = commands.add_parser("show", help="how each stands, and how many calls it has")
    about = "One that is drained keeps its calls and is given no new ones: when it has none left, it may be stopped."
    common(there, f"Example: ivr asterisks show\n\n{about}")
    there.set_defaults(run=show)
    for name, line in (("drain", "it is given no more calls"), ("take", "it is given calls again")):
        one = commands.add_parser(name, help=line)
        common(one, f"Example: ivr asterisks {name} asterisk-2")
        one.add_argument("name", metavar="NAME", help="as `ivr asterisks show` calls it")
        one.set_defaults(run=change, drained=name == "drain")


def addresses(settings: Settings) -> dict[str, str]:
    """Where Kamailio reaches each, by its name."""
    names = settings.asterisk_names
    return {name: f"{settings.sip.listen}:{settings.ports_of(number).sip}" for number, name in enumerate(names, 1)}


def kamailio_folder(settings: Settings) -> Path:
    return settings.data.resolve() / "kamailio"


def proxy(settings: Settings) -> Proxy:
    return Proxy(settings.sip.listen, settings.ports.sip, secret(settings, "trunk"))


def show(args: argparse.Namespace) -> int:
    """Raises Problem with the reason."""
    settings = load(args.data)
    with Database(settings.database_url).read() as session:
        alive = controllers.alive(session, datetime.now(UTC))
    states = _states(settings) if settings.proxied else {}
    rows = []
    for name, address in addresses(settings).items():
        own = [one for one in alive if one.asterisk == name]
        row = {"asterisk": name, "sip": address, "state": states.get(address, "gone") if settings.proxied else ""}
        rows.append(row | {"calls": sum(one.calls for one in own), "controllers": " ".join(one.id for one in own)})
    emit(args, rows, COLUMNS)
    return 0


def change(args: argparse.Namespace) -> int:
    """Raises Problem with the reason."""
    settings = load(args.data)
    there = addresses(settings)
    if not settings.proxied:
        raise Problem("there is one Asterisk: asterisks.count says how many")
    if args.name not in there:
        raise Problem(f"there is no {args.name} (`ivr asterisks show` lists them)")
    if args.drained:
        others = [at for at, state in _states(settings).items() if state == "active" and at != there[args.name]]
        if not others:
            raise Problem("no other Asterisk is given calls: they would have nowhere to go")
    try:
        kamailio.set_state(_kamailio(), kamailio_folder(settings), there[args.name], drained=args.drained)
    except kamailio.KamailioError as error:
        raise Problem(str(error)) from None
    return 0


def _states(settings: Settings) -> dict[str, kamailio.State]:
    try:
        return kamailio.states(_kamailio(), kamailio_folder(settings))
    except kamailio.KamailioError as error:
        raise Problem(str(error)) from None


def _kamailio() -> kamailio.Kamailio:
    try:
        return kamailio.ensure(lambda line: print(line, file=sys.stderr))
    except TreeError as error:
        raise Problem(str(error)) from None
