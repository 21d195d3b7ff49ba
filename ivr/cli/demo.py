"""`ivr demo`: one whole call before your eyes, on the installation that is running.

A robot operator signs in, a robot citizen calls; each step is printed as the controller writes it to the journey;
then the ticket and the recording are shown. Both talk over real SIP.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ivr.cli.call import call
from ivr.cli.desk import Manner, desk
from ivr.cli.installation import library as open_library
from ivr.cli.output import common
from ivr.cli.status import status
from ivr.flow import calendars
from ivr.flow.loader import FlowErrors
from ivr.phone.phone import PhoneError
from ivr.prompts import audio
from ivr.prompts.recipe import Recipe
from ivr.publishing import versions
from ivr.settings import Settings, load
from ivr.store import calls, flow_versions, operators
from ivr.store.database import Database
from ivr.tickets import embedded
from recordings import catalogue

LINE, REHEARSAL = "+390600000001", "+390600000009"
OPERATOR = "9001"
REASONS = ",,,,1" + 9 * "," + "1,2"  # Italian, payments, an operator
SURVEY = 24 * "," + "5,,,,,5,,,,,4,,,,,4,,,,,5"
# They say it again and again: nobody knows when the conversation begins.
PAUSE, SAID = 1, 20
SPEECHES = {
    "citizen": "Buongiorno, vorrei sapere se il mio pagamento è arrivato. L'ho fatto la settimana scorsa.",
    "operator": "Buongiorno. Verifico subito. Il suo pagamento risulta registrato. Posso aiutarla in altro?",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr demo")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load(args.data)
    if not status(settings)["ready"]:
        print("ivr demo: nothing runs here; start it first with `make run` (or `ivr up`)", file=sys.stderr)
        return 1
    begun = time.monotonic()

    def say(who: str, step: str) -> None:
        at = round(time.monotonic() - begun, 1)
        print(json.dumps({"at": at, "who": who, "step": step}) if args.json else f"{at:6.1f} s  {who:<9} {step}")
        sys.stdout.flush()

    try:
        return asyncio.run(demo(settings, say))
    except (PhoneError, FlowErrors) as error:
        print(f"ivr demo: {error}", file=sys.stderr)
        return 1


async def demo(settings: Settings, say: Callable[[str, str], None]) -> int:
    database = Database(settings.database_url)
    number, keys = _line(settings, database, say)
    _ensure_operator(database)
    since = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="ivr-demo-") as folder:
        speech = {}
        for who, text in SPEECHES.items():
            speech[who] = Path(folder) / f"{who}.wav"
            said = np.append(Recipe().synthesise(text, "it"), np.zeros(PAUSE * audio.RATE, np.float32))
            audio.write(speech[who], np.tile(said, SAID))
        signed_in = asyncio.Event()

        def operator_says(step: str) -> None:
            say("operator", step)
            signed_in.set()

        manner = Manner(answer_after=2, talk=speech["operator"], hang_up_after=12, disposition="Q", calls=1)
        operator = asyncio.create_task(desk(settings, OPERATOR, manner, operator_says))
        waiting = asyncio.create_task(signed_in.wait())
        await asyncio.wait({operator, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if operator.done():
            operator.result()
        journey = asyncio.create_task(_follow(database, since, say))
        await call(
            settings, number, "+390612345678", keys, speech["citizen"], 120, None, lambda step: say("citizen", step)
        )
        await operator
        await asyncio.sleep(1)
        journey.cancel()
        return await _show_result(database, since, say)


def _line(settings: Settings, database: Database, say: Callable[[str, str], None]) -> tuple[str, str]:
    """The assistance line when it is open; otherwise the rehearsal line, which never closes."""
    with database.read() as session:
        active = flow_versions.active_number(session)
    book = versions.load(database, active, settings.flow_versions, open_library(settings).of).book
    if calendars.status(book.calendars["assistenza"], datetime.now(UTC)) == "open":
        return LINE, REASONS + SURVEY
    say("demo", f"the assistance line is closed now, so this calls the rehearsal line {REHEARSAL}")
    return REHEARSAL, ""


def _ensure_operator(database: Database) -> None:
    with database.transaction() as session:
        if all(row.code != OPERATOR for row in operators.current(session)):
            operators.add(session, OPERATOR, "Demo", ["it", "en", "de", "fr"], ["all"], datetime.now(UTC))


async def _follow(database: Database, since: datetime, say: Callable[[str, str], None]) -> None:
    """Print the journey of the newest call as it grows."""
    seen = 0
    while True:
        await asyncio.sleep(0.3)
        with database.read() as session:
            newest = next(iter(calls.recent(session, 1)), None)
            if newest is None or newest.started_at < since:
                continue
            for entry in calls.journey(session, newest.id, seen):
                seen = entry.seq
                detail = " ".join(f"{key}={value}" for key, value in entry.detail.items())
                say("journey", f"{entry.kind} {entry.node} {detail}".rstrip())


async def _show_result(database: Database, since: datetime, say: Callable[[str, str], None]) -> int:
    """The ticket and the recording; 1 when one of them is missing."""
    ticket = recording = None
    for _ in range(20):
        with database.read() as session:
            newest = next(iter(calls.recent(session, 1)), None)
            if newest and newest.started_at >= since:
                ticket = embedded.get(session, newest.id)
                recording = next((one for one in catalogue.find(session).rows if one.call_id == newest.id), None)
        if ticket and recording:
            break
        await asyncio.sleep(0.5)
    say("result", f"ticket {ticket.number}, type {ticket.type}: {ticket.subject}" if ticket else "no ticket was made")
    if recording:
        say("result", f"recording of {recording.seconds:.1f} s: ivr recordings export {recording.id} conversation.wav")
    else:
        say("result", "no recording was made")
    return 0 if ticket and recording else 1
