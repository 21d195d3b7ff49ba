"""From `ivr invite` to the folder of a controller on another machine."""

import json
from pathlib import Path

import pytest

from ivr.cli import invitation
from ivr.cli.installation import InstallationError, link_key
from ivr.problem import Problem
from ivr.settings import Settings, load

STORE = "postgresql+psycopg://ivr:p%40ss@192.0.2.1/ivr?sslmode=verify-full"


def house(folder: Path, store: str = STORE, listen: str = "192.0.2.1") -> Settings:
    given = {
        "MACHINES__LISTEN": listen, "STORE__URL": store, "SIP__TRUNK_TO": "sip.example.it:5060", "PORTS__BASE": "21000",
        "ADMISSION__CALLS": "77", "CALLBACKS__AGAIN": "1.5,2", "RECORDINGS__MIN_FREE": "5",
        "CLOCK__AT": "2026-11-24T10:00:00+01:00",
    }  # fmt: skip
    return load(folder, environment={f"NUMERO_NERO_{name}": value for name, value in given.items() if value})


def test_the_other_machine_knows_what_calls_go_by_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, file, data = house(tmp_path / "here"), tmp_path / "invitation", tmp_path / "there"
    monkeypatch.setattr(invitation, "_towards", lambda address: "192.0.2.7")
    invitation.write(here, file)
    assert file.stat().st_mode & 0o777 == 0o600
    invitation.join(file, data)
    there = load(data, environment={})
    for section in invitation.SECTIONS:
        assert getattr(there, section) == getattr(here, section), section
    assert (there.machines.listen, there.machines.asterisk) == ("192.0.2.7", "192.0.2.1")
    assert there.recordings.min_free != here.recordings.min_free, "recordings are not its business"
    kept = {path.name for path in (data / "secrets").iterdir()}
    assert kept == {"asterisk", "link", "phones", "machines-certificate.pem", "machines-key.pem"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (data / "secrets").iterdir())
    assert link_key(there).token == link_key(here).token
    with pytest.raises(Problem, match="is there already; leave out --join"):
        invitation.join(file, data)
    with pytest.raises(Problem, match="cannot be made"):
        invitation.write(here, file)


@pytest.mark.parametrize(
    ("store", "listen", "why"),
    [
        (STORE, "", "machines.listen"),
        ("postgresql+psycopg:///ivr?host=/run/postgresql", "192.0.2.1", "under an address of the network"),
        ("postgresql+psycopg://localhost/ivr?sslmode=verify-full", "192.0.2.1", "under an address of the network"),
        ("postgresql+psycopg://192.0.2.1/ivr", "192.0.2.1", "in clear: end it with .sslmode=verify-full"),
        ("postgresql+psycopg://192.0.2.1/ivr?sslmode=prefer", "192.0.2.1", "in clear"),
    ],
)
def test_what_another_machine_could_not_use_is_refused(tmp_path: Path, store: str, listen: str, why: str) -> None:
    with pytest.raises(Problem, match=why):
        invitation.write(house(tmp_path, store, listen), tmp_path / "invitation")
    assert not (tmp_path / "invitation").exists()


def test_what_is_no_invitation_makes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "invitation"
    for text in ("{", "{}", json.dumps({"asterisk": "192.0.2.1", "settings": {}})):
        file.write_text(text)
        with pytest.raises(Problem, match="no invitation"):
            invitation.join(file, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_folder_that_lost_its_secrets_makes_none_of_its_own(tmp_path: Path) -> None:
    given = {"MACHINES__LISTEN": "192.0.2.7", "MACHINES__ASTERISK": "192.0.2.1", "STORE__URL": STORE}
    settings = load(tmp_path, environment={f"NUMERO_NERO_{name}": value for name, value in given.items()})
    with pytest.raises(InstallationError, match="--join FILE"):
        link_key(settings)
