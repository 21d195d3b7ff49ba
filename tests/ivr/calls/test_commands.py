"""Commands about a call that waits: a real session, floor and store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.calls import commands as c
from ivr.flow import words
from ivr.link.messages import Refused
from ivr.store.database import Database
from ivr.store.schema import AuditEntry
from tests.ivr.controllers import Controller, running


@pytest.fixture
async def controller(database: Database, tmp_path: Path) -> AsyncIterator[Controller]:
    async with running(database, tmp_path, "token") as one:
        yield one


async def test_a_waiting_call_is_moved_and_knows_it(controller: Controller) -> None:
    call, floor = controller.wait("a"), controller.floor
    controller.wait("b")
    await c.carry_out(controller.exchange, c.Move("b", "chief", "desk", front=True))
    assert min(floor.state.waiting.values(), key=lambda one: one.turn).call == "b"
    before = floor.state.waiting["a"].since
    await c.carry_out(controller.exchange, c.Move("a", "chief", "desk", "tax"))
    assert (floor.queue_of("a"), floor.state.waiting["a"].since) == ("tax", before), "it keeps the time it has waited"
    assert call.conversation.queue == "tax" and call.conversation.wrap_up == 90, "what the operator hears and has"
    await call._take(words.Moved("tax"))  # as its inbox would bring it
    assert call.state.queue == "tax", "what the store and the music go by"
    journey = await controller.written("a")
    assert ("moved", {"by": "chief", "to": "tax", "front": "no"}) in journey and ("queue", {"queue": "tax"}) in journey
    with controller.database.read() as session:
        rows = [(row.user, row.action, row.subject) for row in session.scalars(select(AuditEntry))]
    assert rows == [("chief", "move", "b"), ("chief", "move", "a")]


async def test_what_cannot_be_moved_stays_and_is_told_why(controller: Controller) -> None:
    controller.wait("a")
    for command, why in (
        (c.Move("x", "chief", "desk", "tax"), "no such call"),
        (c.Move("a", "chief", "tax", "desk"), "waits in the queue desk, not in tax"),
        (c.Move("a", "chief", "desk", "nowhere"), "there is no queue nowhere"),
        (c.Move("a", "chief", "desk", "empty"), "nobody is at work in the queue empty"),
        (c.Move("a", "chief", "desk", "desk"), "another queue, or the front"),
        (c.Hold("a", "4271"), "nobody is speaking with this caller"),
    ):
        with pytest.raises(Refused, match=why):
            await c.carry_out(controller.exchange, command)
    assert controller.floor.queue_of("a") == "desk"
