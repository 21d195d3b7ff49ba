"""What a ticket's fields are called, and how their values are read."""

from datetime import UTC, datetime

import pytest

from ivr.store.schema import Call
from ivr.store.tickets import KNOWN
from ivr.tickets.outcome import Policy, draft
from ivr.web.fields import ELSEWHERE, lines
from ivr.web.labels import LANGUAGES, labels

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


def local(at: datetime) -> str:
    return f"{at:%H:%M}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_call_says_of_its_ticket_is_said_in_words(language: str) -> None:
    said = {"fields": {"reason": "tax", "numero_avviso": "17"}}
    call = Call(
        id="c", caller="", outcome="served", queue="app", operator="4271", language="it", started_at=AT, talked=83.2,
        callback_of="b", disposition="Q", note="wrote", flow="f", ticket=said,
    )  # fmt: skip
    fields = draft(call, Policy()).fields | {"message": "/recordings/c-m1/audio", "survey.after.clear": "4"}
    words = labels(language)["field"]
    assert set(fields) | KNOWN <= words.keys() | {*ELSEWHERE, "reason", "numero_avviso", "survey.after.clear"}
    shown = dict(lines(fields, labels(language), local))
    assert shown.keys().isdisjoint(words.keys() | ELSEWHERE | {"survey.after.clear"})
    assert (shown["reason"], shown["numero_avviso"]) == ("tax", "17")
    told = [shown[words[name]] for name in ("outcome", "started_at", "talked", "callback_of", "note")]
    assert told == [labels(language)["outcome"]["served"], "09:00", "1:23", "b", "wrote"]
    assert shown[words["survey"].format(survey="after", question="clear")] == "4"


def test_what_does_not_look_like_ours_stays_as_it_is() -> None:
    fields = {"outcome": "paid", "started_at": "soon", "talked": "a lot", "note": "", "<b>": 3, "survey.x": "y"}
    assert [value for _, value in lines(fields, labels("it"), local)] == ["paid", "soon", "a lot", "3", "y"]
    assert lines({"<b>": 3, "survey.x": "y"}, labels("it"), local) == [("<b>", "3"), ("survey.x", "y")]
