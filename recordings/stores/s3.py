"""A bucket of S3, Amazon's or another's that speaks it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from recordings.stores import NotStored, StorageError, checked

if TYPE_CHECKING:
    from obstore.store import S3Config

PART = 8 << 20  # bytes of a part of an upload; at most 10,000 parts make 80 GiB
AT_ONCE = 2  # parts on their way, so 32 MiB of memory at most
# A request that fails by a 5xx, a reset or a time-out is made again, after 0.1 to 5 s.
RETRIES = 10
TIME = timedelta(seconds=30)  # for one
PATIENCE = timedelta(seconds=60)  # for all
FIRST, LONGEST = timedelta(seconds=0.1), timedelta(seconds=5)


class S3:
    """`endpoint` is "" for Amazon's. Raises StorageError, as all do, when a server cannot be had for PATIENCE."""

    def __init__(self, bucket: str, *, endpoint: str, region: str, access_key: str, secret_key: str) -> None:
        self._bucket = bucket
        own: S3Config = {"endpoint": endpoint} if endpoint else {"virtual_hosted_style_request": True}
        self._store = S3Store(
            bucket,
            config=own,
            region=region,
            access_key_id=access_key,
            secret_access_key=secret_key,
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": TIME},
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": PATIENCE,
                "backoff": {"init_backoff": FIRST, "max_backoff": LONGEST, "base": 2},
            },
        )

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        checked(name)
        with self._errors(name):
            obstore.put(self._store, name, iter(pieces), chunk_size=PART, max_concurrency=AT_ONCE)

    def read(self, name: str, start: int, length: int) -> bytes:
        checked(name)
        with self._errors(name):
            return bytes(obstore.get_range(self._store, name, start=start, length=length))

    def size(self, name: str) -> int:
        checked(name)
        with self._errors(name):
            return int(obstore.head(self._store, name)["size"])

    def delete(self, name: str) -> None:
        checked(name)
        with self._errors(name):
            obstore.delete(self._store, name)

    def names(self, folder: str = "") -> Iterator[str]:
        prefix = checked(folder) if folder else None
        with self._errors(folder):
            for page in obstore.list(self._store, prefix=prefix):
                yield from (found["path"] for found in page)

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        place = f"s3://{self._bucket}/{name}"
        try:
            yield
        except FileNotFoundError as error:
            raise NotStored(f"{place}: is not there, or there is no such bucket") from error
        except (BaseError, OSError) as error:
            # The first line says what; the others are for the library's makers.
            raise StorageError(f"{place}: {str(error).partition(chr(10))[0].strip()}") from error
