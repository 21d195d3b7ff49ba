"""Waiting for whichever comes first."""

import asyncio


async def first(within: float | None, *events: asyncio.Event) -> None:
    """Until one of these, or until the time (seconds; None: no end) is over."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    _, pending = await asyncio.wait(tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
