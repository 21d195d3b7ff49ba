"""Passwords, and the tables of who may sign in."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import ivr.store
from ivr.settings import load
from ivr.store.database import Database, StoreError
from ivr.web import users


def test_a_password_is_kept_as_argon2(database: Database) -> None:
    with database.transaction() as session:
        password = users.add_user(session, "anna", "reviewer")
        assert len(password) == 20
    with database.read() as session:
        (anna,) = users.find(session)
        assert anna.password.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and password not in anna.password
        assert users.check(session, "anna", password) is anna
        for name, given in (("anna", password + "x"), ("anna", ""), ("bruno", password), ("anna\0", password)):
            assert users.check(session, name, given) is None


def test_who_was_removed_and_is_added_again_has_another_password(database: Database) -> None:
    with database.transaction() as session:
        first = users.add_user(session, "anna", "reviewer")
        users.remove_user(session, "anna")
        assert users.check(session, "anna", first) is None
        second = users.add_user(session, "anna", "supplier-reviewer")
    with database.read() as session:
        assert users.check(session, "anna", first) is None
        found = users.check(session, "anna", second)
        assert found and found.role == "supplier-reviewer"


@pytest.mark.parametrize(
    ("role", "operator", "said"),
    [("king", "", "role 'king' is none of"), ("operator", "", "needs"), ("reviewer", "4271", "takes no calls")],
)
def test_a_role_that_cannot_be_given(database: Database, role: str, operator: str, said: str) -> None:
    with database.read() as session, pytest.raises(StoreError, match=said):
        users.add_user(session, "anna", role, operator)


def test_the_first_user_is_made_once(database: Database, tmp_path: Path) -> None:
    settings = load(tmp_path, environment={})
    settings.secrets.mkdir()
    users.ensure_admin(database, settings)
    path = settings.secrets / "admin-password"
    password = path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600
    users.ensure_admin(database, settings)
    with database.read() as session:
        assert users.check(session, "admin", password)


def test_passwords_of_before_argon2_are_no_more_and_the_first_user_is_made_anew(tmp_path: Path) -> None:
    settings = load(tmp_path, environment={})
    settings.secrets.mkdir()
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    config = Config()
    config.set_main_option("script_location", str(Path(ivr.store.__file__).parent / "migrations"))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0011")
        old = {"name": "admin", "password": "scrypt$00$00", "role": "admin", "operator": "", "created_at": "2026-11-01"}
        row = "(name, password, role, operator, created_at) VALUES (:name, :password, :role, :operator, :created_at)"
        connection.execute(text(f"INSERT INTO users {row}"), old)
    database.migrate()
    users.ensure_admin(database, settings)
    with database.read() as session:
        assert users.check(session, "admin", (settings.secrets / "admin-password").read_text().strip())
