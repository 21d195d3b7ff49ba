"""Serves the application until SIGTERM."""

from collections.abc import Callable

from aiohttp import web

from ivr.ending import told_to_end


async def serve(make: Callable[[], web.Application], address: str, port: int) -> None:
    """`make` is called in the event loop that serves."""
    runner = web.AppRunner(make(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()
    await told_to_end().wait()
    await runner.cleanup()
