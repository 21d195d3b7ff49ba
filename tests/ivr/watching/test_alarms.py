"""When people are told: soon, once, again after hours, and not of each turn of what comes and goes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ivr.watching.alarms import Alarm, Notice, Rules, step

RULES = Rules(after=15, over_after=60, repeat=3600)


class Story:
    """Looks at given seconds; what was told at each."""

    def __init__(self) -> None:
        self.alarms: dict[str, Alarm] = {}
        self.told: list[tuple[float, str, str]] = []

    def look(self, now: float, **found: str) -> list[Notice]:
        self.alarms, notices = step(self.alarms, found, now, RULES)
        self.told += [(now, one.kind, one.name) for one in notices]
        return notices


def test_told_once_when_it_has_lasted_and_again_when_it_is_over() -> None:
    one = Story()
    for now in range(0, 200, 5):
        one.look(now, calls="nobody is ready" if now < 100 else "")
    assert one.told == [(15, "raised", "calls"), (155, "over", "calls")]
    assert one.alarms == {}


def test_the_notices_say_since_when_and_for_how_long() -> None:
    one = Story()
    one.look(100, disk="90 MiB are free")
    [raised] = one.look(120, disk="80 MiB are free")
    assert raised == Notice("raised", "disk", "80 MiB are free", 100, 20)
    one.look(130, disk="70 MiB are free")
    [over] = one.look(190, disk="")
    assert over == Notice("over", "disk", "70 MiB are free", 100, 30), "wrong until 130, as far as was seen"


def test_a_short_trouble_is_not_told_at_all() -> None:
    one = Story()
    for now in range(0, 200, 5):
        one.look(now, asterisk="away" if now <= 10 else "")
    assert one.told == [] and one.alarms == {}


def test_what_comes_and_goes_is_one_alarm() -> None:
    one = Story()
    for now in range(0, 1000, 5):
        one.look(now, store="away" if now // 10 % 2 == 0 else "")
    assert one.told == [(20, "raised", "store")]


def test_what_stays_is_told_again_after_hours() -> None:
    one = Story()
    for now in range(0, 7300, 10):
        one.look(now, tickets="late")
    assert [(kind, now) for now, kind, _ in one.told] == [("raised", 20), ("still", 3620), ("still", 7220)]


def test_what_cannot_be_looked_at_stays_as_it_was() -> None:
    one = Story()
    one.look(0, tickets="late", store="")
    one.look(20, tickets="late", store="")
    for now in range(25, 500, 5):
        one.look(now, store="away")
    assert one.told == [(20, "raised", "tickets"), (40, "raised", "store")]
    one.look(500, store="", tickets="")
    assert one.told[2:] == [(500, "over", "tickets")]
    one.look(555, store="")
    assert one.told[3:] == [(555, "over", "store")]


@given(st.lists(st.tuples(st.floats(0.1, 100), st.sampled_from(["", "wrong", None])), max_size=80))
def test_raised_and_over_take_turns_whatever_happens(looks: list[tuple[float, str | None]]) -> None:
    one, now = Story(), 0.0
    for pause, found in looks:
        now += pause
        one.look(now, **({} if found is None else {"x": found}))
    turns = [kind for _, kind, _ in one.told if kind != "still"]
    assert turns == ["raised", "over"] * (len(turns) // 2) + ["raised"] * (len(turns) % 2)
    times = [at for at, kind, _ in one.told if kind != "over"]
    for before, after in pairwise(times):
        assert after - before > min(RULES.over_after, RULES.repeat), "nobody is told twice a minute"
