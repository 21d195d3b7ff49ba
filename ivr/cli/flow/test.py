"""`ivr flow test`: the designers' tests, in the simulator, or each as a real call."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.problem import Problem

if TYPE_CHECKING:
    from ivr.flow.model import Book
    from ivr.flow.trial import Case, Result
    from ivr.settings import Settings


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "test", help="run the designers' tests", epilog="Example: ivr flow test flows/ -k Bolzano --junit tests.xml"
    )
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path("flows"), metavar="PATH", help="folder, flow or test file (flows)"
    )
    parser.add_argument("-k", dest="name", default="", metavar="TEXT", help="only tests with this in their name")
    parser.add_argument("--junit", type=Path, metavar="FILE.xml", help="write the results as JUnit XML")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--live", action="store_true", help="as real calls, and they must go as the simulated ones do")
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="real calls at a time (8)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.flow.findings import FlowErrors
    from ivr.settings import load

    if args.jobs < 1:
        print("ivr: --jobs: at least 1", file=sys.stderr)
        return 2
    try:
        book, cases = collect(args.path, args.name)
    except FileNotFoundError as error:
        print(f"ivr: {error}", file=sys.stderr)
        return 2
    except FlowErrors as error:
        print(error, file=sys.stderr)
        return 1
    results = simulate(book, cases, load())
    if args.live:
        from asterisk_conf.debian import TreeError

        try:
            results = _live(args, book, results)
        except (Problem, TreeError) as error:
            print(f"ivr: {error}", file=sys.stderr)
            return 1
    if args.junit:
        args.junit.write_bytes(junit(results))
    if args.json:
        print(json.dumps([_record(one) for one in results], indent=2, ensure_ascii=False))
    else:
        for one in results:
            print(_text(one))
    failed = sum(not one.passed for one in results)
    print(f"{len(results) - failed} passed, {failed} failed", file=sys.stderr)
    return 1 if failed else 0


def collect(path: Path, name: str = "") -> "tuple[Book, list[Case]]":
    """The flows of a folder and their tests: of the whole folder, of one flow's file, or of one test file.

    Raises FileNotFoundError, saying what to give, and FlowErrors.
    """
    from ivr.flow import trial
    from ivr.flow.findings import FlowErrors
    from ivr.flow.loader import SUFFIX, load

    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; give a flows' folder, a flow or a test file")
    folder = home(path)
    book = load(folder)
    files = [path] if path.name.endswith(trial.SUFFIX) else sorted((folder / "tests").glob(f"*{trial.SUFFIX}"))
    cases, findings = [], []
    for file in files:
        try:
            cases += trial.read(file, book)
        except FlowErrors as error:
            findings += error.findings
    if findings:
        raise FlowErrors(sorted(findings))
    if path.name.endswith(SUFFIX):
        cases = [case for case in cases if case.flow == path.name.removesuffix(SUFFIX)]
    return book, [case for case in cases if name.lower() in case.test.name.lower()]


def home(path: Path) -> Path:
    """The flows' folder that a folder, a flow or a test file belongs to."""
    from ivr.flow.trial import SUFFIX

    return path if path.is_dir() else path.parent.parent if path.name.endswith(SUFFIX) else path.parent


def _live(args: argparse.Namespace, book: "Book", simulated: "list[Result]") -> "list[Result]":
    """Those that passed in the simulator as real calls. Raises Problem."""
    import asyncio

    from ivr.cli.flow.live.run import perform
    from ivr.settings import load

    count = 0

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def done(result: "Result") -> None:
        nonlocal count
        count += 1
        verdict = "passed" if result.passed else f"FAILED at line {result.line}, {result.problem}:"
        say(f"{count:3} of {len(simulated)}  {verdict}  {result.case.test.name}")

    return asyncio.run(perform(home(args.path), book, simulated, load(), args.jobs, done, say))


def simulate(book: "Book", cases: "Sequence[Case]", settings: "Settings") -> "list[Result]":
    """Every case in the simulator."""
    from ivr.cli.flow.world import facts, ticket_type
    from ivr.flow import trial

    return [trial.run(case, book, facts, ticket_type(settings)) for case in cases]


def failures(folder: Path, settings: "Settings") -> list[str]:
    """Of each of the folder's tests that fails: what did not fit and where, and the journey. Raises FlowErrors."""
    return [_text(result) for result in simulate(*collect(folder), settings) if not result.passed]


def _text(result: "Result") -> str:
    from ivr.flow.telling import line, told

    if result.passed:
        return f"passed  {result.case.test.name}"
    lines = [f"FAILED  {result.case.test.name}", f"{result.case.file}:{result.line}: {result.problem}"]
    journeys = {"the journey": result.journey}
    if result.live:
        journeys = {"the journey on the telephone": result.live, "the journey in the simulator": result.journey}
    for title, journey in journeys.items():
        lines += [f"  {title}:", *(f"  {text}" for event in told(journey) if (text := line(event)))]
    return "\n".join(lines)


def _record(result: "Result") -> dict[str, Any]:
    from ivr.flow.telling import told

    case = result.case
    return {
        "name": case.test.name,
        "flow": case.flow,
        "file": case.file,
        "line": result.line if result.problem else case.line,
        "passed": result.passed,
        "problem": result.problem,
        "journey": list(told(result.journey)),
        **({"live": list(told(result.live))} if result.live else {}),
    }


def junit(results: "Sequence[Result]") -> bytes:
    """The results in the form that build servers read (JUnit's XML, as Ant wrote it)."""
    from xml.etree import ElementTree

    failed = sum(not one.passed for one in results)
    suite = ElementTree.Element("testsuite", name="flows", tests=str(len(results)), failures=str(failed))
    for one in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=one.case.flow, name=one.case.test.name, file=one.case.file
        )
        if not one.passed:
            failure = ElementTree.SubElement(case, "failure", message=f"{one.case.file}:{one.line}: {one.problem}")
            failure.text = _text(one)
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
