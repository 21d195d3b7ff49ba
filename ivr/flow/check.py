"""What can be wrong with flows: everything that would otherwise be found in a call.

Flow after flow is read and checked by itself; only its `Outline` and `Usage` are kept for what can be wrong between
flows. What cannot be read is not judged further: one mistake is one finding.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from ivr.flow import builtin, verbs
from ivr.flow.circles import circles, recursion
from ivr.flow.expression_check import SPOKEN_TYPES, Problem, Scope
from ivr.flow.expressions import type_of
from ivr.flow.files import Folder
from ivr.flow.findings import Finding, FlowErrors, Found, Where, missing, nearest_name
from ivr.flow.loader import SUFFIX, Reading, flow_paths, read_flow, read_shared
from ivr.flow.model import Flow, Names
from ivr.flow.outline import Outline, outline, unreachable
from ivr.flow.privacy import unwarned
from ivr.flow.source import Source
from ivr.flow.variables import Usage, misused, usage, without_ticket

MOST = 500  # findings of one kind in one file; nobody reads more


def check(folder: Path, hosts: Collection[str] | None = None) -> list[Finding]:
    """Everything there is to say about a flows' folder, by file and line. `hosts`: those that `http` may ask."""
    return examine(Folder(folder), f"{folder}/", hosts)


def examine(
    files: Mapping[str, bytes],
    where: str = "",
    hosts: Collection[str] | None = None,
    flows: dict[str, Flow] | None = None,
) -> list[Finding]:
    """The same of files given by path; `where` stands before the path in findings. `flows` takes what was read."""
    paths = flow_paths(files)
    if not paths:
        hint = f"a flow's file ends in {SUFFIX}"
        return [Finding(where.rstrip("/") or ".", 1, 1, "error", "no-flows", "there is no flow here", hint)]
    _, _, names, findings = read_shared(files, where, hosts)
    outlines: dict[str, Outline] = {}
    usages: dict[str, Usage] = {}
    numbers: dict[str, tuple[str, ...]] = {}
    for path in paths:
        name = path.removesuffix(SUFFIX)
        try:
            reading = read_flow(files, path, where)
        except FlowErrors as error:
            findings += error.findings
            outlines[name] = Outline(name, unreadable=True)
            continue
        findings += reading.findings
        outlines[name], usages[name], numbers[name] = outline(reading), usage(reading), reading.flow.numbers
        found = chain(in_flow(reading, names), unreachable(outlines[name]))
        findings += [reading.found(one) for one in found]
        if flows is not None:
            flows[name] = reading.flow
    unreadable = frozenset(name for name, one in outlines.items() if one.unreadable)
    between = [
        *circles(outlines), *recursion(outlines), *unwarned(outlines), *misused(usages, unreadable),
        *without_ticket(usages, unreadable), *_twice(numbers)
    ]  # fmt: skip
    return sorted({*findings, *_placed(between, files, where)})


def _placed(found: Iterable[tuple[str, Found]], files: Mapping[str, bytes], where: str) -> Iterator[Finding]:
    """The flows are not kept, so the few files with findings between flows are read again for their places."""
    by_flow: dict[str, list[Found]] = {}
    for name, one in found:
        by_flow.setdefault(name, []).append(one)
    for name, ones in by_flow.items():
        source = Source(files[name + SUFFIX], where + name + SUFFIX)
        yield from (source.finding(*one) for one in ones[:MOST])


def _twice(numbers: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Found]]:
    owner: dict[str, str] = {}
    for name, own in numbers.items():
        for index, number in enumerate(own):
            if number in owner:
                message = f"number '{number}' is flow '{owner[number]}'s already"
                yield name, Found(("numbers", index), "number-twice", message, "a number reaches one flow")
            owner.setdefault(number, name)


def in_flow(reading: Reading, names: Names) -> Iterator[Found]:
    """What is wrong within one flow."""
    checkers: tuple[Callable[[Reading], Iterator[Found]], ...] = (_targets, _prompts, _assigned, _expressions)
    for checker in checkers:
        yield from islice(checker(reading), MOST)
    yield from islice(_verbs_own(reading, names), MOST)


