"""The same call with asyncari: answer, prompt, one key, hang up. Run as a process of its own, to measure its CPU."""

import sys

import anyio
import asyncari


async def main(address: str, password: str, prompt: str) -> None:
    async with (
        asyncari.connect(address, "bench-asyncari", "ivr", password) as client,
        anyio.create_task_group() as tasks,
    ):

        async def one(channel: asyncari.model.Channel) -> None:
            await channel.answer()
            await channel.play(media=f"sound:{prompt}")

        async def key(channel: asyncari.model.Channel) -> None:
            await channel.hangup()

        async with client.on_channel_event("StasisStart") as listener:
            print("ready", flush=True)
            async for objects, _ in listener:
                channel = objects["channel"]
                channel.on_event("ChannelDtmfReceived", lambda *_, channel=channel: tasks.start_soon(key, channel))
                tasks.start_soon(one, channel)


anyio.run(main, sys.argv[1], sys.argv[2], sys.argv[3])
