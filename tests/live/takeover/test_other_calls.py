"""A controller is killed under what is no plain call: a message, a transfer, a consult, a callback."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import select

from ivr.calls import commands as c
from ivr.store.schema import Call, CallbackRequest, JourneyEntry
from tests.live.conftest import Installation
from tests.live.takeover.citizen import (
    ANNA,
    BRUNO,
    OTHER_NUMBER,
    OUTSIDE,
    anna,
    beating,
    citizen,
    gaps,
    longest,
    outside,
    pids,
    recordings,
)


async def test_a_message_a_transfer_and_a_consult_go_on(house: Installation, tmp_path: Path) -> None:
    """Both controllers are killed, one after the other: each of the three calls is taken over."""
    async with AsyncExitStack() as stack:
        operator, there = [
            await stack.enter_async_context(one) for one in (anna(house, tmp_path), outside(house, tmp_path))
        ]
        said, sent, asks = [
            await stack.enter_async_context(citizen(house, tmp_path, f"+39047100070{number}")) for number in range(3)
        ]
        await asks.to_the_queue()
        await operator.wait_for("INCOMING", within=30)
        await operator.answer()
        await asks.noted("connected")
        other = await stack.enter_async_context(anna(house, tmp_path, BRUNO))
        await asks.give(c.Consult, ANNA, operator=BRUNO)
        for one, key in ((said, "1"), (sent, "2")):
            await one.dial(OTHER_NUMBER)
            await one.noted("prompt")
            await one.phone.press(f",{key}")
        await other.wait_for("INCOMING", within=20)
        await other.answer()
        await there.wait_for("INCOMING", within=20)
        await there.answer()
        for one, kind in ((asks, "consulted"), (sent, "transfer-answered"), (said, "voicemail")):
            await one.noted(kind)
        await asyncio.sleep(4.0)
        for name, pid in sorted(pids(house).items()):
            theirs = [(one, one.kinds().count("continued")) for one in (said, sent, asks) if one.row.controller == name]
            os.kill(pid, signal.SIGKILL)
            for one, before in theirs:
                await one.noted("continued", times=before + 1, within=5.0)
            await beating(house)
        assert all("continued" in one.kinds() for one in (said, sent, asks))
        await other.wait_for("CLOSED", within=5)  # whoever is asked is let go
        await asks.give(c.Unhold, ANNA)
        await asyncio.sleep(2.0)
        await said.phone.hangup()
        await there.hangup()
        await operator.hangup()
        await sent.noted("node", "reached")
        await sent.phone.wait_for("CLOSED", within=15)
        await asks.noted("node", "satisfaction")
        await asks.phone.press(",,,4")
        message, reached, served = [await one.over() for one in (said, sent, asks)]
        assert message.fields["outcome"] == "voicemail"
        assert reached.fields["outcome"] == served.fields["outcome"] == "served"
        recording = (await recordings(said))[0]
        assert recording.kind == "message" and recording.complete
        assert recording.seconds > 8.0 and gaps(house.tape(recording.id)[:, 0], 1000.0) == 0.0
        assert all(one.kinds().count("ended") == 1 for one in (said, sent, asks))
    assert longest(there.heard, 1000.0) > 6.0, "outside they were heard all the time"
    assert longest(operator.heard, 1000.0) > 1.0, "after the hold"
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_a_callback_that_rang_is_rung_again(house: Installation, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(outside(house, tmp_path))
        one = await stack.enter_async_context(citizen(house, tmp_path, OUTSIDE))
        await one.dial(OTHER_NUMBER)
        await one.noted("prompt")
        await one.phone.press(",3")
        assert (await one.over()).fields["outcome"] == "callback"
        wish = one.row.id
        operator = await stack.enter_async_context(anna(house, tmp_path))
        await operator.wait_for("INCOMING", within=20)
        await operator.answer()
        await there.wait_for("INCOMING", within=20)
        with one.store.read() as session:
            claimed = session.get_one(CallbackRequest, wish).holder
        os.kill(pids(house)[claimed], signal.SIGKILL)
        await there.wait_for("CLOSED", within=5)
        for phone in (operator, there):
            await phone.wait_for("INCOMING", within=60)
            await phone.answer()
        spoken = select(JourneyEntry).join(Call).where(Call.callback_of == wish, JourneyEntry.kind == "connected")
        async with asyncio.timeout(20):
            while True:
                with one.store.read() as session:
                    if session.scalars(spoken).all():
                        break
                await asyncio.sleep(0.3)
        await asyncio.sleep(1.5)
        await there.hangup()
        await operator.wait_for("CLOSED", within=15)
    shown = await asyncio.to_thread(house.ivr, "callbacks", "show", wish)
    assert (shown["state"], [one["result"] for one in shown["rung"]]) == ("done", ["lost", "spoken"])
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)
