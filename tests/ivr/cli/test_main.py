"""The command line as a whole: every command explains itself, and costs no more than it needs."""

import argparse
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ivr.cli import main


def ivr(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ivr.cli.main", *arguments], capture_output=True, text=True, timeout=60
    )


def parsers(one: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser's sub-commands, and theirs."""
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield inner
                yield from parsers(inner)


COMMANDS = {one.prog: one for one in parsers(main.parser())}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"xample: {command}" in COMMANDS[command].format_help()


def test_help_lists_every_command() -> None:
    told = ivr("--help")
    assert told.returncode == 0
    assert all(command in told.stdout for command in main.COMMANDS)


@pytest.mark.parametrize("words", [[], ["no-such-command"], ["status", "--no-such-option"]])
def test_wrong_use_is_told_and_exits_with_2(words: list[str]) -> None:
    told = ivr(*words)
    assert told.returncode == 2
    assert "usage: ivr" in told.stderr and "error:" in told.stderr


def test_a_command_reads_no_other_command_and_no_migrations() -> None:
    code = (
        "import sys; sys.argv = ['ivr', 'status', '--data', '/nowhere']\n"
        "from ivr.cli import main\n"
        "try: main.main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    read = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stderr.split()
    assert "ivr.cli.status" in read
    assert not {"ivr.cli.up", "ivr.cli.controller", "ivr.cli.web", "alembic", "aiohttp"} & set(read)
