"""How much asyncio reads from a socket at a time.

It asks for 256 KiB, makes an object of that size for it, and cuts it down to what came, mostly a few hundred bytes.
Some of these stay for a while, each where there was room for 256 KiB: the heap is left full of holes in which the next
one finds no place. A controller with 25 calls a second grew by 4 MB in three minutes, all of it holes (`malloc_info`).
"""

from asyncio import selector_events

SIZE = 16 * 1024  # bytes; most messages are smaller by far, and a larger one comes in several


def small() -> None:
    """From now on, for all connections of this process."""
    selector_events._SelectorTransport.max_size = SIZE  # type: ignore[attr-defined]  # nothing public sets it
