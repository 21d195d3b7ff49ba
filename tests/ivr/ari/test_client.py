"""The commands on a real Asterisk: above all, what happens when one is given twice, or for what is gone."""

import asyncio

import pytest

from ivr.ari import events, ids
from ivr.ari.client import Ari
from ivr.ari.connection import LARGEST_MESSAGE
from ivr.ari.errors import AriError, Disconnected
from tests.asterisk import Asterisk
from tests.ivr.ari.conftest import Line, line

TONE = ["tone:1004/60000"]


async def call(one: Line, channel: str, extension: str = "hold@test") -> events.Channel:
    """A channel in our application, whose other end is the dialplan."""
    await one.ari.originate(channel, f"Local/{extension}", arguments=("citizen",), caller_id="1", ring=10)
    started = await one.event(events.StasisStart)
    assert started.channel.id == channel and started.args == ["citizen"]
    return started.channel


async def destroyed(one: Line, channel: str) -> events.ChannelDestroyed:
    """The other end of a Local channel is reported too, before or after."""
    while (found := await one.event(events.ChannelDestroyed)).channel.id != channel:
        pass
    return found


async def test_its_version(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        assert tuple(map(int, (await one.ari.version()).split(".")[:2])) >= (22, 7)


async def test_a_call_is_claimed_once(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari, "ivr-one") as one, line(asterisk.ports.ari, "ivr-two") as two:
        await one.up()
        await two.up()
        call_id = ids.new_call()
        await one.ari.originate(
            call_id, "Local/+390600000001@citizens", arguments=(), caller_id="+390471123456", ring=10
        )
        heard = await asyncio.gather(one.event(events.CallBroadcast), two.event(events.CallBroadcast))
        assert heard[0] == heard[1]
        channel = heard[0].channel
        assert channel.caller.number == "+390471123456" and channel.dialplan.exten == "+390600000001"
        claimed = await asyncio.gather(one.ari.claim(channel.id), two.ari.claim(channel.id))
        assert sorted(claimed) == [False, True]
        winner, loser = (one, two) if claimed[0] else (two, one)
        assert (await winner.event(events.StasisStart)).channel.id == channel.id
        assert not await loser.ari.claim(channel.id)
        await winner.ari.hang_up(channel.id)
        await one.ari.hang_up(call_id)
        await destroyed(one, call_id)
        await asyncio.sleep(0.3)
        left = [two.events.get_nowait() for _ in range(two.events.qsize())]
        assert not any(isinstance(event, events.CallBroadcast) for event in left), (
            "a call that has ended looks for nobody"
        )


async def test_a_call_that_is_gone_cannot_be_claimed(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        assert await one.ari.claim("no-such-channel") is False


async def test_a_playback_given_twice_is_played_twice_so_one_asks_first(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        channel, playback = ids.new_call(), ids.playback("call", 1)
        await call(one, channel)
        await one.ari.play(channel, playback, TONE)
        assert await one.ari.playback_exists(playback)
        await one.ari.play(channel, playback, TONE)
        finished: list[events.PlaybackFinished] = []
        async with asyncio.timeout(20):
            # Asterisk reports an end a moment before it forgets the playback, so a stop may still meet the first.
            while len(finished) < 2 or await one.ari.playback_exists(playback):
                await one.ari.stop_playback(playback)
                await asyncio.sleep(0.1)
                while not one.events.empty():
                    if isinstance(event := one.events.get_nowait(), events.PlaybackFinished):
                        finished.append(event)
        assert [(end.playback.id, end.playback.state) for end in finished] == [(playback, "done")] * 2
        assert finished[0].playback.target_uri == f"channel:{channel}"
        await one.ari.stop_playback(playback)
        await one.ari.hang_up(channel)


async def test_a_bridge_made_twice_is_one(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        channel, bridge = ids.new_call(), ids.bridge("call", 1)
        await call(one, channel)
        await one.ari.make_bridge(bridge)
        await one.ari.join(bridge, [channel])
        await one.ari.make_bridge(bridge)
        found = events.body(await one.connection.command("GET", ("bridges",)))
        assert [(there["id"], there["channels"]) for there in found] == [(bridge, [channel])]
        await one.ari.destroy_bridge(bridge)
        left = await one.event(events.ChannelLeftBridge)
        assert (left.channel.id, left.bridge.id) == (channel, bridge)
        await one.ari.destroy_bridge(bridge)
        await one.ari.hang_up(channel)


async def test_a_channel_rung_twice_is_one(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        channel = ids.operator_channel(ids.new_call(), 1)
        await call(one, channel)
        with pytest.raises(AriError) as refused:
            await one.ari.originate(channel, "Local/hold@test", arguments=(), caller_id="1", ring=10)
        assert refused.value.status == 409
        assert [there.id for there in await one.ari.channels()].count(channel) == 1
        await one.ari.hang_up(channel)
        assert (await destroyed(one, channel)).cause == 16
        await one.ari.hang_up(channel)  # is no error


async def test_what_is_said_to_a_channel_that_is_gone(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        for command in (one.ari.answer("gone"), one.ari.play("gone", "p", TONE), one.ari.set_variable("gone", "X", "")):
            with pytest.raises(AriError) as refused:
                await command
            assert refused.value.gone and "gone" in str(refused.value)
        assert await one.ari.variable("gone", "X") == ""
        await one.ari.stop_music("gone")


async def test_a_state_as_long_as_may_be_comes_back_whole(asterisk: Asterisk) -> None:
    """The largest message that we send is one that Asterisk takes."""
    async with line(asterisk.ports.ari) as one:
        await one.up()
        channel = ids.new_call()
        await call(one, channel)
        value = 'è€"\\,${EXTEN};\n' * 1000
        value += "x" * (LARGEST_MESSAGE - 500 - len(value.encode()) - 5 * value.count("\\") - 5 * value.count('"'))
        await one.ari.set_variable(channel, "NUMERO_NERO", value)
        assert await one.ari.variable(channel, "NUMERO_NERO") == value
        assert one.downs == 0
        await one.ari.hang_up(channel)


async def test_with_the_filter_answers_and_our_events_still_come(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari, greet=Ari.listen) as one:
        await one.up()
        channel = ids.new_call()
        await call(one, channel)
        await one.ari.set_variable(channel, "X", "1")
        await one.ari.hang_up(channel)
        assert (await destroyed(one, channel)).channel.id == channel
        info = events.body(await one.connection.command("GET", ("applications", one.ari.app)))
        assert {"type": "RESTResponse"} in info["events_allowed"]


async def test_a_phone_is_made_changed_and_taken_away(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        for contacts in ("1", "3"):
            await one.ari.put_object("aor", "op-4271", {"max_contacts": contacts})
            assert f"max_contacts         : {contacts}" in asterisk.command("pjsip show aor op-4271")
        await one.ari.delete_object("aor", "op-4271")
        await one.ari.delete_object("aor", "op-4271")
        assert "Unable to find" in asterisk.command("pjsip show aor op-4271")


async def test_a_wrong_password_is_told_and_tried_again(asterisk: Asterisk, caplog: pytest.LogCaptureFixture) -> None:
    async with line(asterisk.ports.ari, password="wrong") as one:
        await asyncio.sleep(1)
        assert not one.connection.up
    assert "401" in caplog.text


async def test_asterisk_is_killed_and_comes_back(asterisk: Asterisk) -> None:
    async with line(asterisk.ports.ari, greet=Ari.listen) as one:
        await one.up()
        channel = ids.new_call()
        await call(one, channel)
        await one.ari.play(channel, "long", TONE)
        # Asterisk sets no variable during a playback: this command is in flight when the socket drops.
        waiting = asyncio.create_task(one.ari.set_variable(channel, "X", "1"))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(asterisk.kill)
        with pytest.raises(Disconnected):
            await waiting
        with pytest.raises(Disconnected):
            await one.ari.version()
        await asyncio.to_thread(asterisk.start)
        await one.up()
        assert await one.ari.channels() == []
        await call(one, channel)  # the id is free again
        await one.ari.hang_up(channel)
