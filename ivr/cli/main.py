"""`ivr`: one program for everything. Only the module of the sub-command that was asked for is imported."""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from ivr import __version__
from ivr.cli.owner import become_owner
from ivr.problem import Problem

# Sub-command → its line in the help. `ivr/cli/NAME.py` has `arguments(parser)`, which also says what to run.
COMMANDS = {
    "up": "start everything; Ctrl-C stops it",
    "doctor": "is this installation sound, and how to put right what is not",
    "status": "is everything up, and what is it doing",
    "call": "call a number as a citizen would, over real SIP",
    "desk": "a robot operator on a real SIP phone",
    "demo": "one whole call before your eyes",
    "flow": "check, draw, test and publish flows",
    "prompts": "what callers hear, as sound: make, list, hear, import",
    "operators": "who may take calls",
    "queues": "who waits for an operator, and for how long; move a waiting call",
    "callbacks": "who has asked to be called back",
    "survey": "what callers answered, by operator, queue, language or reason",
    "recordings": "recorded conversations",
    "originals": "who asked to hear a recording's original, and who approved",
    "anonymize": "another voice for the same words, and no keys: WAV in, WAV out",
    "samples": "recordings drawn to be listened to",
    "keys": "the keys that wrap the recordings' own: list, change, remove",
    "tickets": "the tickets that calls have made",
    "report": "what is reported to the buyer: a month's tickets and what they come to",
    "purge": "delete the recordings whose time is over",
    "audit": "who did what, and whether the log of it is whole",
    "export": "everything of some days, as Parquet or CSV with a data dictionary",
    "backup": "copy the database while calls go on",
    "restore": "bring a backup back; what was purged since stays purged",
    "holds": "what is kept for longer, and why",
    "users": "who may sign in to the pages and the API",
    "apikeys": "keys with which programs use the API",
    "alarms": "what is wrong now, and whether people would be told",
    "asterisk": "fetch Asterisk and the robot phone, if they are missing",
    "asterisks": "how each of several Asterisks stands; let one have no more calls",
    "controllers": "who carries calls, and whether each answers",
    "drain": "let a controller leave its calls to the others, and end",
    "invite": "write the file with which another machine gets a controller",
    "controller": "run one controller of calls (`ivr up` does it); with --join, on another machine",
    "deliver": "bring tickets to the backend (`ivr up` does it)",
    "anonymizer": "make the anonymised copies of recordings, one at a time (`ivr up` does it)",
    "watch": "look at everything, and tell people what is wrong (`ivr up` does it)",
    "traces": "send ended calls to an OpenTelemetry collector (`ivr up` does it)",
    "listening": "change the voices of live calls for supervisors (`ivr up` does it)",
    "media": "sounds and recordings for controllers on other machines (`ivr up` does it)",
    "web": "serve the pages and the API (`ivr up` does it)",
}


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Knows every sub-command by name, and `command` (None: each) with its arguments."""
    top = argparse.ArgumentParser(
        prog="ivr", description="Numero Nero: an open telephony and IVR engine.", epilog="Example: ivr up"
    )
    top.add_argument("--version", action="version", version=f"Numero Nero {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        one = subparsers.add_parser(name, help=line)
        if command in (name, None):
            import_module(f"ivr.cli.{name}").arguments(one)
    return top


def main() -> None:
    if len(sys.argv) == 1:
        parser("").print_help(sys.stderr)
        sys.exit(2)
    args = parser(sys.argv[1]).parse_args()
    if "data" in args:
        become_owner(args.data or Path(os.environ.get("NUMERO_NERO_DATA", "data")))
    try:
        sys.exit(args.run(args))
    except BrokenPipeError:  # `ivr … | head`
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Problem as error:
        print(f"ivr: {error}", file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
