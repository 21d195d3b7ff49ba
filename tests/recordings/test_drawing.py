"""Samples in a real store: exact, without repeats, the same again from the same seed, and shown as they were drawn."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from ivr.store import audit, operators
from ivr.store import catalogue as rows
from ivr.store.database import Database
from ivr.store.schema import CatalogueRow, Recording, Sample, SampleItem, SurveyAnswer
from recordings import belongings, catalogue, samples
from recordings.criteria import CriterionError, conditions
from recordings.drawing import Plan, draw
from recordings.pseudonyms import Naming, pseudonym
from recordings.strata import BY as NAMES
from tests.recordings.kept import ROME, keep

KEY = "of the tests"
QUEUES = ("app", "app", "app", "app", "payments", "payments", "send")
LANGUAGES = ("it", "it", "it", "de")
SECONDS, WAITED, CLEAR = (30.0, 90.0, 2000.0), (0.5, 45.0), (None, 1, 2, 5, None)
COUNT = 84


@pytest.fixture
def kept(database: Database) -> None:
    """84 conversations in 7 weeks, and a message."""
    with database.transaction() as session:
        for number in range(COUNT):
            begun = datetime(2027, 1, 4, 8 + number % 3) + timedelta(days=number // 2)
            keep(
                session, f"c{number}", begun, queue=QUEUES[number % 7], language=LANGUAGES[number % 4],
                operator=str(4000 + number % 2), outcome="served", seconds=SECONDS[number % 3],
                waited=WAITED[number % 2], survey={"clear": CLEAR[number % 5]} if number % 2 else None,
            )  # fmt: skip
        keep(session, "m", datetime(2027, 1, 4, 9), kind="message", queue="app", language="it")


def drawn(database: Database, name: str, by: Sequence[str] = (), *, veiled: bool = False, **plan: Any) -> list[str]:
    """Ids in the order of the sample."""
    one = Plan(name=name, by=list(by), **{"seed": 1, **plan})
    draw(database, one, zone=ROME, key=KEY, veiled=veiled, user="rossi")
    return ids(database, name)


def ids(database: Database, name: str) -> list[str]:
    with database.read() as session:
        chosen = select(SampleItem.recording_id).where(SampleItem.sample == name).order_by(SampleItem.place)
        return list(session.scalars(chosen))


def shown(database: Database, name: str) -> dict[str, Any]:
    with database.read() as session:
        return samples.show(session, name)


def forget(database: Database) -> None:
    with database.transaction() as session:
        session.execute(delete(SampleItem))
        session.execute(delete(Sample))


BY = st.lists(
    st.sampled_from(["queue", "language", "hours", "weekday", "operator", "outcome", "duration", "survey:clear"]),
    max_size=3,
    unique=True,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=st.lists(st.tuples(BY, st.integers(1, 60), st.booleans(), st.integers(0, 3)), min_size=1, max_size=4))
def test_samples_are_exact_have_no_repeats_and_can_be_drawn_again(
    database: Database, kept: None, plans: list[tuple[list[str], int, bool, int]]
) -> None:
    def all_drawn() -> list[list[str]]:
        forget(database)
        left, lists = COUNT, []
        for number, (by, size, equal, seed) in enumerate(plans):
            if not left:
                with pytest.raises(
                    samples.SampleError, match=f"all {COUNT} recordings that fit are in samples already"
                ):
                    drawn(database, f"s{number}", by, size=size)
                break
            lists.append(drawn(database, f"s{number}", by, size=size, equal=equal, seed=seed))
            row = shown(database, f"s{number}")
            assert row["drawn"] == row["open"] == len(lists[-1]) == min(size, left)
            assert sum(one["there"] for one in row["strata"]) == left and row["left_out"] == COUNT - left
            left -= len(lists[-1])
        return lists

    lists = all_drawn()
    every = [id for one in lists for id in one]
    assert len(every) == len(set(every)) and "m-1" not in every
    assert all_drawn() == lists


def test_strata_say_how_many_there_were_and_are_drawn_in_proportion(database: Database, kept: None) -> None:
    list_ = drawn(database, "q1", ["queue", "language"], size=28)
    strata = {tuple(one["values"]): one for one in shown(database, "q1")["strata"]}
    there = Counter((QUEUES[number % 7], LANGUAGES[number % 4]) for number in range(COUNT))
    assert {key: one["there"] for key, one in strata.items()} == there
    with database.read() as session:
        rows = session.execute(
            select(CatalogueRow.queue, CatalogueRow.language).where(CatalogueRow.recording_id.in_(list_))
        )
        found = Counter((queue, language) for queue, language in rows)
    assert {key: one["drawn"] for key, one in strata.items() if one["drawn"]} == found
    assert strata["app", "it"]["drawn"] == 12 and strata["send", "de"]["drawn"] == 1
    assert 0.2 < strata["app", "it"]["low"] < 0.5 < strata["app", "it"]["high"] < 0.8


def test_a_search_by_the_values_of_a_stratum_finds_it(database: Database, kept: None) -> None:
    with database.transaction() as session:
        for code in ("4000", "4001"):
            operators.add(session, code, "Anna", ["it"], ["all"], datetime.now(UTC))
    every = [*NAMES, "survey:clear"]
    for by in [every, ["duration", "wait", "survey:clear"], *([name] for name in every)]:
        drawn(database, "a", by, size=1)
        for stratum in shown(database, "a")["strata"]:
            told = zip(by, stratum["values"], strict=True)
            given = {name.partition(":")[0]: [value] for name, value in told if value}  # nothing is no criterion
            with database.read() as session:
                wanted = conditions(given | {"kind": ["conversation"]}, ROME, Naming(session, KEY, veiled=False).meant)
                found = catalogue.find(session, wanted, limit=COUNT).rows
            assert len(found) == stratum["there"], (by, stratum)
        forget(database)


def test_bands_hold_what_is_as_long_as_their_end(database: Database) -> None:
    with database.transaction() as session:
        for number, (seconds, waited) in enumerate(((60.0, 0.0), (60.01, 10.0), (1200.0, 10.01), (1200.01, 300.01))):
            keep(session, f"c{number}", datetime(2027, 1, 4, 9), seconds=seconds, waited=waited)
    drawn(database, "a", ["duration", "wait"], size=4)
    strata = [(*one["values"], one["there"], one["drawn"]) for one in shown(database, "a")["strata"]]
    assert strata == [
        ("-60", "-10", 1, 1), ("60-180", "-10", 1, 1), ("600-1200", "10-30", 1, 1), ("1200-", "300-", 1, 1)
    ]  # fmt: skip


def test_of_several_answers_to_a_question_the_lowest_counts(database: Database) -> None:
    with database.transaction() as session:
        for number, answer in enumerate((4, 5, None)):
            keep(session, f"c{number}", datetime(2027, 1, 4, 9), survey={"clear": answer, "kind": 1})
        session.add(SurveyAnswer(call_id="c0", survey="another", question="clear", answer=2))
        session.flush()
        rows.refresh(session, ["c0"])
    drawn(database, "a", ["survey:clear", "survey:kind"], size=3)
    assert [(one["values"], one["there"]) for one in shown(database, "a")["strata"]] == [
        (["clear:none", "kind:1"], 1), (["clear:2", "kind:1"], 1), (["clear:5", "kind:1"], 1)
    ]  # fmt: skip


def test_another_seed_draws_others_and_no_seed_is_chance_that_is_kept(database: Database, kept: None) -> None:
    first = drawn(database, "a", size=20, seed=1)
    forget(database)
    assert drawn(database, "a", size=20, seed=2) != first
    forget(database)
    plan = Plan(name="a", size=20)
    draw(database, plan, zone=ROME, key=KEY, veiled=False, user="rossi")
    assert shown(database, "a")["seed"] == plan.seed
    by_chance = ids(database, "a")
    forget(database)
    assert drawn(database, "a", size=20, seed=plan.seed) == by_chance


def test_a_share_and_criteria_choose_what_is_drawn_from(database: Database, kept: None) -> None:
    assert len(drawn(database, "a", share=0.1)) == 8
    forget(database)
    everything = drawn(database, "b", size=500, criteria={"queue": ["send"], "language": ["it", "de"]})
    row = shown(database, "b")
    assert len(everything) == row["there"] == row["drawn"] == 12 and row["size"] == 500
    whole = {"values": [], "there": 12, "drawn": 12, "low": 0.5, "high": 0.5}
    assert row["strata"] == [whole | {"reviewed": 0, "reviewed_low": 0.0, "reviewed_high": 1.0}]
    assert drawn(database, "c", share=1.0, messages=True, criteria={"kind": ["message"]}) == ["m-1"]
    with pytest.raises(samples.SampleError, match="no recording fits"):
        drawn(database, "d", size=1, criteria={"queue": ["nowhere"]})


def test_two_who_draw_at_once_draw_different_ones(database: Database, kept: None) -> None:
    errors = []

    def one(name: str) -> None:
        try:
            drawn(database, name, ["queue"], size=20)  # the same seed: the same first choice
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=one, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    lists = [ids(database, f"s{number}") for number in range(4)]
    assert [len(one) for one in lists] == [20] * 4 and len({id for one in lists for id in one}) == 80


def test_operators_are_named_by_pseudonym_alone(database: Database, kept: None) -> None:
    drawn(database, "a", ["operator"], size=10, criteria={"operator": ["4000", "4001"]})
    row = shown(database, "a")
    names = [pseudonym(code, KEY) for code in ("4000", "4001")]
    assert row["criteria"] == {"operator": names} and [one["values"] for one in row["strata"]] == [
        [one] for one in names
    ]
    with pytest.raises(CriterionError, match="operator: '4000' is no pseudonym"):
        drawn(database, "b", size=10, veiled=True, criteria={"operator": ["4000"]})


def test_a_sample_is_heard_item_by_item_and_says_how_far_it_is(database: Database, kept: None) -> None:
    list_ = drawn(database, "a", size=5)
    with database.transaction() as session:
        samples.mark(session, "a", list_[1], "reviewed", "bianchi")
        belongings.forget(session, [list_[2]])
    seen, after = [], ""
    with database.read() as session:
        while after is not None:
            page = samples.items(session, "a", limit=2, after=after, operator=str, zone=ROME)
            seen += page["items"]
            after = page["next"]
        [line] = samples.listed(session)
    assert [one["id"] for one in seen] == list_ and [one["place"] for one in seen] == [1, 2, 3, 4, 5]
    assert [one["reviewed_by"] for one in seen] == ["", "bianchi", "", "", ""]
    assert [one["recording"] is None for one in seen] == [False, False, True, False, False]
    assert (line["reviewed"], line["open"], line["gone"]) == (1, 3, 1)
    with database.transaction() as session:
        samples.mark(session, "a", list_[1], "open", "bianchi")
        entries = [(one.user, one.action, one.subject) for one in audit.find(session)]
    assert shown(database, "a")["reviewed"] == 0
    assert ("rossi", "draw-sample", "a") in entries and ("bianchi", "sample-reviewed", list_[1]) in entries


def test_what_was_deleted_is_no_work_and_its_confidence_is_that_of_those_heard(database: Database, kept: None) -> None:
    heard, unheard, there, _ = drawn(database, "a", size=4)
    gone_at = datetime(2027, 7, 3, 22, 30, tzinfo=UTC)  # in Rome that is the 4th
    with database.transaction() as session:
        for one in (heard, there):
            samples.mark(session, "a", one, "reviewed", "bianchi")
        days = {one: session.get_one(Recording, one).day for one in (heard, unheard)}
        belongings.forget(session, [heard, unheard])
        for one in (heard, unheard):
            session.get_one(Recording, one).purged_at = gone_at
    with database.read() as session:
        page = samples.items(session, "a", limit=9, after="", operator=str, zone=ROME)["items"]
    assert [(one["state"], one["reviewed_by"]) for one in page] == [
        ("reviewed", ""), ("open", ""), ("reviewed", "bianchi"), ("open", "")
    ]  # fmt: skip
    after = {one: (date(2027, 7, 4) - day).days - 1 for one, day in days.items()}
    assert [one["days_kept"] for one in page] == [after[heard], after[unheard], None, None]
    assert [one["deleted_on"] for one in page] == [date(2027, 7, 4), date(2027, 7, 4), None, None]
    row = shown(database, "a")
    assert (row["drawn"], row["reviewed"], row["open"], row["gone"]) == (4, 2, 1, 1)
    [stratum] = row["strata"]
    assert stratum["reviewed"] == 2 and 0 < stratum["reviewed_low"] < stratum["low"] < 0.5
    with database.transaction() as session:
        for one in (heard, unheard):
            with pytest.raises(samples.SampleError, match="was deleted; nobody can review it"):
                samples.mark(session, "a", one, "reviewed", "rossi")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"name": "../../etc/passwd", "size": 1}, "name: up to 60 letters"),
        ({"name": "", "size": 1}, "name: "),
        ({"name": "a\n", "size": 1}, "name: "),
        ({"name": "x" * 61, "size": 1}, "name: "),
        ({"name": "a"}, "size: say how many, or which share"),
        ({"name": "a", "size": 1, "share": 0.5}, "size: say how many, or which share"),
        ({"name": "a", "size": 0}, "size: is a number from 1 to 50000"),
        ({"name": "a", "share": 1.01}, "share: is more than 0, and 1 at most"),
        ({"name": "a", "share": float("nan")}, "share: "),
        ({"name": "a", "size": 1, "seed": -1}, "seed: is a number from 0 to"),
        ({"name": "a", "size": 1, "by": ["colour"]}, "by: there is no 'colour' to stratify by; queue"),
        ({"name": "a", "size": 1, "by": ["queue", "queue"]}, "by: names a criterion twice"),
        ({"name": "a", "size": 1, "by": ["survey:"]}, "by: there is no 'survey:' to stratify by; queue"),
        ({"name": "a", "size": 1, "by": ["survey:clear"]}, "by: no survey has asked 'clear'"),
        ({"name": "a", "size": 1, "criteria": {"from": ["2027-06-31"]}}, "from: there is no 2027-06-31"),
        ({"name": "a", "size": 1, "criteria": {"colour": ["red"]}}, "colour: there is no such criterion"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_said_with_its_name(database: Database, plan: dict[str, Any], said: str) -> None:
    with pytest.raises(CriterionError) as told:
        draw(database, Plan(**plan), zone=ROME, key=KEY, veiled=False, user="rossi")
    assert str(told.value).startswith(said)


def test_a_name_is_given_once_and_others_guess_nothing(database: Database, kept: None) -> None:
    [mine] = drawn(database, "a", size=1)
    [other] = drawn(database, "b", size=1)
    with pytest.raises(samples.SampleError, match="there is a sample a already"):
        drawn(database, "a", size=1)
    with database.transaction() as session:
        with pytest.raises(samples.UnknownSample, match="there is no sample c"):
            samples.show(session, "c")
        for id in (other, "c1", "c1-1' OR 1=1", mine[:3]):
            with pytest.raises(samples.UnknownSample, match="there is no recording"):
                samples.mark(session, "a", id, "reviewed", "rossi")
        with pytest.raises(CriterionError, match="state: 'done' is none of open, reviewed"):
            samples.mark(session, "a", mine, "done", "rossi")
        for token in ("-1", "x", "1e9", "²", "9" * 10):
            with pytest.raises(CriterionError, match="after: no page gave this"):
                samples.items(session, "a", limit=2, after=token, operator=str, zone=ROME)


def test_too_fine_strata_are_refused(database: Database) -> None:
    with database.transaction() as session:
        for number in range(1001):
            keep(session, f"c{number}", datetime(2027, 1, 4, 9, tzinfo=UTC), ticket={"subject": f"reason {number}"})
    with pytest.raises(CriterionError, match="by: makes more than 1000 strata"):
        drawn(database, "a", ["reason"], size=10)
