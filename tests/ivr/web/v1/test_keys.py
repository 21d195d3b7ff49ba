"""Keys of the API: what opens and what does not, and how many requests a key makes in a minute."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.problem import WrongUse
from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database, StoreError
from ivr.store.schema import ApiKey
from ivr.web.v1 import keys
from tests.conftest import database  # noqa: F401 on both stores
from tests.ivr.cli.conftest import Ivr, data, ivr  # noqa: F401 fixtures

NOW = datetime(2027, 1, 4, 9, 0, 30, tzinfo=UTC)


def test_a_key_opens_until_it_is_over_or_revoked(database: Database) -> None:  # noqa: F811
    until = datetime.now(UTC) + timedelta(days=1)
    with database.transaction() as session:
        key = keys.add(session, "reports", ["calls:read", "calls:read"], by="tests", expires_at=until)
    with database.read() as session:
        row = session.get_one(ApiKey, "reports")
        assert key not in str(vars(row)) and row.scopes == ["calls:read"]
        assert keys.find(session, key, until - timedelta(seconds=1)) is row
        for wrong, at in ((key, until), (key[:-1], NOW), ("", NOW), (row.digest, NOW), ("è\udcff", NOW)):
            assert keys.find(session, wrong, at) is None
    with database.transaction() as session:
        keys.revoke(session, "reports", by="tests")
    with database.transaction() as session:
        assert keys.find(session, key, NOW) is None
        with pytest.raises(StoreError, match="there is no key reports"):
            keys.revoke(session, "reports", by="tests")
        with pytest.raises(StoreError, match="there is or was a key reports"):
            keys.add(session, "reports", ["calls:read"], by="tests")
        assert [(one.action, one.subject, one.detail) for one in audit.find(session)] == [
            ("api-key-revoke", "reports", ""),
            ("api-key-add", "reports", "calls:read"),
        ]


@pytest.mark.parametrize(
    ("name", "scopes", "more", "said"),
    [
        ("", ["calls:read"], {}, "is no name for a key"),
        ("a b", ["calls:read"], {}, "'a b' is no name for a key"),
        ("a", ["calls:everything"], {}, "scope 'calls:everything' is none of calls:read"),
        ("a", [], {}, "a key needs a scope"),
        ("a", ["calls:read"], {"per_minute": 0}, "requests a minute are from 1"),
        ("a", ["calls:read"], {"expires_at": NOW - timedelta(days=999)}, "over before it began"),
    ],
)
def test_what_makes_no_key_is_told(database: Database, name: str, scopes: list[str], more: dict, said: str) -> None:  # type: ignore[type-arg] # noqa: F811
    with pytest.raises(WrongUse, match=said), database.transaction() as session:
        keys.add(session, name, scopes, by="tests", **more)


def test_of_many_at_once_as_many_pass_as_a_minute_allows(database: Database) -> None:  # noqa: F811
    with database.transaction() as session:
        keys.add(session, "busy", ["calls:read"], by="tests", per_minute=10)
        key = session.get_one(ApiKey, "busy")
    passed = []

    def ask() -> None:
        for _ in range(5):
            with database.transaction() as session:
                passed.append(keys.count(session, key, NOW))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (passed.count(True), passed.count(False)) == (10, 10)
    with database.transaction() as session:
        row = session.get_one(ApiKey, "busy")
        assert keys.limit(row, NOW) == keys.Limit(10, 0, 30) and row.last_used_at == NOW
        later = NOW + timedelta(seconds=30)
        assert keys.limit(row, later) == keys.Limit(10, 10, 60) and keys.count(session, key, later)


def test_the_command_shows_a_key_once(ivr: Ivr, data: Path) -> None:  # noqa: F811
    done = ivr("apikeys", "add", "reports", "--scope", "calls:read", "--days", 30, "--json", "--data", data)
    [made] = json.loads(done.out)
    with Database(load(data).database_url).read() as session:
        assert keys.find(session, made["key"], datetime.now(UTC)) is not None
    listed = ivr("apikeys", "list", "--json", "--data", data)
    assert made["key"] not in listed.out and json.loads(listed.out)[0]["scopes"] == ["calls:read"]
    again = ivr("apikeys", "add", "reports", "--scope", "calls:read", "--data", data)
    assert again.status == 1 and "choose another name" in again.err
    assert ivr("apikeys", "add", "b", "--scope", "calls", "--data", data).status == 2
    assert ivr("apikeys", "revoke", "reports", "--data", data).status == 0
    assert ivr("apikeys", "revoke", "reports", "--data", data).status == 1
