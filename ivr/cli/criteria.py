"""What recordings are searched and sampled by, and page by page, as options of a command."""

import argparse
import sys
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from ivr.cli.installation import secret
from ivr.settings import Settings
from recordings.catalogue import MOST
from recordings.criteria import HELP
from recordings.criteria import conditions as read
from recordings.pseudonyms import Naming


def arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "which recordings", "given several times: any of the values (survey: all of them)"
    )
    for name, line in HELP.items():
        group.add_argument(f"--{name}", dest=f"of_{name}", action="append", default=[], metavar=name.upper(), help=line)


def pages(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", default="50", help=f"{MOST} at most (50)")
    parser.add_argument("--after", default="", metavar="TOKEN", help="go on after a page, with what it said")


def more(token: str | None) -> None:
    """Beside the listing, which programs read."""
    if token:
        print(f"ivr: there are more: --after {token}", file=sys.stderr)


def given(args: argparse.Namespace) -> dict[str, list[str]]:
    return {name: texts for name in HELP if (texts := getattr(args, f"of_{name}"))}


def conditions(args: argparse.Namespace, settings: Settings, session: Session) -> list[ColumnElement[bool]]:
    """Who has the command line knows codes. The secret is made when it is needed, not where nothing was started yet."""
    key = secret(settings, "pseudonyms") if args.of_operator else ""
    return read(given(args), ZoneInfo(settings.recordings.timezone), Naming(session, key, veiled=False).meant)
