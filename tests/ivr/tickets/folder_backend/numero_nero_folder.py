"""An example of a backend of somebody else's: a folder with one JSON file a ticket.

`[tickets] backend = "folder"`, `[tickets.options] path = "/srv/tickets"`.
"""

import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ivr.tickets.backend import Backend, Refused, Seen, Unavailable
from ivr.tickets.backends import Means
from ivr.tickets.outcome import Draft
from ivr.tickets.states import told


def make(means: Means) -> "FolderBackend":
    return FolderBackend(Path(means.options["path"]))


class FolderBackend(Backend):
    """A file's name is the call's id, and it is made by a link, which fails when it is there: so there is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, call_ids: Collection[str]) -> dict[str, Seen]:
        self._look()
        return {call: Seen(call, self._read(call)["state"]) for call in call_ids if self._file(call).exists()}

    def create(self, draft: Draft) -> str:
        self._look()
        part = self._folder / f".{draft.call_id}-{os.urandom(4).hex()}"
        part.write_text(json.dumps({**_values(draft), "state": told(draft.state)}), "utf-8")
        try:
            os.link(part, self._file(draft.call_id))
        except FileExistsError:
            pass  # another was faster
        finally:
            part.unlink()
        return draft.call_id

    def update(self, reference: str, draft: Draft) -> None:
        self._change(reference, _values(draft))

    def comment(self, reference: str, text: str) -> None:
        said = self._read(reference).get("comments", [])
        self._change(reference, {"comments": said if text in said else [*said, text]})

    def attach(self, reference: str, title: str, address: str) -> None:
        self._change(reference, {"links": self._read(reference).get("links", {}) | {address: title}})

    def check(self) -> list[str]:
        return [] if self._folder.is_dir() else [f"{self._folder} is no folder: make it"]

    def _look(self) -> None:
        if not self._folder.is_dir():
            raise Unavailable(f"{self._folder} is no folder")

    def _file(self, call: str) -> Path:
        if "/" in call or call.startswith("."):
            raise Refused(f"'{call}' is no name of a file")
        return self._folder / f"{call}.json"

    def _read(self, reference: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file(reference).read_text("utf-8"))
        return found

    def _change(self, reference: str, values: dict[str, Any]) -> None:
        part = self._folder / f".{reference}-{os.urandom(4).hex()}"
        part.write_text(json.dumps(self._read(reference) | values), "utf-8")
        part.replace(self._file(reference))


def _values(draft: Draft) -> dict[str, Any]:
    return {"type": draft.type, "subject": draft.subject, "fields": draft.fields}
