"""What a flow is told of the world outside its folder, for simulations and tests: who calls, and what tickets come."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ivr.calls.caller import identify
from ivr.flow.loader import SUFFIX, load
from ivr.flow.model import Book
from ivr.flow.words import Facts, State, TicketSpec
from ivr.settings import Settings
from ivr.tickets import table


class NoFlow(Exception):
    """The path given is no flow; says what to give."""


def facts(caller: str, called: str, calls_today: int = 0, call_id: str = "simulation") -> Facts:
    who = identify(caller)
    return Facts(call_id, called, who.number, who.withheld, who.district, who.country, calls_today)


def ticket_type(settings: Settings) -> Callable[[State], str]:
    """The type of the ticket that a call makes which ended in that state."""
    rows = settings.tickets.table

    def type_of(state: State) -> str:
        said = state.ticket or TicketSpec()
        known = table.Facts(
            outcome=state.outcome,
            # Whether a phone rang just then is not known here.
            place=("queue" if state.queue else "flow") if state.outcome == "abandoned" else "",
            flow=state.flow,
            said=said.type,
            disposition=state.disposition,
            reason=said.fields.get("reason") or said.subject,
            queue=state.queue,
            language=state.language,
        )
        return table.type_of(known, rows[table.deciding(known, rows)])

    return type_of


def open_flow(path: Path) -> tuple[Book, str]:
    """The book of the folder in which a flow's file lies, and the flow's name. Raises NoFlow, FlowErrors."""
    if not path.name.endswith(SUFFIX):
        raise NoFlow(f"{path} is no flow; a flow's file ends in {SUFFIX}")
    if not path.is_file():
        raise NoFlow(f"{path} does not exist")
    return load(path.parent), path.name.removesuffix(SUFFIX)


def opening(book: Book, flow: str) -> datetime:
    """A Tuesday morning in the flow's own zone: when nothing else is said, a simulated call finds the house open."""
    return datetime(2026, 11, 24, 10, tzinfo=book.zone(book.flows[flow]))
