"""What people search for, with the values that chance gives them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random

from bench.catalogue.centre import DAYS, FIRST, OPERATORS, QUESTIONS, QUEUES, REASONS

Given = Mapping[str, Sequence[str]]


def _days(chance: Random, number: int) -> dict[str, list[str]]:
    begin = FIRST + timedelta(days=chance.randrange(DAYS - number + 1))
    return {"from": [str(begin)], "to": [str(begin + timedelta(days=number - 1))]}


SEARCHES: Mapping[str, Callable[[Random], Given]] = {
    "the newest": lambda _: {},
    "a day": lambda one: _days(one, 1),
    "a day's hours, a queue": lambda one: _days(one, 1) | {"hours": ["9-11"], "queue": [one.choice(list(QUEUES))]},
    "a week's Mondays in German": lambda one: _days(one, 14) | {"weekday": ["mon"], "language": ["de"]},
    "an operator": lambda one: {"operator": [one.choice(list(OPERATORS))]},
    "an operator's complaints": lambda one: {"operator": [one.choice(list(OPERATORS))], "type": ["A"]},
    "a ticket": lambda one: {"ticket": [str(one.randint(1, 1_000_000))]},
    "a quarter's rare reason": lambda one: _days(one, 90) | {"reason": [one.choice(list(REASONS)[20:])]},
    "unhappy callers": lambda one: {"survey": [f"{one.choice(QUESTIONS)}:1-2"]},
    "a month's unhappy in a queue": lambda one: (
        _days(one, 30) | {"survey": [f"{one.choice(QUESTIONS)}:1"], "queue": [one.choice(list(QUEUES))]}
    ),
    "twice unhappy after a long wait": lambda _: {"survey": ["clear:1", "courteous:1"], "wait": ["180-"]},
    "long calls": lambda one: _days(one, 30) | {"duration": ["1200-"]},
    "long calls after long waits": lambda _: {"duration": ["1500-"], "wait": ["300-"]},
    "French, rare type, in the evening": lambda _: {"language": ["fr"], "type": ["PI"], "hours": ["18-20"]},
    "a version's complaints": lambda one: {"version": [str(one.randint(1, 20))], "type": ["PA"]},
    "nothing there": lambda _: {"outcome": ["abandoned"], "wait": ["600-"]},
}
