"""Operators' states from the command line, carried out by the controller."""

from tests.live.conftest import Installation


def test_states_from_the_command_line(installation: Installation, operator: str) -> None:
    def stands(*state: str) -> tuple[str, str]:
        told = installation.ivr("operators", "state", operator, *state)
        return told["state"], told["reason"]

    assert stands("ready") == ("ready", "")
    assert stands("paused", "--reason", "training") == ("paused", "training")
    installation.until(lambda: _listed(installation, operator) == ("paused", "training"))
    assert stands("signed-out") == ("signed-out", "")
    installation.until(lambda: _listed(installation, operator) == ("signed-out", ""))
    assert "is not signed in" in installation.fails("operators", "state", operator, "paused", "--reason", "lunch")
    assert "there is no operator 999" in installation.fails("operators", "state", "999", "ready")
    token = (installation.settings.secrets / "link").read_text().strip()
    assert token and not any(token in log.read_text() for log in installation.settings.logs.glob("*.log"))


def _listed(installation: Installation, code: str) -> tuple[str, str]:
    return next((one["state"], one["reason"]) for one in installation.ivr("operators", "list") if one["code"] == code)
