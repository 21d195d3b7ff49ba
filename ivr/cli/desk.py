"""`ivr desk`: a robot operator on a real SIP phone: registers, signs in, takes calls."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from asterisk_conf import tree
from ivr.calls import phones
from ivr.calls.dispositions import KEYS
from ivr.cli.installation import secret
from ivr.cli.output import common
from ivr.phone.phone import Account, Phone, PhoneError
from ivr.settings import Settings, load
from ivr.store import operators
from ivr.store.database import Database

CODES = {disposition: key for key, disposition in KEYS.items()}
KNOWN_WITHIN = 2.5  # seconds, each time
ATTEMPTS = 4
ANSWERED_WITHIN, HEARD_WITHIN = 10, 20  # seconds, of a service code


@dataclass(frozen=True)
class Manner:
    """How the robot works. Seconds; None for never. `calls`: 0 for as many as come."""

    answer_after: float | None = 1.0
    talk: Path | None = None
    hang_up_after: float | None = None
    disposition: str = "Q"  # "" for none
    calls: int = 0


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr desk 4271 --answer-after 2 --hang-up-after 10 --disposition Q --calls 1")
    parser.add_argument("code", metavar="CODE", help="the operator's personal code (see `ivr operators list`)")
    parser.add_argument("--answer-after", type=float, default=1.0, metavar="S", help="let it ring so long (1)")
    parser.add_argument("--talk", type=Path, metavar="FILE.wav", help="what the operator says (silence otherwise)")
    parser.add_argument("--hang-up-after", type=float, metavar="S", help="end each call after so long (never)")
    parser.add_argument(
        "--disposition", choices=[*sorted(CODES), "none"], default="Q", help="outcome given after a call (Q)"
    )
    parser.add_argument("--calls", type=int, default=0, metavar="N", help="end after so many calls (0: Ctrl-C ends)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.talk and not args.talk.is_file():
        print(f"ivr desk: --talk: {args.talk}: there is no such file", file=sys.stderr)
        return 2
    disposition = "" if args.disposition == "none" else args.disposition
    manner = Manner(args.answer_after, args.talk, args.hang_up_after, disposition, args.calls)

    def say(step: str) -> None:
        print(json.dumps({"step": step}) if args.json else step, flush=True)

    try:
        asyncio.run(desk(load(args.data), args.code, manner, say))
    except (PhoneError, tree.TreeError) as error:
        print(f"ivr desk: {error}", file=sys.stderr)
        return 1
    return 0


def account_of(settings: Settings, code: str) -> Account:
    """With which the operator's ordinary phone registers."""
    password = phones.password(secret(settings, "phones"), code)
    return Account(phones.account(code), settings.sip.listen, settings.ports.sip, password, register=True)


async def desk(settings: Settings, code: str, manner: Manner, say: Callable[[str], None]) -> None:
    """Sign in and take calls; cancelled or after `manner.calls` calls it signs out. Raises PhoneError."""
    phone_tree = await asyncio.to_thread(tree.ensure, say)
    database = Database(settings.database_url)
    account = account_of(settings, code)
    with tempfile.TemporaryDirectory(prefix="ivr-desk-") as folder:
        async with AsyncExitStack() as stack:
            for attempt in range(1, ATTEMPTS + 1):
                phone = Phone(phone_tree, account, folder=Path(folder) / str(attempt), talk=manner.talk)
                await stack.enter_async_context(phone)
                try:
                    await phone.registered(within=KNOWN_WITHIN)
                    break
                except PhoneError:
                    # An operator just added is known to Asterisk a second later; baresip would try again much later.
                    await stack.aclose()
                    if attempt == ATTEMPTS:
                        raise
            await _dial(phone, "*1", f",{code}#")
            say(f"operator {code} is signed in")
            try:
                taken = 0
                while not manner.calls or taken < manner.calls:
                    taken += await _take_call(phone, code, manner, database, say)
            finally:
                await _dial(phone, "*2")
                say(f"operator {code} is signed out")


async def _dial(phone: Phone, code: str, keys: str = "") -> None:
    """Dial a service code, press keys, and listen to the end. Raises PhoneError when it is not answered."""
    await phone.dial(code)
    try:
        if (await phone.wait_for("ESTABLISHED", "CLOSED", within=ANSWERED_WITHIN)).type == "ESTABLISHED":
            await phone.press(keys)
            await phone.wait_for("CLOSED", within=HEARD_WITHIN)
            return
    except TimeoutError:
        pass
    raise PhoneError(f"{code} was not answered to its end; is the controller up? (`ivr status`)")


async def _take_call(phone: Phone, code: str, manner: Manner, database: Database, say: Callable[[str], None]) -> int:
    """Wait for an offer and take it; 1 when a call was had, 0 when the offer went by."""
    await phone.wait_for("INCOMING", within=None)
    say("ringing")
    if manner.answer_after is None:
        await phone.wait_for("CLOSED", within=None)
        return 0
    await asyncio.sleep(manner.answer_after)
    await phone.answer()
    if (await phone.wait_for("ESTABLISHED", "CLOSED", within=10)).type == "CLOSED":
        say("the offer was withdrawn")
        return 0
    say("answered")
    begun = time.monotonic()
    try:
        # Either side may end it: the caller by hanging up (we are then asked for the disposition), or we.
        closed = asyncio.create_task(phone.wait_for("CLOSED", within=manner.hang_up_after))
        asked = asyncio.create_task(_when_asked(phone, code, CODES.get(manner.disposition, ""), database))
        await closed
        asked.cancel()
    except asyncio.CancelledError:  # who goes home in the midst of a call ends it first
        asked.cancel()
        await phone.hangup()
        with suppress(TimeoutError):
            await phone.wait_for("CLOSED", within=5)
        raise
    except TimeoutError:
        asked.cancel()
        await phone.hangup()
        await phone.wait_for("CLOSED", within=5)
        say("hung up")
        if manner.disposition:
            await _dial(phone, f"*3{CODES[manner.disposition]}")
    say(f"call of {time.monotonic() - begun:.1f} s, disposition {manner.disposition or 'none'}")
    return 1


async def _when_asked(phone: Phone, code: str, key: str, database: Database) -> None:
    """When the caller has left, a person hears the question for the disposition; the robot sees it in the store."""

    def presence() -> str:
        with database.read() as session:
            return next((row.state for row in operators.presences(session) if row.code == code), "")

    while await asyncio.to_thread(presence) != "wrap-up":  # noqa: ASYNC110 it is another process's event
        await asyncio.sleep(0.3)
    if key:
        await phone.press(f",{key}")
