"""`ivr samples`: recordings drawn to be listened to."""

import argparse
import getpass
from typing import Any
from zoneinfo import ZoneInfo

from ivr.cli import criteria
from ivr.cli.installation import secret
from ivr.cli.output import common, emit, show
from ivr.settings import load
from ivr.store.database import Database
from recordings import catalogue, samples
from recordings.drawing import Plan, draw
from recordings.strata import NAMES

COLUMNS = ["name", "drawn_at", "drawn_by", "there", "drawn", "reviewed", "open", "gone"]
ITEM = ["place", "id", "state", "reviewed_by", "queue", "language", "seconds", "deleted_on", "days_kept"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr samples list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    drawing = commands.add_parser("draw", help="draw one; no recording is ever in two samples")
    drawing.add_argument("name", metavar="NAME")
    amount = drawing.add_mutually_exclusive_group(required=True)
    amount.add_argument("--size", type=int, metavar="NUMBER", help="of recordings")
    amount.add_argument("--share", type=float, metavar="SHARE", help="of what is there: 0.05 are five of a hundred")
    drawing.add_argument("--by", default="", metavar="CRITERION,…", help=f"strata, by any of {', '.join(NAMES)}")
    drawing.add_argument("--equal", action="store_true", help="as many of each stratum, not in proportion")
    drawing.add_argument("--seed", type=int, help="draw what this seed drew of the same recordings (by chance)")
    drawing.add_argument("--messages", action="store_true", help="messages, too, not conversations alone")
    criteria.arguments(drawing)
    common(
        drawing,
        "Example: ivr samples draw q1-2027 --size 400 --by queue,language --from 2027-01-01 --to 2027-03-31",
    )
    drawing.set_defaults(run=_draw)
    listing = commands.add_parser("list", help="the newest first, and how far each is")
    common(listing, "Example: ivr samples list")
    listing.set_defaults(run=_list)
    one = commands.add_parser("show", help="a sample's strata, and what its size gives")
    one.add_argument("name", metavar="NAME")
    common(one, "Example: ivr samples show q1-2027")
    one.set_defaults(run=_show)
    items = commands.add_parser("items", help="its recordings, in the order to hear them")
    items.add_argument("name", metavar="NAME")
    criteria.pages(items)
    common(items, "Example: ivr samples items q1-2027")
    items.set_defaults(run=_items)


def _draw(args: argparse.Namespace) -> int:
    settings = load(args.data)
    wanted: dict[str, Any] = {} if args.seed is None else {"seed": args.seed}
    plan = Plan(
        name=args.name,
        size=args.size,
        share=args.share,
        by=[name.strip() for name in args.by.split(",")] if args.by else [],
        equal=args.equal,
        messages=args.messages,
        criteria=criteria.given(args),
        **wanted,
    )
    database = Database(settings.database_url)
    with database.read() as session:  # where nothing was started yet, it is said before a secret is made
        samples.listed(session)
    zone, key = ZoneInfo(settings.recordings.timezone), secret(settings, "pseudonyms")
    draw(database, plan, zone=zone, key=key, veiled=False, user=f"{getpass.getuser()} (command line)")
    return _show(args)


def _list(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        emit(args, samples.listed(session), COLUMNS)
    return 0


def _show(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        sample = samples.show(session, args.name)
    if args.json:
        show(args, sample)
        return 0
    strata = sample.pop("strata")
    show(args, sample)
    by = sample["by"]
    columns = ["there", "drawn", "low", "high", "reviewed", "reviewed_low", "reviewed_high"]
    rows = [dict(zip(by, one["values"], strict=True)) | {name: one[name] for name in columns} for one in strata]
    print("\nOf each stratum; a share of one half in it lies, with 95 % confidence, from low to high in the whole;")
    print("from reviewed_low to reviewed_high by those alone that were reviewed.")
    emit(args, rows, [*by, *columns])
    if sample["drawn"] == sample["there"]:
        print(f"These are all {sample['there']} there are.")
    return 0


def _items(args: argparse.Namespace) -> int:
    settings = load(args.data)
    zone, limit = ZoneInfo(settings.recordings.timezone), catalogue.page_size(args.limit)
    with Database(settings.database_url).read() as session:
        page = samples.items(session, args.name, limit=limit, after=args.after, operator=str, zone=zone)
    rows = page["items"]
    if not args.json:
        none = dict.fromkeys(("queue", "language", "seconds"))
        rows = [(one["recording"] or none) | one for one in rows]
    emit(args, rows, ITEM)
    criteria.more(page["next"])
    return 0
