"""Fetching: the ways in which it fails, and two starts at once. A small program stands for a network good or bad."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asterisk_conf import debian
from asterisk_conf.debian import TreeError

FETCHES = """#!/bin/sh
for target; do :; done
echo "$@" >> "$COUNT"
echo "I: downloading packages with apt..."
echo "I: success in 1 seconds"
sleep 0.5
mkdir "$target"
"""
FAILS = """#!/bin/sh
for target; do :; done
mkdir "$target"
echo "I: running apt-get update..."
echo "E: Could not resolve host"
exit 25
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a PATH of our own before the machine's."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("NUMERO_NERO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("COUNT", str(tmp_path / "fetches"))
    program(programs / "apt-get", "#!/bin/sh\nexit 1\n")
    return tmp_path / "cache"


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def fetch(said: list[str] | None = None) -> Path:
    lines: list[str] = [] if said is None else said
    return debian.unpacked("thing", "forky", ("one", "two"), "a thing", lines.append)


def test_it_is_fetched_once_and_told_step_by_step(cache: Path) -> None:
    program(cache.parent / "bin" / "mmdebstrap", FETCHES)
    said: list[str] = []
    folder = fetch(said)
    assert folder.is_dir() and folder.parent == cache and folder.name.startswith("thing-")
    assert said == [f"fetching a thing into {cache} (once)", "downloading packages with apt..."]
    assert fetch() == folder
    (told,) = (cache.parent / "fetches").read_text().splitlines()
    assert "--include=one,two" in told and "forky" in told


def test_other_packages_are_another_folder(cache: Path) -> None:
    program(cache.parent / "bin" / "mmdebstrap", FETCHES)
    assert debian.unpacked("thing", "forky", ("one", "three"), "a thing", print) != fetch()


def test_two_starts_at_once_fetch_once(cache: Path) -> None:
    program(cache.parent / "bin" / "mmdebstrap", FETCHES)
    line = "from asterisk_conf import debian; print(debian.unpacked('thing', 'forky', ('one', 'two'), 'it', str))"
    starts = [
        subprocess.Popen([sys.executable, "-c", line], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        for _ in "123"
    ]
    assert len({start.communicate(timeout=60)[0] for start in starts}) == 1
    assert all(start.returncode == 0 for start in starts)
    assert len((cache.parent / "fetches").read_text().splitlines()) == 1


def test_a_download_that_fails_is_told_leaves_nothing_and_can_be_tried_again(cache: Path) -> None:
    program(cache.parent / "bin" / "mmdebstrap", FAILS)
    with pytest.raises(TreeError) as failed:
        fetch()
    assert "a thing could not be fetched" in str(failed.value) and "Could not resolve host" in str(failed.value)
    assert f"{cache / 'fetch.log'}" in str(failed.value) and "Check the network" in str(failed.value)
    assert sorted(path.name for path in cache.iterdir()) == ["fetch.log", "lock"]
    program(cache.parent / "bin" / "mmdebstrap", FETCHES)
    assert fetch().is_dir()


def test_what_an_interrupted_download_left_is_removed(cache: Path) -> None:
    program(cache.parent / "bin" / "mmdebstrap", FETCHES)
    folder = fetch()
    folder.rename(folder.with_name(folder.name + ".part"))
    (folder.with_name(folder.name + ".part") / "half").touch()
    assert not (fetch() / "half").exists()


def test_mmdebstrap_itself_cannot_be_fetched(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache.parent / "bin"))
    program(cache.parent / "bin" / "apt-get", "#!/bin/sh\necho 'E: no network'\nexit 100\n")
    program(cache.parent / "bin" / "perl", "#!/bin/sh\n")
    with pytest.raises(TreeError, match=r"mmdebstrap could not be fetched:\n  E: no network\n"):
        fetch()


def test_without_apt_the_compose_file_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(TreeError, match=r"no apt-get.*docker-compose\.yml"):
        fetch()


def test_a_full_disk_is_told_before_anything_is_fetched(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(cache.parent / "bin" / "mmdebstrap", FETCHES)
    monkeypatch.setattr(debian, "SPACE", 1 << 62)
    with pytest.raises(TreeError, match=r"less than 1 GB is free.*NUMERO_NERO_CACHE"):
        fetch()
    assert not (cache.parent / "fetches").exists()


def test_a_cache_that_cannot_be_made_is_named(cache: Path) -> None:
    cache.touch()
    with pytest.raises(TreeError, match=f"{cache}: .*NUMERO_NERO_CACHE"):
        fetch()


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/a")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("NUMERO_NERO_CACHE", raising=False)
    assert debian.cache_dir() == Path("/home/a/.cache/numero-nero")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert debian.cache_dir() == Path("/x/numero-nero")
    monkeypatch.setenv("NUMERO_NERO_CACHE", "/mine")
    assert debian.cache_dir() == Path("/mine")
