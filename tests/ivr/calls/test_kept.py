import time

import pytest

from ivr.calls import kept
from ivr.calls.talk import Talk
from ivr.flow import words

STATE = words.State("line", "ask", "it", {"code": "12"}, 7, {"collect": "digits", "digits": "12", "id": 7})


def test_what_is_kept_is_read_as_it_was() -> None:
    conversation = kept.Conversation(
        asked=words.Enqueue("payments", ("it", "tax>=4"), 2, 600.0), came=12.5, queued_at=13.0, waited=1.5, offers=3,
        leg="c-operator-3", operator="4271", phone="op-4271", number=3, talk=Talk("4271", held=True), talk_since=20.0,
    )  # fmt: skip
    one = kept.Kept("c", 4, "line", words.Facts("c", "+39"), STATE, conversation, True, ["c-m2"], "payments")
    assert kept.read(kept.encode(one).decode()) == one


def test_an_older_version_left_less() -> None:
    one = kept.read('{"call":"c","version":1,"flow":"f","facts":{"call_id":"c","called":"+39"},"state":{"flow":"f",'
                    '"node":"n","language":"it"},"what_a_newer_one_adds":1}')  # fmt: skip
    assert one is not None and one.conversation == kept.Conversation() and one.state.node == "n"


@pytest.mark.parametrize("text", ["", "{}", "nonsense", '{"call": 1}'])
def test_what_cannot_be_read_is_nothing(text: str) -> None:
    assert kept.read(text) is None


def test_times_survive_another_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic() - 30.0
    at = kept.to_clock(began)
    monkeypatch.setattr("ivr.calls.kept.time", _Machine())
    assert abs(kept.from_clock(at) - (_Machine().monotonic() - 30.0)) < 0.1
    assert kept.to_clock(0.0) == kept.from_clock(0.0) == 0.0


class _Machine:
    """Another one, which was started at another time."""

    def monotonic(self) -> float:
        return time.monotonic() + 5000.0

    def time(self) -> float:
        return time.time()
