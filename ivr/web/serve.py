"""Serves the application until SIGTERM."""

import asyncio
import signal
from collections.abc import Callable

from aiohttp import web


async def serve(make: Callable[[], web.Application], address: str, port: int) -> None:
    """`make` is called in the event loop that serves."""
    runner = web.AppRunner(make(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()
