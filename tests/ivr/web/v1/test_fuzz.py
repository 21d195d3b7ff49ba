"""schemathesis asks a running `ivr web` whatever its own description allows, and much that it forbids: the server
answers as described, and never breaks."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import schemathesis
from aiohttp.test_utils import unused_port
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import positive_data_acceptance

from ivr.settings import load
from ivr.store.database import Database
from ivr.tickets import search
from ivr.web.users import add_user
from ivr.web.v1 import keys
from ivr.web.v1.api import OPERATIONS
from ivr.web.v1.document import document
from recordings.criteria import HELP
from tests.conftest import _run
from tests.ivr.web.v1.conftest import ALL, MORNING, call

ROOT = Path(__file__).parents[4]
DESCRIBED = schemathesis.openapi.from_dict(document(OPERATIONS))
# Every value of every parameter is tried out, but where there are very many of them, any together.
MANY = {"path_regex": "^/(recordings|tickets)$", "method": "GET"}
ONE_BY_ONE = DESCRIBED.exclude(**MANY)
# What only a page before can have given, and texts that have a grammar of their own, refused with 400.
TOLD = tuple(f'{{"title":"Bad Request","status":400,"detail":"{name}: ' for name in ("after", *HELP, *search.HELP))
MANNER = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "database": None}


@dataclass(frozen=True)
class Server:
    address: str
    key: str
    password: str  # of the user `supervisor`
    log: Path


@contextmanager
def running(folder: Path, url: str) -> Iterator[Server]:
    """`ivr web` with some calls in its store."""
    port = unused_port()
    environment = os.environ | {"NUMERO_NERO_STORE__URL": url, "NUMERO_NERO_PORTS__WEB": str(port)}
    database = Database(url or load(folder).database_url)
    database.migrate()
    for number in range(5):
        call(database, f"call-{number}", MORNING + timedelta(hours=number), survey={"clear": number})
    with database.transaction() as session:
        key = keys.add(session, "fuzz", ALL, by="tests", per_minute=keys.MOST_PER_MINUTE)
        password = add_user(session, "supervisor", "supervisor")
    command = [sys.executable, "-m", "ivr.cli.main", "web", "--data", str(folder)]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    server = Server(f"http://127.0.0.1:{port}/api/v1", key, password, folder / "web.log")
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(server.address, timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None and time.monotonic() < deadline, server.log.read_text()
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(30)
        database.engine.dispose()


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("web"), "") as server:
        yield server


@DESCRIBED.include(**MANY).parametrize()
@settings(max_examples=10, phases=[Phase.generate], **MANNER)
def test_what_has_many_parameters_on_sqlite(case: schemathesis.Case, on_sqlite: Server) -> None:
    check(case, on_sqlite)


@pytest.fixture(scope="module")
def on_postgresql(postgresql_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    _run(postgresql_address, "CREATE DATABASE fuzz TEMPLATE migrated")
    with running(tmp_path_factory.mktemp("web"), postgresql_address.format("fuzz")) as server:
        yield server
    _run(postgresql_address, "DROP DATABASE fuzz WITH (FORCE)")


@ONE_BY_ONE.parametrize()
@settings(max_examples=10, **MANNER)
def test_on_sqlite(case: schemathesis.Case, on_sqlite: Server) -> None:
    check(case, on_sqlite)


@DESCRIBED.parametrize()
@settings(max_examples=5, phases=[Phase.generate], **MANNER)
def test_on_postgresql(case: schemathesis.Case, on_postgresql: Server) -> None:
    check(case, on_postgresql)


def check(case: schemathesis.Case, server: Server) -> None:
    response = case.call(base_url=server.address, headers={"Authorization": f"Bearer {server.key}"})
    told = response.status_code == 400 and response.text.startswith(TOLD)
    case.validate_response(response, excluded_checks=[positive_data_acceptance] if told else [])
    assert response.status_code < 500, server.log.read_text()[-4000:]


def test_the_server_tells_what_the_code_says(on_sqlite: Server) -> None:
    told = requests.get(
        f"{on_sqlite.address}/openapi.json", headers={"Authorization": f"Bearer {on_sqlite.key}"}, timeout=30
    )
    assert told.status_code == 401, "of people who sign in"
    told = requests.get(f"{on_sqlite.address}/openapi.json", auth=("supervisor", on_sqlite.password), timeout=30)
    assert told.json() == document(OPERATIONS)
