from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ivr.ari import ids
from ivr.calls.heirs import FIRST, SILENCE, Seen, heir

NAMES = st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=6)


@given(st.text(max_size=40), NAMES, st.randoms())
def test_every_survivor_says_the_same(call: str, survivors: set[str], chance: object) -> None:
    one = heir(call, survivors)
    assert one in survivors
    assert heir(call, sorted(survivors, reverse=True)) == one


@given(st.integers(1, 5))
def test_calls_are_shared_evenly(number: int) -> None:
    survivors = [f"controller-{one}" for one in range(number)]
    shares = Counter(heir(ids.new_call(), survivors) for _ in range(600 * number))
    assert all(450 < shares[one] < 750 for one in survivors)


def test_who_is_gone() -> None:
    assert Seen(10.0, answered=True).gone(9.9 + SILENCE, hears_asterisk=True) == ""
    assert "not answer" in Seen(10.0, answered=True).gone(10.1 + SILENCE, hears_asterisk=True)
    assert Seen(10.0).gone(10.1 + SILENCE, hears_asterisk=True) == "", "it had no time to answer yet"
    assert "not answer" in Seen(10.0).gone(10.1 + FIRST, hears_asterisk=True)
    assert "ended" in Seen(10.0, refused=True).gone(10.0, hears_asterisk=True)
    assert Seen(12.0, deaf=11.9).gone(12.0, hears_asterisk=True) == ""
    assert "Asterisk" in Seen(12.0, deaf=10.0).gone(12.0, hears_asterisk=True)


def test_who_does_not_hear_asterisk_takes_nothing() -> None:
    assert Seen(0.0, refused=True, deaf=0.0).gone(100.0, hears_asterisk=False) == ""
