"""How our programs are told to end: by SIGTERM, and by a Ctrl-C at their terminal."""

import asyncio
import signal


def told_to_end() -> asyncio.Event:
    """Is set when this program is told so. From the running loop's own thread."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told
