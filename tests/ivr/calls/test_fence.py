"""The fence with a real store: what another has taken is left alone."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls import fence
from ivr.calls.fence import LONGEST, Fence
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.writer import Writer

ME, OTHER = "controller-1", "controller-2"


class House:
    def __init__(self, database: Database) -> None:
        self.database, self.writer = database, Writer(database)
        self.mine = {ids.new_call(): f"channel-{number}" for number in range(3)}
        self.lost: list[str] = []
        with database.transaction() as session:
            for call, channel in self.mine.items():
                calls.start(
                    session, id=call, channel=channel, controller=ME, called="", caller="", flow="",
                    started_at=datetime.now(UTC),
                )  # fmt: skip
        self.fence = Fence(ME, self.writer, lambda: self.mine, self.lost.append)

    def take(self, call: str) -> None:
        with self.database.transaction() as session:
            assert calls.take(session, ME, OTHER, lambda one: one == call) == 1


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    database.migrate()
    one = House(database)
    ticking = asyncio.create_task(one.fence.run())
    yield one
    ticking.cancel()
    await one.writer.close()
    database.engine.dispose()


async def test_commands_pass_as_long_as_nobody_can_have_taken_anything(house: House) -> None:
    call = next(iter(house.mine))
    house.take(call)  # nobody does who was answered
    await house.fence.passes(ids.playback(call, 1))
    assert await house.fence.sure() and house.lost == []


async def test_after_a_standstill_what_was_taken_is_left_alone(house: House) -> None:
    await asyncio.sleep(0)
    taken, kept, _ = house.mine
    house.take(taken)
    time.sleep(LONGEST + 0.2)  # noqa: ASYNC251 the whole process stands still
    for target in (house.mine[taken], ids.playback(taken, 1), ids.operator_channel(ids.consult(taken, 1), 2)):
        with pytest.raises(AriError) as refused:
            await house.fence.passes(target)
        assert refused.value.gone
    await house.fence.passes(house.mine[kept])
    await house.fence.passes(ids.bridge(kept, 1))
    assert house.lost == [taken] and not house.fence.has(taken) and house.fence.has(kept)


async def test_a_doubt_that_comes_during_the_question_is_not_settled_by_its_answer(house: House) -> None:
    house.fence.doubt()
    await asyncio.sleep(0.01)  # asked, and perhaps read already
    taken = next(iter(house.mine))
    house.take(taken)
    house.fence.doubt()
    assert not await house.fence.sure()
    assert house.lost == [taken]


async def test_a_store_that_does_not_answer_holds_up_nothing_for_longer_than_it_has(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "ANSWER", 0.5)
    go = threading.Event()
    holding = house.writer.run(lambda session: go.wait(10))
    house.fence.doubt()
    begun = time.monotonic()
    await house.fence.passes(next(iter(house.mine.values())))
    assert 0.4 < time.monotonic() - begun < 1.5 and not holding.done()
    go.set()
    await holding


async def test_who_may_be_cut_off_does_nothing_until_the_store_has_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "ANSWER", 0.2)
    far = Fence(ME, house.writer, lambda: house.mine, house.lost.append, certain=True)
    go, taken = threading.Event(), next(iter(house.mine))
    holding = house.writer.run(lambda session: go.wait(10))
    house.take(taken)
    far.doubt()
    passing = asyncio.ensure_future(far.passes(house.mine[taken]))
    await asyncio.sleep(1)
    assert not passing.done() and not far.awake
    go.set()
    await holding
    with pytest.raises(AriError):
        await passing
    assert house.lost == [taken]


async def test_a_channel_that_left_puts_its_own_call_in_doubt_and_no_other(house: House) -> None:
    """A busy Asterisk tells late of channels that were hung up; nobody's offers may wait for that."""
    taken, kept, _ = house.mine
    house.take(taken)
    asked = asyncio.ensure_future(house.fence.ask(taken, house.mine[taken]))
    await asyncio.sleep(0)
    assert house.fence.awake and await house.fence.sure()
    passing = asyncio.ensure_future(house.fence.passes(ids.operator_channel(taken, 1)))
    await house.fence.passes(house.mine[kept])
    assert not asked.done() and not passing.done()
    with pytest.raises(AriError):
        await passing
    with pytest.raises(AriError):
        await house.fence.passes(house.mine[taken])
    assert asked.done() and house.lost == [taken]


async def test_a_call_that_comes_back_is_ours(house: House) -> None:
    taken = next(iter(house.mine))
    house.fence.take(taken, house.mine[taken])
    house.fence.give_back(taken, house.mine[taken])
    await house.fence.passes(house.mine[taken])
    assert house.fence.has(taken)


async def test_who_no_longer_has_a_call_does_not_write_its_end(house: House) -> None:
    taken, now = next(iter(house.mine)), datetime.now(UTC)
    house.take(taken)
    with house.database.transaction() as session:
        end: dict[str, Any] = {"ended_at": now, "ticket_due_at": now, "survey": {}, "outcome": "abandoned"}
        assert not calls.finish(session, taken, by=ME, **end)
        assert calls.finish(session, taken, by=OTHER, **end)
        assert not calls.finish(session, taken, **end)
