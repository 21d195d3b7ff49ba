"""A flow, loaded: what the machine reads and the checker walks."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from ivr.flow import builtin
from ivr.flow.calendars import Calendar
from ivr.flow.findings import Where
from ivr.flow.queues import Queue
from ivr.flow.words import Say

TICKET_NUMBER = re.compile(r"(?<![\w.])ticket\s*\.\s*number\b")
CALLERS_TICKET = re.compile(r"(?<![\w.])caller\s*\.\s*ticket")


class Expression(NamedTuple):
    """CEL in a node.

    `wants`: the type its value must have: `any`, `bool`, `string`, `int`. `secret`: it may use variables that were
    collected in secret, because its value reaches no log, ticket or database.
    """

    where: Where
    source: str
    wants: str = "any"
    secret: bool = False


class Node(BaseModel):
    """What all nodes share. Each verb's model adds its own value and exits, and says of itself what the checker and
    the graph ask below. `where` is the way to a key within the node, such as `("menu", "choices", "1")`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    waits: ClassVar[bool] = False
    """It waits for the caller, an operator or a prompt's end; a circle of nodes that do not would never end."""
    converses: ClassVar[bool] = False
    """It may lead into a conversation, which is recorded."""
    returns: ClassVar[bool] = False
    """It ends a subflow."""

    def targets(self) -> dict[str, str]:
        """Exit → node, for the exits that the node names. A key such as `menu.choices.1` is a way into the node."""
        return {}

    def prompts(self) -> list[tuple[Where, str]]:
        """(where, prompt) for each prompt that the node speaks."""
        return []

    def notices(self) -> list[tuple[Where, str, bool]]:
        """(where, prompt, whether it can be cut short) for each prompt heard on the way to every exit. A prompt that
        some exit does without is none of them. `where` is what to change so that it cannot be cut short."""
        return []

    def expressions(self) -> list[Expression]:
        return []

    def texts(self) -> list[tuple[Where, str]]:
        """(where, text) for each text in which `{NAME}` stands for a value."""
        return []

    def assigns(self) -> list[tuple[Where, str, str]]:
        """(where, variable, type of its value: bool, int, float, string, or any) for each variable it sets."""
        return []

    def secrets(self) -> tuple[str, ...]:
        """Variables whose value, set here, must never be written down."""
        return ()

    def calls(self) -> str:
        """The flow that it runs as a subflow, or ""."""
        return ""

    def recording(self) -> str:
        """`stop` or `start` when from here on conversations are not recorded, or are again; else ""."""
        return ""


@dataclass(frozen=True)
class Prompt:
    """`recordings`: language → file below the flows' folder."""

    name: str
    texts: Mapping[str, str]
    notice: str = ""
    recordings: Mapping[str, str] = field(default_factory=dict)

    def say(self, language: str, text: str | None = None, *, secret: bool = False) -> Say:
        text = self.texts.get(language, "") if text is None else text
        return Say(self.name, language, text, self.recordings.get(language), secret)


@dataclass(frozen=True)
class Flow:
    name: str
    languages: tuple[str, ...]
    start: str
    nodes: Mapping[str, Node]
    prompts: Mapping[str, Prompt]
    description: str = ""
    numbers: tuple[str, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    on_error: str = ""

    def names(self, name: re.Pattern[str]) -> Iterator[Where]:
        """Where a name is used: in texts that are spoken or noted, and in expressions."""
        for prompt in self.prompts.values():
            if any(name.search(text) for text in prompt.texts.values()):
                yield ("prompts", prompt.name)
        for id, node in self.nodes.items():
            for where, text in node.texts():
                if name.search(text):
                    yield ("nodes", id, *where)
            for expression in node.expressions():
                if name.search(expression.source):
                    yield ("nodes", id, *expression.where)

    @cached_property
    def secrets(self) -> frozenset[str]:
        return frozenset(name for node in self.nodes.values() for name in node.secrets())


# What answers a number that no flow has; it speaks the first two languages of the house.
UNKNOWN_NUMBER = "unknown-number"
ANY_NUMBER = "*"


@dataclass(frozen=True)
class Book:
    """Everything in a flows' folder."""

    flows: Mapping[str, Flow]
    calendars: Mapping[str, Calendar]
    queues: Mapping[str, Queue]

    def flow_for(self, number: str) -> str:
        """The flow that answers `number`: its own, else the one for `*`, else the built-in one."""
        any_number = UNKNOWN_NUMBER
        for flow in self.flows.values():
            if number in flow.numbers:
                return flow.name
            if ANY_NUMBER in flow.numbers:
                any_number = flow.name
        return any_number

    @cached_property
    def tells_ticket(self) -> bool:
        """Whether a flow tells the number of the call's ticket, which then is made while the call lives."""
        return any(True for flow in self.flows.values() for _ in flow.names(TICKET_NUMBER))

    @cached_property
    def asks_ticket(self) -> bool:
        """Whether a flow asks for the ticket that a caller has had from a call before."""
        return any(True for flow in self.flows.values() for _ in flow.names(CALLERS_TICKET))

    def zone(self, flow: Flow) -> ZoneInfo:
        """The time zone of the calendar that the flow asks for its hours; else the first calendar's, else Rome."""
        if (zone := self._zones.get(flow.name)) is None:
            asked = [str(name) for node in flow.nodes.values() if (name := getattr(node, "hours", ""))]
            found = [self.calendars[name] for name in (*asked, *self.calendars) if name in self.calendars]
            zone = self._zones[flow.name] = ZoneInfo(found[0].timezone if found else "Europe/Rome")
        return zone

    @cached_property
    def _zones(self) -> dict[str, ZoneInfo]:
        return {}

    def all_says(self) -> Iterator[Say]:
        """All that can be said without knowing a call: to be made into sound ahead of calls."""
        for flow in self.flows.values():
            for prompt in flow.prompts.values():
                for language in flow.languages:
                    say = prompt.say(language)
                    if say.recording or (say.text and "{" not in say.text):
                        yield say
        yield from builtin.static_says()


@dataclass(frozen=True)
class Names:
    """What nodes may name outside their flow. None: it cannot be told, because its file cannot be read."""

    flows: Collection[str]
    calendars: Collection[str] | None
    queues: Collection[str] | None
    hosts: Collection[str] | None = None
    """Hosts that `http` may ask, some with a port; None: not known here."""
