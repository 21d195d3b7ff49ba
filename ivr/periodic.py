"""Work that a program does again and again beside its calls: one turn that fails does not end it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ivr.store.database import StoreError

log = logging.getLogger(__name__)


async def every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Until cancelled; `seconds` lie between the end of one turn and the next."""
    while True:
        await quietly(work())
        await asyncio.sleep(seconds)


async def quietly(work: Awaitable[object]) -> None:
    """A failure is logged; the next turn tries again."""
    try:
        await work
    except StoreError as error:
        log.error("periodic work failed: %s", error)
    except Exception:
        log.exception("periodic work failed")
