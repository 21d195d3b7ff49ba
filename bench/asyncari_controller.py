"""The same call with asyncari: answer, prompt, one key, hang up. Run as a process of its own, to measure its CPU."""

import sys

import anyio
import asyncari


async def main(port: int, password: str, prompt: str) -> None:
    address = f"http://127.0.0.1:{port}"
    async with (
        asyncari.connect(address, "bench-asyncari", "ivr", password) as client,
        anyio.create_task_group() as tasks,
    ):

        async def one(channel: asyncari.model.Channel) -> None:
            await channel.answer()
            await channel.play(media=f"sound:{prompt}")

        async def key(channel: asyncari.model.Channel) -> None:
            await channel.hangup()

        def began(objects: dict[str, asyncari.model.Channel], event: dict[str, object]) -> None:
            channel = objects["channel"]
            channel.on_event("ChannelDtmfReceived", lambda *_: tasks.start_soon(key, channel))
            tasks.start_soon(one, channel)

        client.on_channel_event("StasisStart", began)
        print("ready", flush=True)
        await anyio.sleep_forever()


anyio.run(main, int(sys.argv[1]), sys.argv[2], sys.argv[3])
