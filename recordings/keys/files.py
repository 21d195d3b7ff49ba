"""KEKs in files of the secrets' folder, one each, as 64 hex digits, readable by their owner alone."""

from pathlib import Path

from ivr.secret_file import made_once
from recordings.keys.local import SIZE, Local
from recordings.keys.ring import Kek, KeyProblem, copy_of


class Files:
    def __init__(self, folder: Path) -> None:
        self._folder, self.name = folder, str(folder)

    def ids(self) -> list[str]:
        return [path.name for path in self._folder.glob("*-*") if copy_of(path.name)]

    def get(self, id: str) -> Kek:
        path = self._folder / id
        try:
            return Local.of(id, path.read_text("ascii").strip(), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise KeyProblem(f"{path}: the key cannot be read: {error}") from error

    def make(self, id: str) -> None:
        try:
            made_once(self._folder / id, SIZE)
        except OSError as error:
            raise KeyProblem(f"{self._folder / id}: the key cannot be made: {error.strerror}") from error

    def remove(self, id: str) -> None:
        try:
            (self._folder / id).unlink()
        except OSError as error:
            raise KeyProblem(f"{self._folder / id}: the key cannot be removed: {error.strerror}") from error
