"""The `ivr` command as a person runs it, in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.cli.main import main
from ivr.settings import load
from ivr.store.database import Database


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


Ivr = Callable[..., Done]


@pytest.fixture
def ivr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ivr:
    """`ivr("tickets", "list")` → its exit status and what it printed."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["ivr", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An installation's folder with an empty store."""
    folder = tmp_path / "data"
    folder.mkdir()
    Database(load(folder).database_url).migrate()
    return folder