def _verbs_own(reading: Reading, names: Names) -> Iterator[Found]:
    for name, node in reading.flow.nodes.items():
        if own := getattr(verbs.of(node), "findings", None):
            for found in own(node, reading.flow, names):
                yield found._replace(where=("nodes", name, *found.where))


def _targets(reading: Reading) -> Iterator[Found]:
    flow = reading.flow
    known = flow.nodes.keys() | reading.broken.keys()
    if "nodes" in reading.doubtful:
        return
    for key, target in (("start", flow.start), ("on_error", flow.on_error)):
        if target:
            yield from missing((key,), "no-target", "node", target, known)
    for name, node in flow.nodes.items():
        for exit, target in node.targets().items():
            yield from missing(("nodes", name, *exit.split(".")), "no-target", "node", target, known)


def _prompts(reading: Reading) -> Iterator[Found]:
    flow = reading.flow
    known = flow.prompts.keys() | builtin.names()
    used = {word for broken in reading.broken.values() for word in broken.words}
    for name, node in flow.nodes.items():
        for where, prompt in node.prompts():
            used.add(prompt)
            if "prompts" not in reading.doubtful and prompt not in known:
                yield from missing(("nodes", name, *where), "no-prompt", "prompt", prompt, flow.prompts.keys())
                used.add(nearest_name(prompt, flow.prompts.keys()))
    for name, prompt_ in flow.prompts.items():
        for language in flow.languages:
            if language in builtin.LANGUAGES and not _has(prompt_.texts, prompt_.recordings, language):
                message = f"prompt '{name}' has neither text nor recording in '{language}'"
                hint = f'add `{language}: "…"`, or record prompts/{language}/{name}.wav'
                yield Found(("prompts", name), "no-language", message, hint)
        if name not in used and "nodes" not in reading.doubtful:
            message = f"prompt '{name}' is never spoken"
            yield Found(("prompts", name), "unused-prompt", message, "remove it", "warning")


def _has(texts: Mapping[str, str], recordings: Mapping[str, str], language: str) -> bool:
    return bool(texts.get(language, "").strip()) or language in recordings


def _assigned(reading: Reading) -> Iterator[Found]:
    """What is put into variables."""
    variables = reading.flow.variables
    if "variables" in reading.doubtful:
        return
    for name, node in reading.flow.nodes.items():
        for where, variable, kind in node.assigns():
            place = ("nodes", name, *where)
            if variable not in variables:
                for found in missing(place, "undeclared", "variable", variable, variables):
                    hint = found.hint or "add it to the flow's `variables`, with its first value"
                    yield found._replace(message=f"variable '{variable}' is not declared", hint=hint)
            elif kind != "any" and kind != (declared := type_of(variables[variable])) and declared != "any":
                message = f"variable '{variable}' begins as {SPOKEN_TYPES[declared]}, and this is {SPOKEN_TYPES[kind]}"
                yield Found(place, "type", message, "give it a first value of the same kind")


def _expressions(reading: Reading) -> Iterator[Found]:
    flow = reading.flow
    if "variables" in reading.doubtful:
        return
    dynamic = frozenset(name for node in flow.nodes.values() for _, name, kind in _outside(node.assigns()))
    scope = Scope(flow.variables, dynamic)
    for name, node in flow.nodes.items():
        into = {where: variable for where, variable, _ in node.assigns()}
        for where, source, wants, _ in node.expressions():
            wanted = scope.types.get(into[where], "any") if where in into else wants
            yield from _found(("nodes", name, *where), scope.problem(source, wanted))
        for where, text in node.texts():
            yield from _found(("nodes", name, *where), scope.text_problem(text))
    for name, prompt in flow.prompts.items():
        for language, text in prompt.texts.items():
            if "{" in text or "}" in text:
                yield from _found(("prompts", name, language), scope.text_problem(text))


def _outside(assigns: Iterable[tuple[Where, str, str]]) -> Iterator[tuple[Where, str, str]]:
    """What comes from a web service; a `set` by expression has the variable's type."""
    return (one for one in assigns if one[2] == "any" and one[0][0] != "set")


def _found(where: Where, problem: Problem | None) -> Iterator[Found]:
    if problem is not None:
        yield Found(where, *problem)
