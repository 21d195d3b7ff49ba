"""Reads a flows' folder: flows, calendars, queues, and which prompts have recordings.

Each thing is read by itself, so that one mistake hides no other: a node that cannot be read is left out of the flow and
noted in `Reading.broken`, a calendar that cannot be read still has its name.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ivr.flow import builtin, verbs
from ivr.flow.calendars import Calendar
from ivr.flow.expressions import RESERVED
from ivr.flow.files import Folder, wav_seconds
from ivr.flow.findings import Finding, FlowErrors, Found, missing, nearest, of_validation
from ivr.flow.model import Book, Flow, Names, Node, Prompt
from ivr.flow.queues import Queue
from ivr.flow.source import Source

VERSION = 1
SUFFIX = ".flow.yaml"
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
NUMBER = re.compile(r"\*|\+?[0-9*#]{1,30}")
__all__ = ["Book", "FlowErrors", "load", "load_files", "read", "read_flow", "read_shared"]


class Document(BaseModel):
    """The outer shape of a flow file; nodes and prompts are read one by one."""

    model_config = ConfigDict(extra="forbid")
    ivr: int
    description: str = ""
    languages: Annotated[list[str], Field(min_length=1)]
    numbers: list[str] = []
    variables: dict[str, Any] = {}
    on_error: str = ""
    start: str
    prompts: dict[str, Any] = {}
    nodes: Annotated[dict[str, Any], Field(min_length=1)]


_NOTHING: dict[str, Any] = {"languages": [], "start": "", "nodes": {}}


@dataclass(frozen=True)
class Broken:
    """A node that cannot be read. `words`: all texts in it, among them the nodes it leads to and the prompts it speaks.
    `open`: it may lead elsewhere, too."""

    words: frozenset[str]
    open: bool


@dataclass
class Reading:
    """A flow's file, as far as it can be read. `doubtful` names its parts that could not be read whole."""

    name: str
    source: Source
    flow: Flow
    broken: Mapping[str, Broken] = field(default_factory=dict)
    doubtful: Collection[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)

    def found(self, found: Found) -> Finding:
        where, code, message, hint, severity = found
        return self.source.finding(where, code, message, hint, severity)


def load(folder: Path, hosts: Collection[str] | None = None) -> Book:
    """The book of a folder that has no errors. Raises FlowErrors with all that were found."""
    return load_files(Folder(folder), f"{folder}/", hosts)


def read(folder: Path) -> tuple[Book, list[Finding]]:
    """Whatever can be read, and why the rest cannot; nothing is checked."""
    files, where = Folder(folder), f"{folder}/"
    calendars, queues, _, findings = read_shared(files, where)
    flows = {}
    for path in flow_paths(files):
        try:
            reading = read_flow(files, path, where)
        except FlowErrors as error:
            findings += error.findings
        else:
            findings += reading.findings
            flows[reading.name] = reading.flow
    return Book(flows, calendars, queues), findings


def load_files(files: Mapping[str, bytes], where: str = "", hosts: Collection[str] | None = None) -> Book:
    """The same of files given by path; `where` stands before the path in findings."""
    from ivr.flow.check import examine  # which reads with this module

    flows: dict[str, Flow] = {}
    findings = examine(files, where, hosts, flows)
    if errors := [one for one in findings if one.severity == "error"]:
        raise FlowErrors(errors)
    calendars, queues, _, _ = read_shared(files, where)
    return Book(flows, calendars, queues)


def flow_paths(files: Mapping[str, bytes]) -> list[str]:
    return sorted(path for path in files if path.endswith(SUFFIX) and "/" not in path)


def read_shared(
    files: Mapping[str, bytes], where: str = "", hosts: Collection[str] | None = None
) -> tuple[dict[str, Calendar], dict[str, Queue], Names, list[Finding]]:
    """Calendars and queues that can be read, all names that flows may use, and what is wrong."""
    findings: list[Finding] = []
    calendars, calendar_names = _named(files, "calendars.yaml", where, Calendar, findings)
    queues, queue_names = _named(files, "queues.yaml", where, Queue, findings)
    flows = [path.removesuffix(SUFFIX) for path in flow_paths(files)]
    found = list(_references(queues, calendar_names, flows))
    if found:
        source = Source(files["queues.yaml"], where + "queues.yaml")
        findings += [source.finding(*one) for one in found]
    return calendars, queues, Names(flows, calendar_names, queue_names, hosts), findings


def _references(
    queues: Mapping[str, Queue], calendars: Collection[str] | None, flows: Collection[str]
) -> Iterator[Found]:
    """What queues name outside their file."""
    for name, queue in queues.items():
        if queue.hours:
            yield from missing((name, "hours"), "no-calendar", "calendar", queue.hours, calendars)
        if queue.callback:
            yield from missing((name, "callback"), "no-flow", "flow", queue.callback, flows)


