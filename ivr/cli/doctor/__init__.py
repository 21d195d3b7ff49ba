"""`ivr doctor`: is this installation sound, and how is what is not put right."""

import argparse
from dataclasses import asdict

from ivr.cli.output import common, emit
from ivr.settings import load

EXAMPLE = """Example: ivr doctor --json

It changes nothing, and needs nothing to run: what only a running installation can tell is then unknown.
Exit status 1: a problem was found."""


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, EXAMPLE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    # What they use takes long to import.
    from ivr.cli.doctor import asterisk, files, kamailio, machine, ports, sound, store
    from ivr.cli.doctor.finding import findings

    checks = (
        machine.python, machine.packages, machine.clock, machine.files, machine.disk,
        files.folder, files.secrets, files.certificates,
        store.database, store.recordings, store.tickets, store.alarms,
        asterisk.fetched, asterisk.running, kamailio.before_several, ports.ports,
        sound.voices, sound.recogniser,
    )  # fmt: skip
    found = [*findings(checks, load(args.data))]
    if args.json:
        emit(args, [asdict(one) for one in found], [])
    else:
        for one in found:
            print(f"{one.state:<8} {one.check:<18} {one.found}")
            if one.mend:
                print(f"{'':27}-> {one.mend}")
    return 1 if any(one.state == "problem" for one in found) else 0
