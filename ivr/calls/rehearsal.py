"""What a call is given by the world around it: the time, the answers of web services, who may take it.

In a rehearsal (`ivr flow test --live`) a designers' test gives these. A call to `NUMBER-tID` is one to NUMBER, and
`ID.json` in the rehearsal's folder says what its test gives. Everything else is as in any call.

- Its operators are its own: those who have the skill `tID`. So tests that run side by side do not meet.
- What one waits for in a queue comes `lapse` times as fast, so that ten minutes need not last ten minutes.
"""

import asyncio
import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from ivr.acd.state import Queue
from ivr.calls.services import Services
from ivr.flow import words
from ivr.flow.simulator import ESTIMATE

NOBODY = "nobody"  # a skill that no operator has


class World:
    """The real one."""

    def __init__(self, clock: Callable[[], datetime], services: Services) -> None:
        self.clock, self.ask = clock, services.ask

    def enqueued(self, asked: words.Enqueue) -> words.Enqueue:
        return asked

    def seconds(self, timer: words.Timer, state: words.State) -> float:
        return timer.seconds

    def estimate(self, wait: float | None) -> float | None:
        return wait

    async def ticket_number(self, made: Callable[[], Awaitable[str]]) -> str:
        """What the caller is told; "" for nothing."""
        return await made()


class Reply(msgspec.Struct, forbid_unknown_fields=True):
    """What a web service answers."""

    status: int
    json: Any = None


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """What a test gives its call. `replies`: of web services, in order; None for one that does not come in time.
    `unstaffed`: of each queue that the call comes to, in order, whether nobody is at work there. `open_ticket`: of the
    caller, its number and state."""

    at: datetime
    replies: list[Reply | None] = []
    calls_today: int = 0
    lapse: float = 1.0
    unstaffed: list[bool] = []
    ticket_number: str = ""
    open_ticket: tuple[str, str] = ("", "")


class Rehearsal(World):
    def __init__(self, test: str, part: Part) -> None:
        self.calls_today, self.open_ticket = part.calls_today, part.open_ticket
        self._skill, self._part = lane(test), part
        self._begun = datetime.now(UTC)
        self._replies, self._unstaffed = iter(part.replies), iter(part.unstaffed)

    def clock(self) -> datetime:
        return self._part.at.astimezone(UTC) + (datetime.now(UTC) - self._begun)

    def estimate(self, wait: float | None) -> float | None:
        return ESTIMATE  # as in the simulator

    async def ask(self, asked: words.Http) -> words.HttpReply:
        try:
            reply = next(self._replies)
        except StopIteration:
            return words.HttpReply(asked.id, 0, None, "the test gives no reply")
        if reply:
            return words.HttpReply(asked.id, reply.status, reply.json)
        await asyncio.sleep(asked.timeout)
        return words.HttpReply(asked.id, 0, None, "timeout")

    def enqueued(self, asked: words.Enqueue) -> words.Enqueue:
        skills = (*asked.skills, NOBODY if next(self._unstaffed, False) else self._skill)
        longest = None if asked.max_wait is None else asked.max_wait / self._part.lapse
        return replace(asked, skills=skills, max_wait=longest)

    async def ticket_number(self, made: Callable[[], Awaitable[str]]) -> str:
        return self._part.ticket_number

    def seconds(self, timer: words.Timer, state: words.State) -> float:
        return timer.seconds / self._part.lapse if "queue" in state.wait else timer.seconds


def lane(test: str) -> str:
    """The skill by which operators take the calls of one test and no other."""
    return f"t{test}"


def strict(queues: Iterable[Queue]) -> list[Queue]:
    """The queues without their overflow, which would give a test's call to the operators of another."""
    return [dataclasses.replace(queue, overflow=()) for queue in queues]


def dialled(number: str, folder: Path | None) -> tuple[str, Rehearsal | None]:
    """The number that is meant, and the rehearsal it is dialled for; None for any other call.

    Raises OSError and msgspec.MsgspecError when the test's part cannot be read.
    """
    if folder and (found := re.fullmatch(r"(.+)-t([0-9]+)", number)):
        part = msgspec.json.decode((folder / f"{found[2]}.json").read_bytes(), type=Part)
        return found[1], Rehearsal(found[2], part)
    return number, None