def _named(
    files: Mapping[str, bytes], path: str, where: str, model: type[BaseModel], findings: list[Finding]
) -> tuple[dict[str, Any], Collection[str] | None]:
    """`{name: model}` of a file and its names; a file that is not there names nothing."""
    if path not in files:
        return {}, ()
    try:
        source = Source(files[path], where + path)
    except FlowErrors as error:
        findings += error.findings
        return {}, None
    findings += source.findings
    if not isinstance(source.data or {}, dict):
        findings.append(source.finding((), "bad-value", "this is not keys with values", "write {name: {…}}"))
        return {}, None
    good = {}
    for name, given in (source.data or {}).items():
        found = list(_bad_name((name,), "name", name))
        try:
            good[name] = model.model_validate({} if given is None else given)
        except ValidationError as error:
            found += [one._replace(where=(name, *one.where)) for one in of_validation(error, model.model_fields)]
        findings += [source.finding(*one) for one in found]
    return good, source.data or {}


def read_flow(files: Mapping[str, bytes], path: str, where: str = "") -> Reading:
    """Raises FlowErrors when nothing can be said of what is in the file."""
    name = path.removesuffix(SUFFIX)
    source = Source(files[path], where + path)
    if not isinstance(source.data, dict):
        message = "this holds nothing" if source.data is None else "this is not keys with values"
        raise FlowErrors([source.finding((), "bad-value", message, "a flow begins with `ivr: 1`")])
    found: list[Found] = []
    document, doubtful = _outer(source.data, found)
    if "ivr" not in doubtful and document.ivr != VERSION:
        message = f"this engine reads version {VERSION} of the language, not {document.ivr}"
        raise FlowErrors([source.finding(("ivr",), "version", message, f"write `ivr: {VERSION}`")])
    if not NAME.fullmatch(name):
        found.append(Found((), "bad-name", f"'{name}' is no name for a flow", "letters, digits, - and _ make a name"))
    found += _variables(document.variables) + _numbers(document.numbers) + _languages(document.languages)
    nodes, broken = {}, {}
    for node, given in document.nodes.items():
        before = len(found)
        model = _node(node, given, found)
        if model:
            nodes[node] = model
        else:
            open_ = any(one.code in ("missing-exit", "missing-key", "no-verb") for one in found[before:])
            broken[node] = Broken(frozenset(_words(given)), open_)
    prompts = {}
    for prompt, given in document.prompts.items():
        recordings = _recordings(files, prompt, document.languages, found)
        prompts[prompt] = _prompt(prompt, given, recordings, found)
    flow = Flow(
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
    return Reading(name, source, flow, broken, doubtful, source.findings + [source.finding(*one) for one in found])


def _outer(data: dict[str, Any], found: list[Found]) -> tuple[Document, frozenset[str]]:
    try:
        return Document.model_validate(data), frozenset()
    except ValidationError as error:
        found += of_validation(error, Document.model_fields)
        doubtful = frozenset(str(one["loc"][0]) for one in error.errors() if one["loc"])
        good = {key: value for key, value in data.items() if key not in doubtful}
        return Document.model_construct(**(_NOTHING | good)), doubtful


def _bad_name(where: tuple[str | int, ...], kind: str, name: str) -> Iterable[Found]:
    if not NAME.fullmatch(name):
        yield Found(where, "bad-name", f"'{name}' is no {kind}", "letters, digits, - and _ make a name")


def _variables(variables: Mapping[str, Any]) -> list[Found]:
    found = []
    for name, value in variables.items():
        where = ("variables", name)
        if not VARIABLE.fullmatch(name):
            hint = "letters, digits and _ make a variable's name, a letter first"
            found.append(Found(where, "bad-name", f"'{name}' is no name for a variable", hint))
        elif name in RESERVED:
            hint = "choose another"
            found.append(Found(where, "bad-name", f"'{name}' has a meaning of its own in expressions", hint))
        if value is None:
            found.append(Found(where, "bad-value", f"variable '{name}' has no first value", 'write for example ""'))
    return found


def _numbers(numbers: list[str]) -> list[Found]:
    hint = 'write for example "+390600000001", or "*" for every number that no other flow takes'
    return [
        Found(("numbers", index), "bad-value", f"'{number}' is no telephone number", hint)
        for index, number in enumerate(numbers)
        if not NUMBER.fullmatch(number)
    ]


def _languages(languages: list[str]) -> list[Found]:
    found = []
    for index, code in enumerate(languages):
        if code not in builtin.LANGUAGES:
            message = f"'{code}' is none of {', '.join(builtin.LANGUAGES)}"
            found.append(Found(("languages", index), "bad-value", message, nearest(code, builtin.LANGUAGES)))
        elif code in languages[:index]:
            found.append(Found(("languages", index), "bad-value", f"'{code}' is here twice", "remove one"))
    return found


@cache
def _keys(verb: str) -> list[str]:
    fields = verbs.all_verbs()[verb].Model.model_fields
    return [field.alias or name for name, field in fields.items()]


def _node(name: str, given: Any, found: list[Found]) -> Node | None:
    where, known = ("nodes", name), verbs.all_verbs()
    found += _bad_name(where, "name for a node", name)
    if not isinstance(given, dict):
        found.append(Found(where, "bad-value", "a node is keys with values", "write {play: welcome, next: …}"))
        return None
    mine = [key for key in given if key in known]
    if not mine:
        hint = next((hint for key in given if (hint := nearest(key, known))), "") or f"verbs are {', '.join(known)}"
        found.append(Found(where, "no-verb", f"node '{name}' has no verb", hint))
        return None
    if len(mine) > 1:
        message = f"node '{name}' has two verbs, '{mine[0]}' and '{mine[1]}'"
        found.append(Found((*where, mine[1]), "two-verbs", message, "make it two nodes"))
        return None
    try:
        model: Node = known[mine[0]].Model.model_validate(given)
    except ValidationError as error:
        for one in of_validation(error, _keys(mine[0])):
            found.append(_of_node(name, one, where))
        return None
    return model


def _of_node(name: str, one: Found, where: tuple[str, str]) -> Found:
    if one.code == "missing-key" and not one.where:
        exit = one.message.split("'")[1]
        hint = f"say which node comes next: `{exit}: NODE`"
        return Found(where, "missing-exit", f"node '{name}' lacks its exit '{exit}'", hint)
    return one._replace(where=(*where, *one.where))


def _words(given: Any) -> Iterable[str]:
    """All texts in a value, keys among them."""
    todo = [given]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            todo += one
        elif isinstance(one, str):
            yield one


MOST_TEXT = 5_000


def _prompt(name: str, given: Any, recordings: dict[str, str], found: list[Found]) -> Prompt:
    where = ("prompts", name)
    found += _bad_name(where, "name for a prompt", name)
    if name in builtin.names():
        found.append(Found(where, "bad-name", f"'{name}' is the engine's own prompt", "choose another name"))
    if not isinstance(given, dict):
        found.append(Found(where, "bad-value", "a prompt is a text for each language", 'write {it: "…", en: "…"}'))
        return Prompt(name, dict.fromkeys(builtin.LANGUAGES, "?"), "", recordings)
    texts = {}
    for key, text in given.items():
        if key not in builtin.LANGUAGES and key != "notice":
            hint = nearest(key, (*builtin.LANGUAGES, "notice"))
            found.append(Found((*where, key), "unknown-key", f"'{key}' is not known here", hint))
        elif not isinstance(text, str):
            shown = "nothing" if text is None else f"'{text}'" if isinstance(text, int | float) else "this"
            found.append(Found((*where, key), "bad-value", f"{shown} is not text", "put it into quotes"))
            texts[key] = "?"
        elif len(text) > MOST_TEXT:
            message = f"a prompt has at most {MOST_TEXT:,} letters"
            found.append(Found((*where, key), "too-large", message, "make it several prompts"))
            texts[key] = "?"
        elif key == "notice" and text != "recording":
            message = f"'{text}' is no notice; the only one there is, is 'recording'"
            found.append(Found((*where, key), "bad-value", message, nearest(text, ("recording",))))
            texts[key] = "recording"
        else:
            texts[key] = text
    return Prompt(name, texts, texts.pop("notice", ""), recordings)


LONG = 120.0  # seconds


def _recordings(files: Mapping[str, bytes], prompt: str, languages: list[str], found: list[Found]) -> dict[str, str]:
    if not NAME.fullmatch(prompt):
        return {}
    paths = {language: f"prompts/{language}/{prompt}.wav" for language in languages if NAME.fullmatch(language)}
    there = {language: path for language, path in paths.items() if path in files}
    for path in there.values():
        seconds = wav_seconds(files[path])
        if seconds is None:
            message = f"recording {path} is no WAV file"
            found.append(Found(("prompts", prompt), "bad-recording", message, "save it as WAV (PCM)"))
        elif seconds > LONG:
            message, hint = f"recording {path} plays {seconds:.0f} seconds", "callers hang up; make it shorter"
            found.append(Found(("prompts", prompt), "long-recording", message, hint, "warning"))
    return there
