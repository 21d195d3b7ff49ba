"""What can be wrong with flows that can be read: everything that would otherwise be found in a call."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivr.flow import builtin, expressions
from ivr.flow.expressions import nearest
from ivr.flow.findings import Finding, FlowErrors
from ivr.flow.loader import read
from ivr.flow.model import Book, Flow, Node
from ivr.flow.source import Source
from ivr.flow.verbs import collect, hours, http, language, menu, play, queue, survey, transfer, voicemail
from ivr.flow.verbs import set as assign
from ivr.flow.words import Facts, State

WAITS: tuple[type[Node], ...] = (
    play.Model, menu.Model, collect.Model, http.Model, queue.Model, voicemail.Model, transfer.Model, survey.Model
)  # fmt: skip


def check(folder: Path) -> list[Finding]:
    """Everything there is to say about a flows' folder, by file and line."""
    try:
        book, sources, findings = read(folder)
    except FlowErrors as error:
        return error.findings
    return sorted(findings + check_book(book, sources))


def check_book(book: Book, sources: Mapping[str, Source]) -> list[Finding]:
    findings = []
    for name, flow in book.flows.items():
        source = sources[name]
        for checker in (_targets, _reached, _circles, _prompts, _names, _expressions, _notice):
            findings += [source.finding(*found) for found in checker(flow, book)]
    return findings + list(_numbers(book, sources))


Found = Iterator[tuple[Any, ...]]


def _places(node: Node) -> Iterator[tuple[tuple[Any, ...], str]]:
    for exit, target in node.targets().items():
        yield (
            tuple(int(part) if part.isdigit() and exit.startswith("branch") else part for part in exit.split(".")),
            target,
        )


def _targets(flow: Flow, book: Book) -> Found:
    for name, node in flow.nodes.items():
        for where, target in _places(node):
            if target not in flow.nodes:
                yield ("nodes", name, *where), "no-target", f"there is no node '{target}'{nearest(target, flow.nodes)}"
    for key in ("start", "on_error"):
        target = getattr(flow, key)
        if target and target not in flow.nodes:
            yield (key,), "no-target", f"there is no node '{target}'{nearest(target, flow.nodes)}"


def _reached(flow: Flow, book: Book) -> Found:
    reached: set[str] = set()
    todo = [flow.start, flow.on_error]
    while todo:
        name = todo.pop()
        if name in flow.nodes and name not in reached:
            reached.add(name)
            todo += flow.nodes[name].targets().values()
    for name in flow.nodes:
        if name not in reached:
            yield ("nodes", name), "unreachable", f"no path leads to node '{name}'", "", "warning"


def _circles(flow: Flow, book: Book) -> Found:
    """A node from which one comes back to it without waiting for anybody. `play` waits, for its prompt's end."""
    quick = {name: node for name, node in flow.nodes.items() if not isinstance(node, WAITS)}
    for name in quick:
        todo = list(quick[name].targets().values())
        visited: set[str] = set()
        while todo:
            target = todo.pop()
            if target == name:
                yield ("nodes", name), "circle", f"node '{name}' comes back to itself and waits for nothing"
                break
            if target in quick and target not in visited:
                visited.add(target)
                todo += quick[target].targets().values()


def _prompts(flow: Flow, book: Book) -> Found:
    used: set[str] = set()
    for name, node in flow.nodes.items():
        for where, prompt in node.prompts():
            used.add(prompt)
            if prompt not in flow.prompts and prompt not in builtin.names():
                hint = nearest(prompt, flow.prompts)
                yield ("nodes", name, *where), "no-prompt", f"there is no prompt '{prompt}'{hint}"
    for name, prompt_ in flow.prompts.items():
        if prompt_.notice not in ("", "recording"):
            yield ("prompts", name, "notice"), "bad-value", "the only notice there is, is 'recording'"
        for language_ in flow.languages:
            if not prompt_.texts.get(language_) and language_ not in prompt_.recordings:
                yield (
                    ("prompts", name),
                    "no-language",
                    f"prompt '{name}' has neither text nor recording in '{language_}'",
                )
        if name not in used:
            yield ("prompts", name), "unused-prompt", f"prompt '{name}' is never spoken", "", "warning"


