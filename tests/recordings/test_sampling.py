"""Shares of a sample, its order and its intervals, without a store."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.sampling import PRIME, Candidate, allocate, interval, order, pick, precision

THERE = st.lists(st.integers(0, 1000), max_size=12)


@given(THERE, st.integers(1, 3000), st.booleans())
def test_a_size_is_met_exactly_and_no_stratum_gives_more_than_it_has(there: list[int], size: int, equal: bool) -> None:
    drawn = allocate(there, size, equal=equal)
    assert sum(drawn) == min(size, sum(there))
    assert all(0 <= number <= most for number, most in zip(drawn, there, strict=True))


@given(THERE, st.integers(1, 3000))
def test_a_proportional_share_is_within_one_of_the_exact_one(there: list[int], size: int) -> None:
    part = min(1.0, size / (sum(there) or 1))
    assert all(abs(number - part * most) < 1 + 1e-9 for number, most in zip(allocate(there, size), there, strict=True))


@given(THERE, st.integers(1, 3000))
def test_equal_shares_differ_by_one_but_where_a_stratum_is_exhausted(there: list[int], size: int) -> None:
    drawn = allocate(there, size, equal=True)
    not_exhausted = [number for number, most in zip(drawn, there, strict=True) if number < most]
    assert not not_exhausted or max(drawn) <= min(not_exhausted) + 1


def test_the_largest_remainder_by_hand() -> None:
    # 10 of 47, 16, 15, 12, 10: exact shares 4.7, 1.6, 1.5, 1.2, 1.0.
    assert allocate([47, 16, 15, 12, 10], 10) == [5, 2, 1, 1, 1]
    assert allocate([47, 16, 15, 12, 1], 40, equal=True) == [10, 10, 10, 9, 1]


@given(st.integers(0, 2**53 - 1))
def test_a_seed_puts_each_lot_at_a_place_of_its_own_and_always_the_same(seed: int) -> None:
    places = [order(seed).place(lot) for lot in range(200)]
    assert len(set(places)) == 200 and all(0 <= place < PRIME for place in places)
    assert places == [order(seed).place(lot) for lot in range(200)]


def test_each_recording_is_drawn_as_often_as_any_other_and_so_is_each_pair() -> None:
    """5 of 40 by 4,000 seeds: each one is expected 500 times (σ 21), each pair 51 times (σ 7.1)."""
    lots = [pow(7, 3 * number + 1, PRIME) for number in range(40)]
    single, pairs = [0] * 40, dict[tuple[int, int], int]()
    for seed in range(4000):
        every = [Candidate(str(at), 0, order(seed).place(lot)) for at, lot in enumerate(lots)]
        ids = sorted(int(one.id) for one in pick(every, [5]))
        for at, one in enumerate(ids):
            single[one] += 1
            for other in ids[at + 1 :]:
                pairs[one, other] = pairs.get((one, other), 0) + 1
    assert all(abs(number - 500) < 5 * 21 for number in single)
    assert len(pairs) == 40 * 39 / 2 and all(abs(number - 51.3) < 5 * 7.1 for number in pairs.values())


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50)), max_size=60), st.tuples(*[st.integers(0, 9)] * 3))
def test_the_first_of_each_stratum_are_picked_once_in_their_order(
    given: list[tuple[int, int]], drawn: tuple[int, ...]
) -> None:
    every = [Candidate(f"r{number}", stratum, place) for number, (stratum, place) in enumerate(given)]
    picked = pick(reversed(every), drawn)
    assert picked == pick(every, drawn) == sorted(set(picked), key=lambda one: (one.place, one.id))
    for stratum, number in enumerate(drawn):
        mine = sorted((one.place, one.id) for one in every if one.stratum == stratum)
        assert [(one.place, one.id) for one in picked if one.stratum == stratum] == mine[:number]


@pytest.mark.parametrize(
    ("good", "drawn", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998: table I,
    # method 3 (score, without continuity correction).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_as_it_was_published(good: int, drawn: int, low: float, high: float) -> None:
    found = interval(good, drawn, 10**12)
    assert found == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("there", "size"),
    # Krejcie and Morgan, "Determining sample size for research activities", Educational and Psychological Measurement
    # 30, 1970: sizes for ± 5 points at 95 %, from the normal interval for finite populations, which is a little wider.
    [(100, 80), (200, 132), (500, 217), (1000, 278), (5000, 357), (10_000, 370), (100_000, 384)],
)
def test_sizes_for_five_points_as_they_were_published(there: int, size: int) -> None:
    half = (precision(size, there)["high"] - precision(size, there)["low"]) / 2
    assert 0.0485 < half <= 0.05


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 1000))
def test_an_interval_holds_what_was_seen_and_narrows_to_it(good: int, bad: int, more: int) -> None:
    drawn = good + bad
    low, high = interval(good, drawn, drawn + more)
    assert 0 <= low <= good / drawn + 1e-12 and good / drawn - 1e-12 <= high <= 1
    assert more or math.isclose(low, high)
    assert interval(good, drawn, drawn + more + 1)[1] >= high - 1e-12


def test_nothing_heard_says_nothing() -> None:
    assert interval(0, 0, 7) == (0.0, 1.0)
    assert precision(0, 7) == {"low": 0.0, "high": 1.0}
