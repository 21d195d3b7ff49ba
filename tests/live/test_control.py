"""What a supervisor does about a live call, from the command line and by API: moves it while it waits, listens,
whispers, takes it over."""

import json
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from sqlalchemy import select

from ivr.store import calls
from ivr.store.database import Database
from ivr.store.schema import AuditEntry
from tests.live.conftest import GERMAN_PAYMENTS, Installation
from tests.live.sound import tone


def test_a_waiting_call_is_moved_then_listened_to_and_taken_over(
    installation: Installation, operator: str, tmp_path: Path
) -> None:
    chief, before = "4290", len(installation.tickets())
    installation.ivr("operators", "add", chief, "--name", "Carla", "--languages", "fr", "--queues", "privacy")
    (user,) = installation.ivr("users", "add", "carla", "--role", "supervisor", "--operator", chief)
    authorization = "Basic " + b64encode(f"carla:{user['password']}".encode()).decode()

    def api(path: str, body: dict[str, str] | None = None) -> Any:
        """Asks over real HTTP, with a body to do something. Raises HTTPError when it is refused."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{installation.settings.ports.web}/api{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": authorization},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.load(answer)

    def command(name: str, **body: str) -> None:
        api(f"/calls/{call}/commands/{name}", body)

    def stands(code: str) -> tuple[Any, ...]:
        one = next(one for one in api("/operators") if one["code"] == code)
        return one["state"], one["call"], one["queue"]

    def waiting(queue: str) -> list[str]:
        return [call["id"] for call in installation.ivr("queues", "calls", queue)]

    def served() -> list[str]:
        with Database(installation.settings.database_url).read() as session:
            return [row.node for row in calls.journey(session, call) if row.kind == "connected"]

    with installation.desk(operator, "--hang-up-after", "60"), installation.desk(chief):
        installation.ivr("operators", "state", operator, "paused", "--reason", "training")
        citizen = installation.place(
            "+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS, "--for", "65",
            "--talk", str(tone(tmp_path / "citizen.wav", 1000, 120)),
        )  # fmt: skip
        installation.until(lambda: waiting("payments") != [], within=45)
        (call,) = waiting("payments")
        installation.ivr("queues", "move", "payments", call, "--to", "complaints")
        assert (waiting("payments"), waiting("complaints")) == ([], [call])
        installation.ivr("operators", "state", operator, "ready")
        installation.until(lambda: stands(operator) == ("talking", call, "complaints"))
        installation.until(lambda: served() == [operator])
        assert installation.channels() == 2
        with pytest.raises(HTTPError) as refused:
            command("supervise", phone="page")
        assert refused.value.code == 409 and f"web-{chief} cannot be reached" in refused.value.read().decode()
        command("supervise", phone="sip")
        installation.until(
            lambda: installation.channels() == 8
        )  # the supervisor's phone, and what hears with other voices
        command("supervise", phone="sip", mode="whisper")
        command("supervise", phone="sip", mode="off")
        installation.until(lambda: installation.channels() == 2)
        installation.until(lambda: stands(chief)[0] == "ready")
        command("take-over")
        installation.until(lambda: stands(chief)[:2] == ("talking", call))
        installation.until(lambda: served() == [operator, chief])
        citizen.wait(timeout=90)
    ticket = installation.newest_ticket(before)
    assert (ticket["call_id"], ticket["fields"]["operator"]) == (call, chief)
    with Database(installation.settings.database_url).read() as session:
        one = calls.get(session, call)
        assert one is not None and one.queue == "complaints"
        acts = [(row.user, row.action) for row in session.scalars(select(AuditEntry)) if row.subject == call]
    assert acts == [
        ("command line", "move"),
        ("carla", "supervise listen"),  # refused
        ("carla", "supervise listen"),
        ("carla", "supervise whisper"),
        ("carla", "supervise off"),
        ("carla", "takeover"),
    ]
    installation.quiet()