def _names(flow: Flow, book: Book) -> Found:
    for number, code in enumerate(flow.languages):
        if code not in builtin.LANGUAGES:
            yield ("languages", number), "bad-value", f"'{code}' is none of {', '.join(builtin.LANGUAGES)}"
    for name, node in flow.nodes.items():
        at = ("nodes", name)
        if isinstance(node, hours.Model) and node.hours not in book.calendars:
            yield (
                (*at, "hours"),
                "no-calendar",
                f"there is no calendar '{node.hours}'{nearest(node.hours, book.calendars)}",
            )
        if isinstance(node, queue.Model) and node.queue.name not in book.queues:
            hint = nearest(node.queue.name, book.queues)
            yield (*at, "queue", "name"), "no-queue", f"there is no queue '{node.queue.name}'{hint}"
        if isinstance(node, assign.Model):
            for variable in node.set:
                if variable not in flow.variables:
                    hint = nearest(variable, flow.variables)
                    yield (*at, "set", variable), "undeclared", f"variable '{variable}' is not declared{hint}"
        if (
            isinstance(node, language.Model)
            and not node.language.startswith("=")
            and node.language not in flow.languages
        ):
            yield (*at, "language"), "bad-value", f"'{node.language}' is none of the flow's languages"
    assigned = {name for node in flow.nodes.values() if isinstance(node, assign.Model) for name in node.set}
    for variable in flow.variables:
        if variable not in assigned:
            yield ("variables", variable), "never-set", f"variable '{variable}' is never set"


def _expressions(flow: Flow, book: Book) -> Found:
    state = State(flow.name, flow.start, flow.languages[0], dict(flow.variables))
    facts = Facts("id", "+390600000001", "+390471123456", district="0471", country="IT")
    names = expressions.scope(state, facts, datetime.now(UTC))
    for name, node in flow.nodes.items():
        for where, source in node.expressions():
            if problem := expressions.check(source, names):
                yield ("nodes", name, *where), "expression", problem
    for name, prompt in flow.prompts.items():
        for language_, text in prompt.texts.items():
            for value, form in expressions.values_in(text):
                problem = expressions.check(value, names)
                if form and form not in expressions.FORMS:
                    problem = f"'{form}' is no way to speak a value; there are {', '.join(expressions.FORMS)}"
                if problem:
                    yield ("prompts", name, language_), "expression", problem


def _notice(flow: Flow, book: Book) -> Found:
    """No path may reach a recorded conversation without the notice that it is recorded."""
    unwarned: set[str] = set()
    todo = [flow.start]
    while todo:
        name = todo.pop()
        node = flow.nodes.get(name)
        if node is None or name in unwarned:
            continue
        unwarned.add(name)
        if isinstance(node, play.Model | menu.Model) and any(
            prompt in flow.prompts and flow.prompts[prompt].notice == "recording" for _, prompt in node.prompts()
        ):
            continue
        todo += node.targets().values()
    for name in flow.nodes:
        if name in unwarned and isinstance(flow.nodes[name], queue.Model):
            hint = "play a prompt marked `notice: recording` before it on every path"
            yield ("nodes", name), "no-notice", f"node '{name}' is reached without the notice of recording", hint


def _numbers(book: Book, sources: Mapping[str, Source]) -> Iterator[Finding]:
    owner: dict[str, str] = {}
    for name, flow in book.flows.items():
        for index, number in enumerate(flow.numbers):
            if number in owner:
                message = f"number '{number}' is flow '{owner[number]}'s already"
                yield sources[name].finding(("numbers", index), "number-twice", message)
            owner.setdefault(number, name)
