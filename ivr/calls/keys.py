"""Keys that a phone has pressed and that nobody has read yet."""

import asyncio

MOST = 50


class Keys(asyncio.Queue[str]):
    """Whoever presses more than `MOST` while nobody reads has leaned on the keypad: the rest is dropped."""

    def __init__(self) -> None:
        super().__init__(MOST)

    def press(self, digit: str) -> None:
        if not self.full():
            self.put_nowait(digit)
