"""What a flow is told of the world outside its folder, for simulations and tests: who calls, and what tickets come."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ivr.calls.caller import identify
from ivr.flow.loader import SUFFIX, load
from ivr.flow.model import Book
from ivr.flow.words import Facts, State
from ivr.settings import Settings
from ivr.tickets.outcome import Types, type_of


class NoFlow(Exception):
    """The path given is no flow; says what to give."""


def facts(caller: str, called: str, calls_today: int = 0, call_id: str = "simulation") -> Facts:
    who = identify(caller)
    return Facts(call_id, called, who.number, who.withheld, who.district, who.country, calls_today)


def ticket_type(settings: Settings) -> Callable[[State], str]:
    """The type of the ticket that a call makes which ended in that state."""
    types = Types(**settings.tickets.model_dump(include=set(Types.__dataclass_fields__)))
    return lambda state: type_of(state.outcome, state.disposition, state.ticket.type if state.ticket else "", types)


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
