"""What is done with a call when it is over: its disposition by API, its recording, its purge."""

import json
import urllib.error
import urllib.request
from base64 import b64encode
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import soundfile

from tests.live.conftest import GERMAN_PAYMENTS, Installation

CALLER = "+390471000001"


def dispose(installation: Installation, call: str, body: Any, user: str = "", password: str = "") -> int:
    """PUT over real HTTP; returns the status."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{installation.settings.ports.web}/api/calls/{call}/disposition",
        method="PUT",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    if user:
        request.add_header("Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_disposition_by_api_then_export_and_purge(installation: Installation, operator: str, tmp_path: Path) -> None:
    with installation.desk(operator, "--hang-up-after", "9", "--disposition", "none", "--calls", "1") as desk:
        installation.call("+390600000001", "--from", CALLER, "--press", GERMAN_PAYMENTS, "--for", "50")
        assert desk.process.wait(timeout=40) == 0
    before = installation.tickets()

    # The recording is there while the ticket still waits for the operator's word.
    newest, *others = installation.ivr("recordings", "list", "--operator", operator)
    call, recording = newest["call_id"], newest["id"]
    assert call not in {ticket["call_id"] for ticket in before}, "the ticket waits for the disposition"
    assert newest["disposition"] == "" and newest["complete"] and newest["seconds"] > 3
    assert installation.ivr("recordings", "list", "--operator", "9999") == []
    shown = installation.ivr("recordings", "show", call)
    assert shown.items() >= {name: newest[name] for name in ("id", "call_id", "day", "seconds", "operator")}.items()
    written = tmp_path / "conversation.wav"
    assert installation.ivr("recordings", "export", recording, str(written))[0]["seconds"] == newest["seconds"]
    info = soundfile.info(written)
    assert (info.samplerate, info.channels, info.subtype) == (8000, 2, "PCM_16")
    assert abs(info.duration - newest["seconds"]) < 0.01
    assert "--force overwrites it" in installation.fails("recordings", "export", recording, str(written))
    installation.ivr("recordings", "export", recording, str(written), "--force")

    # Nobody says anything within the wrap-up: the ticket is made with the type of the house, and then changed.
    assert installation.ticket_of(CALLER, within=60)["type"] == "Q"
    admin = (installation.settings.secrets / "admin-password").read_text().strip()
    own = installation.ivr("users", "add", "anna", "--role", "operator", "--operator", operator)[0]["password"]
    other = installation.ivr("users", "add", "bruno", "--role", "operator", "--operator", "9999")[0]["password"]
    assert dispose(installation, call, {"disposition": "PA"}) == 401
    assert dispose(installation, call, {"disposition": "PA"}, "anna", "wrong") == 401
    assert dispose(installation, call, {"disposition": "PA"}, "bruno", other) == 403
    assert dispose(installation, call, {"disposition": "X"}, "anna", own) == 400
    assert dispose(installation, "none", {"disposition": "PA"}, "admin", admin) == 404
    for user, password, disposition in (("anna", own, "PA"), ("admin", admin, "I")):
        assert dispose(installation, call, {"disposition": disposition}, user, password) == 200
        installation.until(lambda wanted=disposition: installation.ticket_of(CALLER)["type"] == wanted)
        assert installation.ivr("recordings", "show", recording)["disposition"] == disposition
    assert len(installation.tickets()) == len(before) + 1

    # The house itself looks each night for what is over, and when it is started after a missed one.
    installation.until(lambda: "the purge is over" in installation.log(), within=40)

    # Kept through the 180th day after its own, then gone.
    day = date.fromisoformat(newest["day"])
    last, gone = (f"{day + timedelta(days=days)}T03:00" for days in (180, 181))
    file = installation.settings.recordings_folder / shown["file"]
    assert recording not in purged(installation, "--at", last)
    everything = {recording, *(one["id"] for one in others)}
    assert everything <= purged(installation, "--at", gone, "--dry-run")
    assert file.exists() and installation.ivr("recordings", "show", recording)["purged"] is False
    assert everything <= purged(installation, "--at", gone)
    assert not file.exists()
    assert purged(installation, "--at", gone) == set()
    assert installation.ivr("recordings", "list", "--operator", operator) == []
    assert installation.ivr("recordings", "show", recording)["purged"] is True
    assert "its time was over" in installation.fails("recordings", "export", recording, str(tmp_path / "late.wav"))
    assert not (tmp_path / "late.wav").exists()


def purged(installation: Installation, *arguments: str) -> set[str]:
    rows = installation.ivr("purge", *arguments)
    assert all(row["problem"] == "" for row in rows)
    return {row["recording_id"] for row in rows}
