"""What has an Idempotency-Key is carried out once, whoever else sends it at the same time, and whoever is killed."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from ivr.store.database import Database
from ivr.store.schema import ApiAnswer
from ivr.web.v1 import keys, repeats
from ivr.web.v1.problems import Refusal
from ivr.web.v1.repeats import Claim
from tests.conftest import database  # noqa: F401 on both stores

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def key(database: Database) -> None:  # noqa: F811
    with database.transaction() as session:
        keys.add(session, "k", ["tickets:write"], by="tests")


def claim(database: Database, digest: str = "d", at: datetime = NOW) -> Claim | ApiAnswer:  # noqa: F811
    with database.transaction() as session:
        return repeats.claim(session, "k", "once", digest, at)


def keep(database: Database, mine: Claim | ApiAnswer) -> None:  # noqa: F811
    assert isinstance(mine, Claim)
    with database.transaction() as session:
        repeats.keep(session, mine, 201, {"Location": "/x"}, b"{}")


def test_the_same_is_answered_the_same_for_a_day(database: Database) -> None:  # noqa: F811
    keep(database, claim(database))
    again = claim(database, at=NOW + timedelta(hours=23))
    assert isinstance(again, ApiAnswer)
    assert (again.status, dict(again.headers), bytes(again.body)) == (201, {"Location": "/x"}, b"{}")
    with pytest.raises(Refusal) as refused:
        claim(database, "other")
    assert refused.value.status == 422
    assert isinstance(claim(database, "other", NOW + timedelta(hours=25)), Claim), "after a day it is forgotten"


def test_of_many_at_once_one_carries_it_out(database: Database) -> None:  # noqa: F811
    got: list[Claim | ApiAnswer | Refusal] = []

    def ask() -> None:
        try:
            got.append(claim(database))
        except Refusal as error:
            got.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(isinstance(one, Claim) for one in got) == 1
    assert {one.status for one in got if isinstance(one, Refusal)} == {409} and len(got) == 6


def test_who_is_killed_meanwhile_leaves_the_way_free_and_cannot_come_back(database: Database) -> None:  # noqa: F811
    lost = claim(database)
    with pytest.raises(Refusal):
        claim(database, at=NOW + timedelta(seconds=59))
    taken = claim(database, at=NOW + timedelta(seconds=61))
    with pytest.raises(Refusal) as refused:
        keep(database, lost)
    assert refused.value.status == 409
    keep(database, taken)


def test_what_was_refused_may_be_put_right_under_the_same_key(database: Database) -> None:  # noqa: F811
    mine = claim(database)
    assert isinstance(mine, Claim)
    with database.transaction() as session:
        repeats.give_up(session, mine)
    assert isinstance(claim(database, "put right"), Claim)
