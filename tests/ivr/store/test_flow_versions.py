import hashlib
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, text

import ivr.store
from ivr.store import flow_versions
from ivr.store.database import Database, StoreError
from ivr.store.schema import AuditEntry, FlowFile, FlowVersion

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ONE = {"a.flow.yaml": b"ivr: 1", "prompts/it/welcome.wav": b"RIFF"}
TWO = ONE | {"a.flow.yaml": b"ivr: 1 # changed"}


def digests(files: dict[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


def publish(database: Database, files: dict[str, bytes], at: datetime = NOW, author: str = "anna") -> int:
    wanted = digests(files)
    with database.read() as session:
        missing = flow_versions.missing(session, wanted.values())
    for path, sha256 in wanted.items():
        if sha256 in missing:
            with database.transaction() as session:
                flow_versions.keep(session, sha256, files[path])
    with database.transaction() as session:
        return flow_versions.publish(session, wanted, author=author, note="why", now=at)


def active(database: Database) -> int:
    with database.read() as session:
        return flow_versions.active_number(session)


def test_a_version_is_stored_whole_and_active(database: Database) -> None:
    assert active(database) == 0
    assert publish(database, ONE) == 1
    with database.read() as session:
        assert flow_versions.active(session) == flow_versions.Active(1, NOW, "anna", "why")
        stored = flow_versions.paths(session, 1)
        assert {path: flow_versions.content(session, sha256) for path, sha256 in stored.items()} == ONE


def test_a_file_is_stored_once(database: Database) -> None:
    publish(database, ONE)
    with database.read() as session:
        assert flow_versions.missing(session, digests(TWO).values()) == {digests(TWO)["a.flow.yaml"]}
    publish(database, TWO)
    with database.transaction() as session:
        flow_versions.keep(session, digests(ONE)["a.flow.yaml"], b"another publisher was first")
        assert session.query(FlowFile).count() == 3
        assert flow_versions.content(session, digests(ONE)["a.flow.yaml"]) == ONE["a.flow.yaml"]


def test_a_version_whose_files_were_not_kept_is_refused(database: Database) -> None:
    with pytest.raises(StoreError), database.transaction() as session:
        flow_versions.publish(session, digests(ONE), author="", note="", now=NOW)
    assert active(database) == 0


def test_nothing_changed_makes_no_version(database: Database) -> None:
    publish(database, ONE)
    assert publish(database, ONE) == 0
    assert publish(database, TWO) == 2
    assert publish(database, ONE) == 3, "what was once published is not what is active"


def test_a_rollback_makes_an_old_version_active_and_copies_nothing(database: Database) -> None:
    publish(database, ONE)
    publish(database, TWO)
    later = NOW + timedelta(hours=1)
    with database.transaction() as session:
        assert flow_versions.roll_back(session, 1, author="bruno", note="wrong hours", now=later)
    with database.transaction() as session:
        assert not flow_versions.roll_back(session, 1, author="bruno", note="", now=later), "it is active already"
        assert flow_versions.active(session) == flow_versions.Active(1, later, "bruno", "wrong hours")
        assert [row.number for row in flow_versions.versions(session)] == [2, 1]
        assert [row.version for row in flow_versions.activations(session)] == [1, 2, 1]
        audited = [(row.user, row.action, row.subject) for row in session.query(AuditEntry)]
    assert audited == [
        ("anna", "flow publish", "version 1"),
        ("anna", "flow publish", "version 2"),
        ("bruno", "flow rollback", "version 1"),
    ]


def test_a_rollback_to_what_there_is_not(database: Database) -> None:
    publish(database, ONE)
    with pytest.raises(StoreError, match="no version 7"), database.transaction() as session:
        flow_versions.roll_back(session, 7, author="anna", note="", now=NOW)
    assert active(database) == 1


def test_many_publishers_at_once_each_get_a_number(database: Database) -> None:
    others, ready, numbers = 8, Barrier(8), []

    def work(number: int) -> None:
        mine = Database(str(database.url))
        ready.wait()
        numbers.append(publish(mine, ONE | {"a.flow.yaml": str(number).encode()}, author=str(number)))

    threads = [Thread(target=work, args=(number,)) for number in range(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, others + 1))
    with database.read() as session:
        newest = flow_versions.versions(session)[0]
        found = flow_versions.active(session)
        assert found is not None and (found.version, found.author) == (others, newest.author)


def in_a_process(work: Callable[[], object]) -> int:
    """Exit status of a process of its own that does `work`; negative when a signal ended it."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_publisher_that_is_killed_at_any_statement_changes_nothing(database: Database) -> None:
    publish(database, ONE)
    url = str(database.url)
    database.engine.dispose()

    def publish_until(last: int) -> None:
        mine, count = Database(url), 0

        def die(*_: object) -> None:
            nonlocal count
            count += 1
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(mine.engine, "after_cursor_execute", die)
        publish(mine, TWO)

    for statement in range(1, 100):
        ended = in_a_process(lambda statement=statement: publish_until(statement))  # type: ignore[misc]
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        with Database(url).read() as session:
            assert flow_versions.active_number(session) == 1
            assert [row.number for row in session.query(FlowVersion)] == [1]
            assert len(flow_versions.paths(session, 1)) == 2 and session.query(AuditEntry).count() == 1
    assert statement > 6, "it was killed at each of its statements"
    assert active(Database(url)) == 2


def test_an_installation_from_before_keeps_its_calls(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    config = Config()
    config.set_main_option("script_location", str(Path(ivr.store.__file__).parent / "migrations"))
    with create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        values = "'c', 'x', 'k', '1', '', 'f', 'it', '2026-11-24 10:00', NULL, '', '', '', '', 0, 0, '{}'"
        connection.execute(text(f"INSERT INTO calls VALUES ({values})"))  # noqa: S608
    database = Database(url)
    database.migrate()
    with database.read() as session:
        assert session.execute(text("SELECT id, version FROM calls")).all() == [("c", 0)]
