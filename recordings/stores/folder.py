"""A folder, of this machine or shared by several."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recordings.stores import NotStored, StorageError, checked


class Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        path = self._path(name)
        part = _part(path)
        with _errors(path):
            _make(path.parent)
            try:
                with part.open("wb") as file:
                    file.writelines(pieces)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            _sync(path.parent)

    def read(self, name: str, start: int, length: int) -> bytes:
        path = self._path(name)
        with _errors(path), path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), length, start)

    def size(self, name: str) -> int:
        path = self._path(name)
        with _errors(path):
            return path.stat().st_size

    def delete(self, name: str) -> None:
        path = self._path(name)
        with _errors(path):
            path.unlink(missing_ok=True)
            _part(path).unlink(missing_ok=True)  # of a crash

    def names(self, folder: str = "") -> Iterator[str]:
        top = self._path(folder) if folder else self._root
        with _errors(top):
            if top.is_dir():
                yield from (path.relative_to(self._root).as_posix() for path in _files(top))

    def _path(self, name: str) -> Path:
        return self._root / checked(name)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotStored(f"{path}: is not there; restore it from the backup") from None
    except OSError as error:
        place = error.filename or path  # also of what is read, to be put
        raise StorageError(f"{place}: {error.strerror}; look at the disk and the folder's rights") from error


def _files(folder: Path) -> Iterator[Path]:
    """In order; without what is being written (its name begins with a dot, which no stored one does)."""
    with os.scandir(folder) as found:
        entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield Path(entry.path)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """What was made in it is there after a power failure, too."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
