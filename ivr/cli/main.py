"""`ivr`: one program for everything."""

import argparse
import importlib
import sys
from collections.abc import Iterable

from ivr import __version__
from ivr.settings import SettingsError

# One module each in `ivr.cli`. A command's module is read only when it is called: all together cost seconds.
COMMANDS = (
    "up",
    "status",
    "call",
    "desk",
    "demo",
    "flow",
    "operators",
    "recordings",
    "tickets",
    "purge",
    "users",
    "asterisk",
    "controller",
    "web",
)


def parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="ivr", description="Numero Nero: an open telephony and IVR engine.", epilog="Example: ivr up"
    )
    top.add_argument("--version", action="version", version=f"Numero Nero {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        importlib.import_module(f"ivr.cli.{command}").add_parser(subparsers)
    return top


def main() -> None:
    called = [word for word in sys.argv[1:2] if word in COMMANDS]
    args = parser(called or COMMANDS).parse_args()
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
