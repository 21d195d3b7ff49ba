"""What comes in one piece is read in several, none larger than we say."""

import asyncio

import pytest

from ivr.cli import reads

SENT = 100_000


class Reader(asyncio.Protocol):
    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.whole = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.sizes.append(len(data))
        if sum(self.sizes) == SENT:
            self.whole.set()


async def test_a_large_message_is_read_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio.selector_events._SelectorTransport, "max_size", 256 * 1024)  # given back at the end
    reads.small()
    loop, reader = asyncio.get_running_loop(), Reader()
    server = await loop.create_server(lambda: reader, "127.0.0.1", 0)
    transport, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    transport.write(bytes(SENT))
    async with asyncio.timeout(5):
        await reader.whole.wait()
    transport.close()
    server.close()
    assert max(reader.sizes) <= reads.SIZE
