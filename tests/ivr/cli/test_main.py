"""What holds for every sub-command. The parser is walked, so a new command is covered by being there."""

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr import __version__
from ivr.cli import main
from tests.ivr.cli.conftest import Ivr

Path_ = tuple[str, ...]
# What takes long to import, and what each command may need of it.
HEAVY = {"sqlalchemy", "alembic", "aiohttp", "numpy", "soundfile", "soxr", "pydantic", "cel", "holidays", "jinja2"}


def children(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def walk(parser: argparse.ArgumentParser, path: Path_ = ()) -> Iterator[tuple[Path_, argparse.ArgumentParser]]:
    yield path, parser
    for name, child in children(parser).items():
        yield from walk(child, (*path, name))


ALL = dict(walk(main.parser()))
GROUPS = [path for path, parser in ALL.items() if children(parser)]
COMMANDS = [path for path, parser in ALL.items() if not children(parser)]
SETTLED = {"flow", "asterisk", "anonymize"}  # what works without an installation
OF_RUNNING = {("queues", "list")}  # what a running controller tells
LISTINGS = [path for path in COMMANDS if path[-1] == "list" and path not in {("prompts", "list"), *OF_RUNNING}]


def name(path: Path_) -> str:
    return " ".join(path) or "ivr"


def test_the_walk_finds_groups_and_commands() -> None:
    assert {("recordings", "export"), ("flow", "check"), ("up",)} <= set(COMMANDS)
    assert {("recordings", "list"), ("tickets", "list"), ("operators", "list"), ("users", "list")} <= set(LISTINGS)


@pytest.mark.parametrize("path", ALL, ids=name)
def test_help_has_an_example_that_can_be_run(ivr: Ivr, path: Path_) -> None:
    done = ivr(*path, "--help")
    assert done.status == 0 and done.err == ""
    example = re.search(r"^Example: (ivr .*)$", done.out, re.MULTILINE)
    assert example, done.out
    words = shlex.split(example[1])[1:]
    assert tuple(words[: len(path)]) == path
    main.parser().parse_args(words)


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_an_option_that_does_not_exist_is_wrong_use(ivr: Ivr, path: Path_) -> None:
    done = ivr(*path, "--no-such-option")
    assert done.status == 2 and done.out == ""
    assert done.err.startswith("usage: ivr ") and "error: " in done.err


@pytest.mark.parametrize("path", GROUPS, ids=name)
def test_a_command_that_does_not_exist_is_wrong_use(ivr: Ivr, path: Path_) -> None:
    assert ivr(*path, "no-such-command").status == 2


@pytest.mark.parametrize("path", GROUPS, ids=name)
def test_a_group_without_a_command_is_wrong_use(ivr: Ivr, path: Path_) -> None:
    done = ivr(*path)
    assert done.status == 2 and done.out == "" and "usage: ivr" in done.err


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_every_command_speaks_json(path: Path_) -> None:
    assert "--json" in {option for action in ALL[path]._actions for option in action.option_strings}


def test_ivr_alone_shows_every_command(ivr: Ivr) -> None:
    shown = ivr().err
    for command in main.COMMANDS:
        assert re.search(rf"^ +{command}\b", shown, re.MULTILINE), command


def test_the_version(ivr: Ivr) -> None:
    assert ivr("--version").out == f"Numero Nero {__version__}\n"


@pytest.mark.parametrize("path", LISTINGS, ids=name)
def test_a_listing_of_nothing_is_an_empty_list(ivr: Ivr, path: Path_, data: Path) -> None:
    done = ivr(*path, "--data", data, "--json")
    assert (done.status, json.loads(done.out), done.err) == (0, [], "")


@pytest.mark.parametrize("path", [*LISTINGS, *OF_RUNNING, ("purge",)], ids=name)
def test_where_nothing_was_ever_started_one_line_says_what_to_do(ivr: Ivr, path: Path_, tmp_path: Path) -> None:
    done = ivr(*path, "--data", tmp_path / "none")
    if path == ("operators", "list"):  # operators may be added before the first start
        assert done.status == 0
        return
    assert done.status == 1 and done.out == ""
    assert done.err.count("\n") == 1 and "ivr up" in done.err and str(tmp_path / "none") in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("recordings", "show", "none"),
        ("recordings", "export", "none", "never-written.wav"),
        ("tickets", "show", "none"),
        ("tickets", "show", "17"),
        ("operators", "remove", "9999"),
        ("operators", "phone", "9999"),
        ("users", "remove", "none"),
        ("samples", "show", "none"),
        ("samples", "items", "none"),
    ],
    ids=name,
)
def test_an_unknown_id_is_told_in_one_line(ivr: Ivr, arguments: Path_, data: Path) -> None:
    done = ivr(*arguments, "--data", data)
    assert done.status == 1 and done.out == ""
    assert done.err.startswith("ivr: there is no ") and done.err.count("\n") == 1
    assert arguments[2] in done.err


@pytest.mark.parametrize("path", [path for path in COMMANDS if path[0] not in SETTLED], ids=name)
def test_a_broken_settings_file_is_named_with_the_key(ivr: Ivr, path: Path_, data: Path) -> None:
    (data / "numero-nero.toml").write_text("[recordings]\nkeep_days = 0\n")
    words = shlex.split(re.search(r"^Example: ivr (.*)$", ALL[path].format_help(), re.MULTILINE)[1])  # type: ignore[index]
    if "--data" in words:
        del words[words.index("--data") :][:2]
    done = ivr(*words, "--data", data)
    assert done.status == 2 and done.out == ""
    assert done.err.count("\n") == 1
    assert str(data / "numero-nero.toml") in done.err and "recordings.keep_days" in done.err


def test_a_settings_file_that_is_not_toml_is_named(ivr: Ivr, data: Path) -> None:
    (data / "numero-nero.toml").write_text("[ports\n")
    done = ivr("tickets", "list", "--data", data)
    assert done.status == 2 and str(data / "numero-nero.toml") in done.err and "TOML" in done.err


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (("--help",), set()),
        (("recordings", "no-such-command"), HEAVY),
        (("flow", "check", "--help"), set()),
        (("flow", "check", "flows"), {"pydantic", "cel", "holidays"}),
        (("status", "--data", "/nowhere"), {"pydantic", "sqlalchemy"}),
    ],
    ids=lambda given: name(given) if isinstance(given, tuple) else "",
)
def test_a_command_imports_only_what_it_needs(arguments: Path_, allowed: set[str]) -> None:
    program = (
        "import sys; from ivr.cli.main import main\n"
        "try: main()\n"
        "finally: print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        timeout=60,
    )
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "argparse" in loaded
    assert loaded & HEAVY <= allowed
