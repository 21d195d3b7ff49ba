"""`ivr`: one program for everything."""

import argparse
import sys
from types import ModuleType

from ivr import __version__
from ivr.cli import (
    asterisk,
    call,
    controller,
    demo,
    desk,
    flow,
    operators,
    purge,
    recordings,
    status,
    tickets,
    up,
    users,
    web,
)
from ivr.settings import SettingsError

COMMANDS: tuple[ModuleType, ...] = (
    up,
    status,
    call,
    desk,
    demo,
    flow,
    operators,
    recordings,
    tickets,
    purge,
    users,
    asterisk,
    controller,
    web,
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="ivr", description="Numero Nero: an open telephony and IVR engine.", epilog="Example: ivr up"
    )
    top.add_argument("--version", action="version", version=f"Numero Nero {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return top


def main() -> None:
    args = parser().parse_args()
    try:
        sys.exit(args.run(args))
    except SettingsError as error:
        print(f"ivr: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # `ivr … | head`
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
