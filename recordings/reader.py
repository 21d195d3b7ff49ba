"""Reading a sealed recording as if it were its WAV: a file that can be read and sought, in constant memory."""

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordings.sealed import CHUNK, HEADER, TAG, Damaged, nonce, prefix_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SEALED = CHUNK + TAG
SPAN = 16  # chunks fetched at once, at most: as many as are asked for


def whole(reader: io.RawIOBase) -> Iterator[bytes]:
    """All that is left of it, a mebibyte at a time at most."""
    while piece := reader.read(SPAN * CHUNK):
        yield piece


class Reader(io.RawIOBase):
    """Opens only the chunks that are read. `fetch(start, length)` gives bytes of the sealed form, of which there are
    `length`; `bound` is its context. A read may give less than was asked for, as RawIOBase says; `whole` does not.
    Raises Damaged, here and in each read, and whatever `fetch` raises."""

    def __init__(self, fetch: Callable[[int, int], bytes], length: int, key: bytes, bound: bytes, name: str) -> None:
        self._fetch, self._length, self._name = fetch, length, name
        header = fetch(0, min(HEADER, length))
        self._prefix = prefix_of(header, name)
        self._cipher, self._bound = AESGCM(key), header + bound
        body = length - HEADER
        self._count = max(1, -(-body // SEALED))
        last = body - (self._count - 1) * SEALED - TAG
        if last < (self._count > 1):
            raise Damaged(f"{name}: it was cut off at byte {length}")
        self.size = body - self._count * TAG
        self._position = 0
        self._held, self._chunk = self._count - 1, self._open(self._count - 1, 1)[0]  # so the size is the true one

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self.size - self._position)
        if wanted <= 0:
            return 0
        first, offset = divmod(self._position, CHUNK)
        if first == self._held:
            chunks = [self._chunk]
        else:
            chunks = self._open(first, min(-(-(offset + wanted) // CHUNK), SPAN))
            self._held, self._chunk = first + len(chunks) - 1, chunks[-1]
        done = 0
        for chunk in chunks:
            part = chunk[offset : offset + wanted - done]
            view[done : done + len(part)] = part
            done, offset = done + len(part), 0
        self._position += done
        return done

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"{self._name}: there is nothing before its begin")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def _open(self, first: int, count: int) -> list[bytes]:
        start = HEADER + first * SEALED
        length = min(count * SEALED, self._length - start)
        body = memoryview(self._fetch(start, length))
        if len(body) != length:
            raise Damaged(f"{self._name}: it was cut off at byte {start + len(body)}, or changed while it was read")
        return [self._decrypt(first + index, body[index * SEALED : (index + 1) * SEALED]) for index in range(count)]

    def _decrypt(self, number: int, body: memoryview) -> bytes:
        used = nonce(self._prefix, number, number == self._count - 1)
        try:
            return self._cipher.decrypt(used, body, self._bound)
        except InvalidTag:
            raise Damaged(
                f"{self._name}: chunk {number} of {self._count} does not open: it was altered, cut off, or belongs to "
                "another recording, or the key is not its own; restore it from the backup"
            ) from None
