"""The table from outcome to ticket, and what a ticket may show of a caller."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.settings import SettingsError, load
from ivr.store.numbers import pseudonym
from ivr.store.schema import Call
from ivr.tickets.outcome import Policy, Shown, draft, given_up_in, places
from ivr.tickets.table import DEFAULT, Facts, Row, When, check, deciding, type_of

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
NUMBER = "+393331234567"


def call(**fields: Any) -> Call:
    usual = {"outcome": "served", "queue": "", "operator": "", "language": "it", "disposition": "", "note": ""}
    rest = {"caller": "", "talked": 12.4, "ticket": {}, "callback_of": "", "flow": "f", "started_at": NOW}
    return Call(**{"id": "c", **usual, **rest, **fields})


def row(type: Any = "Q", *, when: dict[str, Any] | None = None, **ticket: Any) -> Row:
    return Row(when=When.model_validate(when or {}), type=type, **ticket)


@pytest.mark.parametrize(
    ("outcome", "said", "disposition", "type", "state"),
    [
        ("served", "", "", "Q", "new"),
        ("served", "PQ", "", "PQ", "new"),
        ("served", "PQ", "PI", "PI", "new"),
        ("served", "B", "A", "A", "new"),
        ("abandoned", "", "", "Q", "new"),
        ("callback", "", "", "Q", "new"),
        ("callback", "A", "", "A", "new"),
        ("self-served", "", "", "B", "closed"),
        ("self-served", "B", "", "B", "closed"),
        ("self-served", "I", "", "I", "new"),
        ("voicemail", "", "", "B", "new"),
        ("voicemail", "B", "", "B", "new"),
        ("closed", "", "", "B", "closed"),
        ("failed", "", "", "B", "new"),
        ("", "", "", "B", "new"),
    ],
)
def test_the_table_that_comes_with_it(outcome: str, said: str, disposition: str, type: str, state: str) -> None:
    """The types are those that calls had before there was a table."""
    check(DEFAULT)
    facts = Facts(outcome, said=said, disposition=disposition)
    decided = DEFAULT[deciding(facts, DEFAULT)]
    assert (type_of(facts, decided), decided.state) == (type, state)


def test_the_first_row_that_fits_decides_and_fills_the_ticket() -> None:
    table = (
        row("PQ", when={"reason": ["privacy", "gdpr"], "language": "it"}, queue="privacy", priority="high"),
        row("A", when={"outcome": "abandoned", "place": ["queue", "ringing"]}, subject="Left {queue}: {reason}"),
        row("said", when={"said": "given", "disposition": "none"}, fields={"about": "{reason}/{place}/{nothing}"}),
        row("B", language="en", subject="{outcome} {"),
    )
    with pytest.raises(ValueError, match=r"table, row 3: fields\.about: there is no \{nothing\}"):
        check(table)
    with pytest.raises(ValueError, match="table, row 3: subject: a brace stands alone"):
        check((*table[:2], table[3]))
    table = (*table[:2], row("said", when={"said": "given", "disposition": "none"}), row("B", language="en"))
    check(table)
    policy = Policy(table)
    one = draft(call(ticket={"type": "Q", "subject": "x", "fields": {"reason": "gdpr"}}, queue="desk"), policy)
    assert (one.type, one.queue, one.fields["queue"], one.priority, one.subject) == (
        "PQ",
        "privacy",
        "privacy",
        "high",
        "x",
    )
    one = draft(call(outcome="abandoned", queue="desk", ticket={"fields": {"reason": "a {b}"}}), policy, "queue")
    assert (one.type, one.subject) == ("A", "Left desk: a {b}")
    one = draft(call(outcome="abandoned", ticket={"type": "I", "subject": "s"}), policy, "flow")
    assert (one.type, one.subject) == ("I", "s")
    one = draft(call(outcome="abandoned", disposition="Q", ticket={"type": "I"}), policy, "flow")
    assert (one.type, one.language, one.fields["language"], one.subject) == ("B", "en", "en", "Call, abandoned")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ((), "table: has no row"),
        ((row(when={"outcome": "served"}),), "row 1: the last row must have no `when`"),
        ((row(), row()), "row 2: never decides: row 1 comes first"),
        ((row(when={"said": "given"}), row(when={"said": ["Q", "A"]}), row()), "row 2: never decides: row 1"),
        (
            (row(when={"outcome": ["served", "failed"]}), row(when={"outcome": "served", "queue": "x"}), row()),
            "row 2: never decides: row 1",
        ),
        ((row("said"),), 'row 1: type = "said" needs when.said = "given"'),
        ((row("disposition", when={"disposition": ["none", "Q"]}), row()), "row 1: type = .disposition. needs"),
        ((row(when={"place": "queue"}), row()), "row 1: when.place is where a caller gave up"),
    ],
)
def test_a_table_that_cannot_be_meant(table: tuple[Row, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check(table)


def test_rows_that_differ_are_no_repetition() -> None:
    check(
        (row(when={"said": ["Q", "A"]}), row(when={"said": "given"}), row(when={"said": "none", "queue": "x"}), row())
    )


def test_a_mistake_in_the_settings_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "numero-nero.toml"
    for text, problem in (
        ('[[tickets.table]]\nwhen = {outcome = "servd"}\ntype = "Q"\n', r"tickets\.table\.row 1\.when\.outcome"),
        ('[[tickets.table]]\ntype = "X"\n', r"tickets\.table\.row 1\.type"),
        ('[[tickets.table]]\ntype = "Q"\nsubjet = "x"\n', r"tickets\.table\.row 1\.subjet"),
        ('[[tickets.table]]\ntype = "said"\n', "tickets: .*table, row 1: type"),
        ('[tickets]\nserved = "Q"\n', r"tickets\.served"),
        ("[tickets.prices]\nQ = -1\n", r"tickets\.prices\.Q"),
        ("[tickets.targets]\nQ = 0\n", r"tickets\.targets\.Q"),
    ):
        file.write_text(text)
        with pytest.raises(SettingsError, match=f"{file}: {problem}"):
            load(tmp_path, environment={})
    file.write_text('[tickets]\ncaller = "digits"\n[[tickets.table]]\ntype = "PI"\n')
    assert load(tmp_path, environment={}).tickets.policy("k") == Policy((row("PI"),), "digits", 3, "k")


def test_a_table_from_the_environment_is_json(tmp_path: Path) -> None:
    """As `ivr flow test --live` hands the house's own to the installation of the tests."""
    name = "NUMERO_NERO_TICKETS__TABLE"
    written = json.dumps([one.model_dump(mode="json") for one in DEFAULT])
    assert load(tmp_path, environment={name: written}).tickets.table == DEFAULT
    with pytest.raises(SettingsError, match=f"{name}: this is not JSON"):
        load(tmp_path, environment={name: "Q"})
    with pytest.raises(SettingsError, match="row 1: the last row must have no `when`"):
        load(tmp_path, environment={name: '[{"when": {"outcome": "served"}, "type": "Q"}]'})


