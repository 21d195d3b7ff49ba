"""What can be said of docker-compose.yml without containers: whether it fits the program that runs in them."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from asterisk_conf import tree
from ivr.cli.installation import free_base, make_folders
from ivr.cli.up import _children
from ivr.link.server import Server
from ivr.settings import Settings, load

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "asterisk_conf/Dockerfile").read_text("utf-8")
IGNORED = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")]


def services(**environment: str) -> Any:
    """Those of the file, its `${NAME:-value}` filled in. Any other dollar compose would take for a variable, too."""

    def value(found: re.Match[str]) -> str:
        assert found["name"], f"a dollar that compose takes for a variable: {found[0]}"
        return environment.get(found["name"], found["usual"])

    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    return yaml.safe_load(re.sub(r"\$(\{(?P<name>[A-Z_]+):-(?P<usual>[^}]*)\})?", value, text))["services"]


def settings(data: Path, **environment: str) -> Settings:
    given: Mapping[str, str] = services(**environment)["numero-nero"]["environment"]
    return load(data, environment=given)


def seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


def test_its_variables_are_settings(tmp_path: Path) -> None:
    assert [settings(tmp_path).asterisks.count, settings(tmp_path, ASTERISKS="2").asterisks.count] == [1, 2]


def test_postgresql_is_reached_by_the_socket_that_both_have(tmp_path: Path) -> None:
    ours, theirs = (dict(volume.split(":") for volume in services()[name]["volumes"]) for name in
                    ("numero-nero", "postgresql"))  # fmt: skip
    assert settings(tmp_path).database_url.endswith(f"?host={ours['socket']}") and ours["socket"] == theirs["socket"]
    assert f"PGDATA={theirs['database']}\n" in DOCKERFILE, "it is the volume, which stays"


def test_what_the_images_are_made_of_is_there() -> None:
    assert {one["build"]["target"] for one in services().values()} == set(re.findall(r" AS (\S+)", DOCKERFILE))
    for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE):
        for pattern in line.split():
            found = [path.relative_to(ROOT) for path in ROOT.glob(pattern)] if pattern != "." else [Path("ivr")]
            assert found and not any(fnmatch(path.parts[0], one) for path in found for one in IGNORED), pattern
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert rooms and all(f" {room}" in DOCKERFILE for room in rooms), "nobody in it may write what is compiled"
    for name in (".git", ".venv", "data", "numero-nero.env", "tests"):
        assert any(fnmatch(name, one) for one in IGNORED), f"{name} is no part of the image"


def test_asterisk_is_fetched_before_our_code_is_there(tmp_path: Path) -> None:
    """So new code does not fetch it again: what the image has by then is enough for it."""
    for line in re.findall(r"^(COPY asterisk_conf/.*|RUN .*python -c .*)$", DOCKERFILE, re.MULTILINE):
        kind, *rest = shlex.split(line)
        if kind == "COPY":
            (tmp_path / "asterisk_conf").mkdir(exist_ok=True)
            for path in (path for pattern in rest[:-1] for path in ROOT.glob(pattern)):
                shutil.copy(path, tmp_path / rest[-1])
        else:
            code = f"{rest[-1]}; import sys; sys.exit(bool({{'ivr', 'recordings', 'anonymizer'}} & set(sys.modules)))"
            subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


@pytest.mark.parametrize("is_ready", [True, False])
async def test_it_is_healthy_when_calls_are_taken(tmp_path: Path, is_ready: bool) -> None:
    (tmp_path / "data").mkdir()
    base, check = free_base(), services()["numero-nero"]["healthcheck"]
    (tmp_path / "data/installation.json").write_text(json.dumps({"base_port": base}))
    server = Server("secret", lambda: {"calls": is_ready})
    await server.listen([load(tmp_path, environment={"NUMERO_NERO_PORTS__BASE": str(base)}).ports.health])
    asked = await asyncio.create_subprocess_shell(check["test"], cwd=tmp_path, stderr=asyncio.subprocess.DEVNULL)
    status = await asyncio.wait_for(asked.wait(), seconds(check["timeout"]))
    await server.close()
    assert (status == 0) == is_ready


def test_everything_has_time_to_end(tmp_path: Path) -> None:
    """One after the other, as `ivr up` stops them, before the container is killed."""
    wanted = settings(tmp_path, ASTERISKS="2")
    make_folders(wanted)
    patience = sum(child.patience for child in _children(wanted, tree.ensure(print)))
    assert patience < seconds(services()["numero-nero"]["stop_grace_period"])
