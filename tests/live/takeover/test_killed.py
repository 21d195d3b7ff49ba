"""Callers on real SIP; the controller that has the call is killed, or hangs.

What is looked at: what the caller heard, the call's journey, and that there is one ticket and nothing left over.
"""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import select

from ivr.store.schema import Recording, SurveyAnswer
from tests.live.conftest import Installation
from tests.live.takeover.citizen import (
    ANNA,
    Citizen,
    Ears,
    anna,
    beating,
    citizen,
    gaps,
    longest,
    pids,
)


async def test_killed_in_a_prompt_and_in_the_midst_of_digits(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000001") as one:
        await one.dial()
        begun = time.monotonic()
        await one.noted("prompt")
        await asyncio.sleep(1.5)
        os.kill(one.pid(), signal.SIGKILL)
        took = await one.goes_on()
        print(f"a prompt goes on after {took:.2f} s")
        again = time.monotonic() - begun
        assert took < 4
        await one.noted("node", "ask")
        await beating(house)
        await one.phone.press(",,,12")
        await asyncio.sleep(4.5)
        os.kill(one.pid(), signal.SIGKILL)
        await one.noted("continued", times=2, within=5.0)
        await one.phone.press(",3456")
        await one.noted("digits")
        (keyed,) = [row.detail["digits"] for row in one.journey() if row.kind == "digits"]
        assert keyed == "123456"
        await one.noted("node", "payments")  # nobody is at work
        await one.phone.wait_for("CLOSED", within=30)
        ticket = await one.over()
    assert ticket.fields["code"] == "123456" and ticket.subject == "Codice"
    heard, ears = one.phone.heard, Ears(house)
    assert ears.likeness(heard, "hello", again - 1.5) > 0.8, "it begins again"
    assert ears.likeness(heard, "nobody") > 0.8
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_killed_while_they_wait_in_the_queue_and_the_places_are_kept(house: Installation, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(anna(house, tmp_path))
        house.ivr("operators", "state", ANNA, "paused", "--reason", "test")
        waiting = []
        for number in range(4):
            one = await stack.enter_async_context(citizen(house, tmp_path, f"+39047100010{number}"))
            await one.to_the_queue()
            waiting.append(one)
        theirs = {one.row.controller for one in waiting}
        os.kill(waiting[0].pid(), signal.SIGKILL)
        await waiting[0].goes_on()
        assert theirs, "both controllers have calls, or one has all"
        house.ivr("operators", "state", ANNA, "ready")
        for one in waiting:
            await operator.wait_for("INCOMING", within=30)
            await operator.answer()
            await one.noted("connected")
            await asyncio.sleep(0.5)
            await operator.hangup()
            await one.noted("conversation-ended")
            await one.phone.press(",,5")
            assert (await one.over()).fields["outcome"] == "served"
        assert sorted(waiting, key=Citizen.connected) == waiting
        assert sum(one.kinds().count("offer") for one in waiting) == len(waiting), "nobody is offered twice"
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_killed_in_a_conversation_that_goes_on(house: Installation, tmp_path: Path) -> None:
    async with anna(house, tmp_path) as operator, citizen(house, tmp_path, "+390471000201") as one:
        await one.to_the_queue()
        await operator.wait_for("INCOMING", within=30)
        await operator.answer()
        await one.noted("connected")
        await asyncio.sleep(2)
        former, pid = one.row.controller, one.pid()
        os.kill(pid, signal.SIGKILL)
        await one.goes_on()
        assert one.row.controller != former
        await asyncio.sleep(4)
        await operator.hangup()
        await one.noted("conversation-ended")
        await one.noted("node", "satisfaction")
        await one.phone.press(",,,4")
        await one.phone.wait_for("CLOSED", within=20)
        ticket = await one.over()
        seconds = float(next(row.detail["seconds"] for row in one.journey() if row.kind == "conversation-ended"))
        assert ticket.fields["operator"] == ANNA and ticket.fields["outcome"] == "served" and 6 < seconds < 12
        with one.store.read() as session:
            assert [
                row.answer for row in session.scalars(select(SurveyAnswer).where(SurveyAnswer.call_id == one.row.id))
            ] == [4]
        async with asyncio.timeout(30):
            while True:
                with one.store.read() as session:
                    recordings = session.scalars(select(Recording).where(Recording.call_id == one.row.id)).all()
                if recordings:
                    break
                await asyncio.sleep(0.3)
    (recording,) = recordings
    assert recording.complete and abs(recording.seconds - seconds) < 1.5
    # Both were heard all the time: in what each heard and on tape no half second is without the other's tone.
    tape = house.tape(recording.id)
    assert gaps(tape[:, 0], 1000.0) == gaps(tape[:, 1], 440.0) == 0.0
    assert longest(one.phone.heard, 440.0) > seconds - 1.5
    assert longest(operator.heard, 1000.0) > seconds - 1.5
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_one_that_stood_still_leaves_its_calls_alone(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000301") as one:
        await one.dial()
        await one.noted("prompt")
        await asyncio.sleep(1.0)
        pid, former = one.pid(), one.row.controller
        os.kill(pid, signal.SIGSTOP)
        took = await one.goes_on()
        print(f"after it stood still, a call goes on elsewhere after {took:.2f} s")
        assert took < 2.0 and one.row.controller != former
        await asyncio.sleep(1.0)
        os.kill(pid, signal.SIGCONT)
        await one.noted("node", "ask")
        await one.keys_the_code(",,123456")
        kinds = one.kinds()
        assert kinds.count("digits") == kinds.count("continued") == kinds.count("ended") == 1
        assert pids(house)[former] == pid, "it goes on living"
    async with citizen(house, tmp_path, "+390471000302") as later:  # and takes calls as before
        await later.dial()
        await later.noted("prompt")
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_one_is_drained_and_comes_anew_while_a_third_joins(house: Installation, tmp_path: Path) -> None:
    third = house.place_controller("controller-3")
    try:
        await beating(house, 3)
        async with citizen(house, tmp_path, "+390471000601") as one:
            await one.dial()
            await one.noted("node", "ask")
            await one.phone.press(",,,12")
            await asyncio.sleep(2.5)
            former, pid = one.row.controller, one.pid()
            house.ivr("drain", former)
            await one.goes_on()
            await one.keys_the_code(",3456")
        assert one.kinds().count("continued") == one.kinds().count("digits") == 1
        if former == "controller-3":
            assert third.wait(timeout=20) == 0
        else:
            await beating(house, 3)
            assert pids(house)[former] != pid
            house.ivr("drain", "controller-3")
            assert third.wait(timeout=20) == 0
    finally:
        third.kill()
        third.wait()
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_all_are_killed_and_the_first_back_takes_the_calls(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000401") as one, citizen(house, tmp_path, "+390471000402") as two:
        for caller in (one, two):
            await caller.dial()
            await caller.noted("node", "ask")
        await one.phone.press(",,,12")
        await asyncio.sleep(3.0)
        for pid in pids(house).values():
            os.kill(pid, signal.SIGKILL)
        for caller in (one, two):
            await caller.noted("continued", within=20.0)
        await one.phone.press(",3456")
        await one.noted("digits")
        assert [row.detail["digits"] for row in one.journey() if row.kind == "digits"] == ["123456"]
        await two.phone.hangup()
        assert (await two.over()).fields["outcome"] == "abandoned"
        await one.phone.wait_for("CLOSED", within=30)
        assert (await one.over()).fields["code"] == "123456"
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_who_hung_up_while_nobody_listened_has_a_ticket(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000501") as one:
        await one.dial()
        await one.noted("node", "ask")
        for pid in pids(house).values():
            os.kill(pid, signal.SIGKILL)
        await one.phone.hangup()
        await one.over()
    await beating(house)