@pytest.mark.parametrize(
    ("shown", "field", "in_words"),
    [
        ("none", None, "***"),
        ("digits", "…567", "…567"),
        ("pseudonym", pseudonym(NUMBER, "k"), pseudonym(NUMBER, "k")),
        ("whole", NUMBER, None),
    ],
)
def test_of_a_caller_a_ticket_shows_what_the_settings_allow(
    shown: Shown, field: str | None, in_words: str | None
) -> None:
    said = {"subject": "Call 3331234567", "fields": {"reason": "39 333", "number": NUMBER, "other": "+39063331234"}}
    one = draft(call(caller=NUMBER, note=f"ask 393331234567 or {NUMBER}", ticket=said), Policy(caller=shown, key="k"))
    assert one.fields.get("caller") == field and one.caller == (field or "")
    if in_words is None:
        assert (one.subject, one.fields["number"]) == ("Call 3331234567", NUMBER)
    else:
        assert (one.subject, one.fields["number"]) == (f"Call {in_words}", in_words)
        assert one.fields["note"] == f"ask {in_words} or {in_words}"
    assert one.fields["other"] == "+39063331234", "another number"


def test_a_number_whose_time_is_over_and_one_that_is_withheld() -> None:
    kept = pseudonym(NUMBER, "k")
    for shown, field in (("none", ""), ("digits", ""), ("pseudonym", kept), ("whole", kept)):
        assert draft(call(caller=kept), Policy(caller=shown, key="k")).caller == field  # type: ignore[arg-type]
        assert draft(call(caller=""), Policy(caller=shown, key="k")).caller == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("journey", "place"),
    [
        ("node key caller-hung-up", "flow"),
        ("node queue prompt caller-hung-up", "queue"),
        ("queue offer-1 caller-hung-up offer-withdrawn-1", "ringing"),
        ("queue offer-1 offer-missed-1 caller-hung-up", "queue"),
        ("queue offer-1 offer-2 offer-missed-1 caller-hung-up", "ringing"),
        ("queue offer-1 offer-withdrawn-1 queue-exit caller-hung-up", "flow"),
        ("queue offer-1 operator-lost ended", "queue"),
        ("", "flow"),
    ],
)
def test_where_a_caller_gave_up(journey: str, place: str) -> None:
    def entry(word: str) -> tuple[str, dict[str, str]]:
        kind, _, operator = word.rpartition("-") if word[-1].isdigit() else (word, "", "")
        return kind, {"operator": operator}

    entries = [entry(word) for word in journey.split()]
    assert given_up_in(entries) == place
    if entries:
        assert places([("c", *one) for one in entries] + [("d", "queue", {})]) == {"c": place, "d": "queue"}
