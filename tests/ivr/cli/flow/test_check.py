import json
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.cli.main import parser

FLOW = """ivr: 1
languages: [it]
start: hello
prompts: {hi: {it: "Ciao."}}
nodes:
  hello: {play: hi, next: end}
  end: {hangup: normal}
"""


def check(*arguments: str) -> int:
    args = parser("flow").parse_args(["flow", "check", *arguments])
    return int(args.run(args))


def test_a_good_folder_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.flow.yaml").write_text(FLOW)
    assert check(str(tmp_path), "--strict") == 0
    assert capsys.readouterr().out == ""


def test_a_warning_fails_only_when_strict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.flow.yaml").write_text(FLOW + "  lost: {play: hi, next: end}\n")
    assert check(str(tmp_path)) == 0
    assert check(str(tmp_path), "--strict") == 1
    assert "one.flow.yaml:8:3: warning unreachable" in capsys.readouterr().out


def test_one_file_is_told_its_own_findings_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.flow.yaml").write_text(FLOW)
    (tmp_path / "two.flow.yaml").write_text(FLOW.replace("next: end", "next: ende"))
    assert check(str(tmp_path / "one.flow.yaml")) == 0
    assert check(str(tmp_path / "two.flow.yaml"), "--json") == 1
    (found, *_) = json.loads(capsys.readouterr().out)
    assert set(found) == {"file", "line", "column", "severity", "code", "message", "hint"}
    assert (found["line"], found["code"]) == (6, "no-target")


def test_the_settings_say_which_hosts_may_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asks = '{http: {url: "https://api.example.org/x"}, next: end, otherwise: end}'
    (tmp_path / "one.flow.yaml").write_text(FLOW.replace("next: end", "next: ask") + f"  ask: {asks}\n")
    assert check(str(tmp_path), "--data", str(tmp_path)) == 0
    (tmp_path / "numero-nero.toml").write_text('[http]\nallow = ["api.example.org:8443"]\n')
    assert check(str(tmp_path), "--data", str(tmp_path)) == 1
    assert "8:16: error host-not-allowed" in capsys.readouterr().out
    (tmp_path / "numero-nero.toml").write_text('[http]\nallow = ["api.example.org:443"]\n')
    assert check(str(tmp_path), "--data", str(tmp_path)) == 0


def test_a_path_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert check(str(tmp_path / "none")) == 2


def test_a_folder_of_bombs_is_told_of_in_little_memory(tmp_path: Path) -> None:
    bombs = {
        "aliases": b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (i + 1, i + 1, i, i) for i in range(97, 121)),
        "depth": b"[ " * 500_000,
        "braces": b"{a: " * 200_000,
        "values": b"- a\n" * 240_000,
        "size": b"x" * 10_000_000,
        "digits": b"a: " + b"9" * 900_000,
        "anchors": b"&a a\n" * 190_000,
        "expression": FLOW.replace("play: hi", "set: {a: '" + "(" * 200_000 + "'}").encode(),
        "growing": FLOW.replace("play: hi", "set: {a: '" + "a + " * 200_000 + "a'}").encode(),
        "text": FLOW.replace("Ciao.", "Ciao. " * 150_000).encode(),
    }  # fmt: skip
    for name, content in bombs.items():
        (tmp_path / f"{name}.flow.yaml").write_bytes(content)
    # Its own peak: the usage that the system tells of a child counts its parent's memory, too.
    program = f"""
import atexit, re, sys
from pathlib import Path
from ivr.cli.main import main
atexit.register(lambda: print(re.search("VmHWM: *(.*) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr))
sys.argv = ["ivr", "flow", "check", {str(tmp_path)!r}, "--json"]
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert {Path(one["file"]).name.partition(".")[0] for one in found} == set(bombs)
    assert int(done.stderr) < 200 * 1024, "KiB"
