"""Reads a flows' folder: flows, calendars, queues, and which prompts have recordings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ivr.flow import verbs
from ivr.flow.calendars import Calendar
from ivr.flow.expressions import nearest
from ivr.flow.findings import Finding, FlowErrors, of_validation
from ivr.flow.model import Book, Flow, Node, Prompt
from ivr.flow.queues import Queue
from ivr.flow.source import Source

VERSION = 1
SUFFIX = ".flow.yaml"
__all__ = ["Book", "FlowErrors", "load", "read"]


class _Document(BaseModel):
    """The outer shape of a flow file; nodes and prompts are read one by one."""

    model_config = ConfigDict(extra="forbid")
    ivr: int
    description: str = ""
    languages: list[str]
    numbers: list[str] = []
    variables: dict[str, Any] = {}
    on_error: str = ""
    start: str
    prompts: dict[str, dict[str, str]] = {}
    nodes: dict[str, dict[str, Any]]


def load(folder: Path) -> Book:
    """The book of a folder that has no errors. Raises FlowErrors with all that were found."""
    from ivr.flow.check import check_book

    book, sources, findings = read(folder)
    findings += check_book(book, sources)
    if errors := sorted(one for one in findings if one.severity == "error"):
        raise FlowErrors(errors)
    return book


def read(folder: Path) -> tuple[Book, dict[str, Source], list[Finding]]:
    """What can be read, the sources of flows by name, and what cannot be read."""
    findings: list[Finding] = []
    sources: dict[str, Source] = {}
    flows: dict[str, Flow] = {}
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise FlowErrors(
            [Finding(str(folder), 1, 1, "error", "no-flows", f"there is no flow here; a flow's file ends in {SUFFIX}")]
        )
    for path in paths:
        name = path.name.removesuffix(SUFFIX)
        try:
            sources[name] = Source(path, str(path))
            flow = _flow(name, sources[name], folder, findings)
        except FlowErrors as error:
            findings += error.findings
            continue
        if flow:
            flows[name] = flow
    calendars = _named(folder / "calendars.yaml", Calendar, findings)
    queues = _named(folder / "queues.yaml", Queue, findings)
    return Book(flows, calendars, queues), sources, findings


def _named(path: Path, model: type[Any], findings: list[Finding]) -> dict[str, Any]:
    """`{name: model}` of a file; a file that is not there names nothing."""
    if not path.exists():
        return {}
    try:
        source = Source(path, str(path))
        return TypeAdapter(dict[str, model]).validate_python(source.data or {})  # type: ignore[valid-type]
    except FlowErrors as error:
        findings += error.findings
    except ValidationError as error:
        findings += [source.finding(*one) for one in of_validation(error)]
    return {}


def _flow(name: str, source: Source, folder: Path, findings: list[Finding]) -> Flow | None:
    try:
        document = _Document.model_validate(source.data)
    except ValidationError as error:
        findings += [source.finding(*one) for one in of_validation(error)]
        return None
    if document.ivr != VERSION:
        message = f"this engine reads version {VERSION} of the language, not {document.ivr}"
        findings.append(source.finding(("ivr",), "version", message))
        return None
    nodes: dict[str, Node] = {}
    for node, given in document.nodes.items():
        read_node = _node(node, given, lambda *found, node=node: findings.append(_at(source, node, *found)))
        if read_node:
            nodes[node] = read_node
    prompts = {
        prompt: Prompt(
            prompt,
            {key: text for key, text in given.items() if key != "notice"},
            given.get("notice", ""),
            _recordings(folder, prompt, document.languages),
        )
        for prompt, given in document.prompts.items()
    }
    return Flow(
        name,
        tuple(document.languages),
        document.start,
        nodes,
        prompts,
        document.description,
        tuple(document.numbers),
        document.variables,
        document.on_error,
    )


def _at(source: Source, node: str, where: tuple[Any, ...], code: str, message: str, hint: str = "") -> Finding:
    return source.finding(("nodes", node, *where), code, message, hint)


def _node(name: str, given: dict[str, Any], found: Callable[..., None]) -> Node | None:
    known = verbs.all_verbs()
    mine = [key for key in given if key in known]
    if not mine:
        guess = next((hint for key in given if (hint := nearest(key, known))), "")
        found((), "no-verb", f"node '{name}' has no verb{guess}", f"verbs are {', '.join(sorted(known))}")
        return None
    # `language` as an option beside another verb would be ambiguous, so one verb means one key that is a verb.
    if len(mine) > 1:
        found((mine[1],), "two-verbs", f"node '{name}' has two verbs, '{mine[0]}' and '{mine[1]}'", "make it two nodes")
        return None
    try:
        model: Node = known[mine[0]].Model.model_validate(given)
    except ValidationError as error:
        for one in of_validation(error):
            found(*one)
        return None
    return model


def _recordings(folder: Path, prompt: str, languages: list[str]) -> dict[str, str]:
    paths = {language: f"prompts/{language}/{prompt}.wav" for language in languages}
    return {language: path for language, path in paths.items() if (folder / path).is_file()}
