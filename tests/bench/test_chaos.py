from dataclasses import replace

import pytest

from bench.chaos.verdict import Out, Seen, Stored, verdict

WELL = Stored(True, "served", 1, 1, ("hello", "choose"))
SEEN = [Seen(float(at), answered=True, whole=True) for at in range(3)]


def test_all_is_well() -> None:
    found = verdict(SEEN, dict.fromkeys("abc", WELL), [], None)
    assert found.passed and (found.calls, found.lost, found.failed) == (3, 0, 0)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (replace(WELL, ended=False), "1 calls have no end"),
        (replace(WELL, tickets=0), "1 calls have no ticket"),
        (replace(WELL, tickets=2), "1 calls have two tickets"),
        (replace(WELL, ends=2), "1 journeys end never, or twice"),
        (replace(WELL, passed=("hello", "choose", "hello")), "1 calls came through a node again"),
    ],
)
def test_what_is_wrong_with_one_call_is_said(bad: Stored, says: str) -> None:
    found = verdict(SEEN, {"a": WELL, "b": WELL, "c": bad}, [], None)
    assert found.wrong == [says] and not found.passed


def test_who_is_lost_is_forgiven_only_when_it_could_not_be_helped() -> None:
    seen = [*SEEN, Seen(5.0, answered=True, whole=False)]
    stored = dict.fromkeys("abcd", WELL)
    assert verdict(seen, stored, [], None).lost == 1
    assert verdict(seen, stored, [], (4.0, 6.0)).passed
    assert verdict(seen, stored, [], (0.0, 5.0)).lost == 1


def test_the_store_knows_all_that_were_served_and_no_other() -> None:
    assert verdict(SEEN, dict.fromkeys("ab", WELL), [], None).wrong == [
        "1 callers were served of whom the store knows nothing"
    ]
    assert not verdict(SEEN, dict.fromkeys("abcd", WELL), [], None).passed


def test_the_last_step_may_be_done_again() -> None:
    again = replace(WELL, passed=("hello", "hello", "choose"))
    assert verdict(SEEN, dict.fromkeys("abc", again), [], None).passed


def test_what_is_left_over_is_said() -> None:
    assert verdict(SEEN, dict.fromkeys("abc", WELL), ["2 bridges are left"], None).wrong == ["2 bridges are left"]


OUT = Out("asterisk-2", 10.0, 10.0, 15.0, killed=True)
CUT = replace(WELL, outcome="failed", asterisk="asterisk-2", cut_off=1)


def of_two(*calls: tuple[float, bool, Stored | None], out: Out = OUT) -> list[str]:
    """What is wrong, or lost, with such callers: when each came, whether it was served, and what is stored of it. All
    is well with one on either Asterisk, before and after."""
    well = [(at, True, replace(WELL, asterisk=name)) for at in (1.0, 20.0) for name in ("asterisk", "asterisk-2")]
    seen, stored = [], {}
    for number, (at, whole, call) in enumerate([*well, *calls]):
        seen.append(Seen(at, whole or call is not None, whole, f"+39{number}", 0.1))
        if call:
            stored[str(number)] = replace(call, caller=f"+39{number}")
    found = verdict(seen, stored, [], None, out)
    return [*found.wrong, *([f"{found.lost} lost"] if found.lost else [])]


def test_an_asterisk_takes_its_own_calls_with_it_and_no_other() -> None:
    assert of_two((5.0, False, CUT)) == []
    assert of_two((9.5, False, None)) == [], "it was being connected"
    assert of_two((14.9, True, replace(WELL, asterisk="asterisk-2"))) == [], "it was started anew a little earlier"
    assert of_two((8.5, False, None)) == ["1 lost"]
    assert of_two((10.2, False, None)) == ["1 lost"], "who calls then goes to the other"
    assert of_two((5.0, False, replace(CUT, cut_off=0))) == [
        "1 calls ended with their Asterisk, and their journeys do not say so once"
    ]
    other = replace(CUT, asterisk="asterisk")
    assert of_two((5.0, False, other)) == ["1 calls were cut off that were to go on", "1 lost"]


def test_one_that_is_drained_loses_none_and_is_given_none() -> None:
    drained = replace(OUT, until=14.0, killed=False)
    own = replace(WELL, asterisk="asterisk-2")
    assert of_two((5.0, True, own), out=drained) == []
    assert of_two((5.0, False, CUT), out=drained) == ["1 calls were cut off that were to go on", "1 lost"]
    assert of_two((12.0, True, own), out=drained) == ["1 calls were given to asterisk-2 while it was out"]
    back = [Seen(20.0, True, True, name) for name in "ab"]
    stored = {name: replace(WELL, caller=name, asterisk="asterisk") for name in "ab"}
    assert verdict(back, stored, [], None, drained).wrong == [
        "2 calls came when asterisk-2 was back, and it was given none"
    ]


def test_a_caller_whom_two_asterisks_had_is_named_and_what_it_cost_is_told_by_the_second() -> None:
    seen = [
        Seen(1.0, True, True, "a", 0.05),
        Seen(11.2, True, True, "b", 1.5),
        Seen(12.5, False, False, "c", None, 503),
    ]
    stored = {name: replace(WELL, caller=name[0], asterisk="asterisk") for name in ("a", "b", "b2")}
    found = verdict(seen, stored, [], None, OUT)
    assert "1 callers have two calls in the store" in found.wrong and found.lost == 1
    assert found.notes[2:] == [
        "2 came later; not answered: 2: 1 with 503",
        "answered after 0.05 s before; later the slowest over 0.5 s by second: 1: 1.50",
    ]
