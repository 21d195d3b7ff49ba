"""A call from end to end: what the caller hears, what is recorded, what ticket comes of it."""

from pathlib import Path

import soundfile

from tests.live.conftest import GERMAN_PAYMENTS, SURVEY, Installation, Listener
from tests.live.sound import power, tone

# From Bolzano: one for German; then payments. Then talk, the survey 5, 4, none.


def test_a_caller_from_bolzano_is_served_in_german(
    installation: Installation, operator: str, listener: Listener, tmp_path: Path
) -> None:
    heard, before = tmp_path / "heard.wav", len(installation.tickets())
    operator_says, caller_says = tone(tmp_path / "operator.wav", 440), tone(tmp_path / "caller.wav", 1000, 120)
    manner = ("--talk", str(operator_says), "--hang-up-after", "9", "--disposition", "PQ", "--calls", "1")
    with installation.desk(operator, *manner) as desk:
        result = installation.call(
            "+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS + SURVEY,
            "--talk", str(caller_says), "--for", "90", "--save", str(heard),
        )  # fmt: skip
        assert result["answered"] and result["ended_by"] == "them"
        assert desk.process.wait(timeout=30) == 0

    for prompt, language in (
        ("welcome", "it"),
        ("german-or-italian", "de"),
        ("recorded", "de"),
        ("reasons", "de"),
        ("survey-correct", "de"),
        ("survey-courteous", "de"),
        ("goodbye", "de"),
    ):
        assert listener.likeness(heard, prompt, language) > 0.8, prompt
    assert listener.likeness(heard, "operator-code", "de", code=operator) > 0.8
    assert listener.likeness(heard, "closed", "de") < 0.5, "a prompt that was not played is not found"

    ticket = installation.newest_ticket(before)
    assert ticket["type"] == "PQ"
    assert ticket["fields"]["operator"] == operator
    assert ticket["fields"]["reason"] == "payments"

    recording = next(one for one in installation.ivr("recordings", "list") if one["call_id"] == ticket["call_id"])
    assert recording["language"] == "de" and recording["complete"]
    written = tmp_path / "conversation.wav"
    installation.ivr("recordings", "export", recording["id"], str(written))
    samples, rate = soundfile.read(written)
    info = soundfile.info(written)
    assert (rate, samples.shape[1], info.subtype, info.format) == (8000, 2, "PCM_16", "WAV")
    assert power(samples[:, 0], 1000) > 0.9, "left is the caller"
    assert power(samples[:, 1], 440) > 0.9, "right is the operator, and nothing of the prompts"
    installation.quiet()


def test_the_operator_is_asked_for_the_disposition_when_the_caller_leaves_first(
    installation: Installation, operator: str, tmp_path: Path
) -> None:
    before = len(installation.tickets())
    with installation.desk(operator, "--disposition", "A", "--calls", "1") as desk:
        installation.call("+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS, "--for", "36")
        assert desk.process.wait(timeout=40) == 0
    assert installation.newest_ticket(before)["type"] == "A"
    installation.quiet()
