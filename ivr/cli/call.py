"""`ivr call`: a real SIP caller with audio both ways, for whoever has no phone at hand."""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from asterisk_conf import tree
from ivr.cli.output import common
from ivr.phone.phone import Account, Phone, PhoneError
from ivr.settings import Settings, load


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr call +390600000001 --from +390471123456 --press ,,,,1,,,1 --for 30 --save heard.wav")
    parser.add_argument("number", metavar="NUMBER", help="the number to call")
    parser.add_argument("--from", dest="caller", default="+390612345678", metavar="N", help="our own; or `anonymous`")
    parser.add_argument("--press", default="", metavar="KEYS", help="keys 0-9*# to press; a comma waits one second")
    parser.add_argument("--talk", type=Path, metavar="FILE.wav", help="what we say (silence otherwise)")
    parser.add_argument(
        "--for", dest="seconds", type=float, default=120.0, metavar="SECONDS", help="hang up then (120)"
    )
    parser.add_argument("--save", type=Path, metavar="FILE.wav", help="keep what we heard")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if bad := set(args.press) - set("0123456789*#,"):
        print(f"ivr call: --press takes 0-9, *, # and ',', not {' '.join(sorted(bad))}", file=sys.stderr)
        return 2
    if args.talk and not args.talk.is_file():
        print(f"ivr call: --talk: {args.talk}: there is no such file", file=sys.stderr)
        return 2
    settings = load(args.data)
    try:
        result = asyncio.run(
            call(settings, args.number, args.caller, args.press, args.talk, args.seconds, args.save, _quiet(args.json))
        )
    except (PhoneError, tree.TreeError) as error:
        print(f"ivr call: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(result))
    return 0 if result["answered"] else 1


def _quiet(json_wanted: bool) -> Any:
    return (lambda _: None) if json_wanted else (lambda line: print(line, flush=True))


async def call(
    settings: Settings,
    number: str,
    caller: str,
    keys: str,
    talk: Path | None,
    seconds: float,
    save: Path | None,
    say: Any = lambda _: None,
) -> dict[str, Any]:
    """One call; returns {answered, seconds, ended_by, reason, heard}. Raises PhoneError when no phone can be had."""
    phone_tree = await asyncio.to_thread(tree.ensure, say)
    account = Account(user=caller, host=settings.sip.listen, port=settings.ports.sip)
    with tempfile.TemporaryDirectory(prefix="ivr-call-") as folder:
        async with Phone(phone_tree, account, folder=Path(folder), talk=talk) as phone:
            say(f"calling {number}")
            await phone.dial(number)
            first = await phone.wait_for("ESTABLISHED", "CLOSED", within=30)
            if first.type == "CLOSED":
                say(f"not answered: {first.reason}")
                return {"answered": False, "seconds": 0.0, "ended_by": "them", "reason": first.reason, "heard": None}
            say("answered")
            begun = time.monotonic()
            pressing = asyncio.create_task(phone.press(keys))
            ended_by, reason = "them", ""
            try:
                closed = await phone.wait_for("CLOSED", within=seconds)
                reason = closed.reason
                say("they hung up")
            except TimeoutError:
                ended_by = "us"
                await phone.hangup()
                say("we hung up")
            pressing.cancel()
            lasted = round(time.monotonic() - begun, 1)
        if save:
            shutil.copyfile(phone.heard, save)
            say(f"what was heard is in {save}")
    heard = str(save) if save else None
    return {"answered": True, "seconds": lasted, "ended_by": ended_by, "reason": reason, "heard": heard}
