from pathlib import Path

import pytest

from ivr.cli.up import ready_flows, ready_store
from ivr.publishing.publish import FailingTests
from ivr.publishing.versions import WHOLE
from ivr.settings import load
from ivr.store import flow_versions
from ivr.store.database import Database, StoreError

FLOW = """ivr: 1
languages: [it]
numbers: ["*"]
start: hello
prompts: {hi: {it: "Ciao."}}
nodes:
  hello: {play: hi, next: end}
  end: {hangup: normal}
"""
TEST = """flow: line
tests:
  - {name: is served, at: 2026-11-24T10:00, steps: [hear: hi], expect: {outcome: served}}
"""


def test_the_folder_is_published_at_the_first_start_only(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, data = tmp_path / "flows", tmp_path / "data"
    (folder / "tests").mkdir(parents=True)
    (folder / "line.flow.yaml").write_text(FLOW)
    (folder / "tests/line.test.yaml").write_text(TEST)
    data.mkdir()
    prompts = tmp_path_factory.getbasetemp() / "prompts"  # the house's own sentences are made once for all tests
    prompts.mkdir(exist_ok=True)
    (data / "prompts").symlink_to(prompts)
    settings = load(data, environment={"NUMERO_NERO_FLOWS__FOLDER": str(folder)})
    database = Database(settings.database_url)
    database.migrate()

    def start() -> list[str]:
        said: list[str] = []
        ready_flows(settings, database, said.append)
        return [line for line in said if not line.startswith("prompts: ")]

    with pytest.raises(FailingTests):
        start()
    (folder / "tests/line.test.yaml").unlink()
    assert start() == [f"{folder}/ is published as version 1"]
    (data / "flows/7").mkdir(parents=True)
    assert start() == []
    assert [path.name for path in (data / "flows").iterdir()] == ["1"], "versions that no call runs are gone"
    (folder / "line.flow.yaml").write_text(FLOW.replace("Ciao.", "Salve."))
    assert start() == [f"{folder}/ has changes that are not published: ivr flow publish"]
    with database.read() as session:
        assert flow_versions.active(session).version == 1  # type: ignore[union-attr]
        assert [(row.author, row.note) for row in flow_versions.versions(session)] == [("ivr up", "first start")]


def test_what_has_never_run_with_its_database_does_not_start_without(tmp_path: Path) -> None:
    """Nor does what runs with another that cannot be used: that is a mistake, and no outage."""
    nobody = f"postgresql+psycopg://postgres@/x?host={tmp_path}"
    settings = load(tmp_path, environment={"NUMERO_NERO_STORE__URL": nobody})
    said: list[str] = []
    with pytest.raises(StoreError, match="has not run with it yet"):
        ready_store(settings, Database(nobody), said.append)
    (settings.flow_versions / "3").mkdir(parents=True)
    (settings.flow_versions / "3" / WHOLE).touch()
    assert not ready_store(settings, Database(nobody), said.append)
    [line] = said
    assert "version 3 of the flows" in line and str(settings.backlog) in line
    broken = f"sqlite:///{tmp_path}/none/store.sqlite3"
    with pytest.raises(StoreError, match="check the folder's rights"):
        ready_store(settings, Database(broken), said.append)
