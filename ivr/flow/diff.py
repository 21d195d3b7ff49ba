"""What changed between two states of a flows' folder, in the words of the language: pure.

Values are compared as designers write them, defaults included, so that an option that was spelled out and one that was
left away are the same. A node that has another name and is otherwise the same was renamed, and whoever goes to it
has not changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ivr.flow import verbs
from ivr.flow.loader import SUFFIX
from ivr.flow.model import Book, Flow, Node, Prompt

Files = Mapping[str, str]  # path → digest of its content
SETTINGS = {"calendar": "calendars.yaml", "queue": "queues.yaml"}


@dataclass(frozen=True)
class Change:
    """`kind`: added, removed, renamed, changed. `thing`: flow, node, verb, exit, option, prompt, text, notice,
    recording, number, variable, calendar, queue, file, or a key of a flow. `name`: which node, prompt, calendar …;
    `key`: where in it. `old` and `new` are as written, "" where there was or is nothing.
    """

    kind: str
    thing: str
    file: str
    name: str = ""
    key: str = ""
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        where = f"{self.file.removesuffix(SUFFIX)}:"
        name, key, old, new = self.name, self.key, self.old or "nothing", self.new or "nothing"
        match self.thing, self.kind:
            case "file", _:
                return f"{self.file} {self.kind}{self.key}"
            case "flow", _:
                return f"flow {name} {self.kind}"
            case "recording", _:
                return f"prompt {name}, {key}: recording {'replaced' if self.kind == 'changed' else self.kind}"
            case "verb", _:
                return f"{where} {name} was {old}, now is {new}"
            case "exit", "changed":
                return f"{where} {name}: {key} went to {old}, now goes to {new}"
            case "exit", "added":
                return f"{where} {name}: {key} is new and goes to {new}"
            case "exit", _:
                return f"{where} {name}: {key}, which went to {old}, is gone"
            case "text", _:
                return f"{where} prompt {name}, {key}: {_quoted(self.old)} -> {_quoted(self.new)}"
            case "calendar" | "queue", "changed":
                return f"{self.thing} {name}: {key} {old} -> {new}"
            case "calendar" | "queue", _:
                return f"{self.thing} {name} {self.kind}"
            case "node", "renamed":
                return f"{where} node {old} renamed to {new}"
            case "notice", _:
                return f"{where} prompt {name}: notice {old} -> {new}"
            case "option", _:
                return f"{where} {name}: {key} {old} -> {new}"
            case _, "changed":
                return f"{where} {' '.join(part for part in (self.thing, name) if part)} {old} -> {new}"
        value = f" ({self.old or self.new})" if self.old or self.new else ""
        return f"{where} {self.thing} {name} {self.kind}{value}"


def diff(old: Book, new: Book, old_files: Files, new_files: Files) -> list[Change]:
    """By file, in the order of the files' names; empty when nothing but the working of the engine could differ."""
    changes: list[Change] = []
    for name in sorted(old.flows.keys() | new.flows.keys()):
        file, before, after = f"{name}{SUFFIX}", old.flows.get(name), new.flows.get(name)
        if before and after:
            changes += _flow(file, before, after)
            changes += _prompts(file, before, after)
            changes += _recordings(before, after, old_files, new_files)
        else:
            changes.append(Change("added" if after else "removed", "flow", file, name))
    changes += _settings("calendar", old.calendars, new.calendars)
    changes += _settings("queue", old.queues, new.queues)
    told = {change.file for change in changes}
    for kind, path, _, _ in _pairs(old_files, new_files):
        if path not in told:
            is_ours = path.endswith(SUFFIX) or path in SETTINGS.values()
            changes.append(Change(kind, "file", path, key=" in comments, layout or order only" if is_ours else ""))
    return list(dict.fromkeys(changes))  # flows may share a recording


def _flow(file: str, old: Flow, new: Flow) -> Iterator[Change]:
    renamed = _renamed(old, new)
    for key in ("description", "languages", "start", "on_error"):
        before, after = _text(getattr(old, key)), _text(getattr(new, key))
        if renamed.get(before, before) != after:
            yield Change("changed", key, file, old=before, new=after)
    for kind, number, _, _ in _pairs(dict.fromkeys(old.numbers, ""), dict.fromkeys(new.numbers, "")):
        yield Change(kind, "number", file, number)
    for kind, name, was, now in _pairs(_leaves(old.variables), _leaves(new.variables)):
        yield Change(kind, "variable", file, name, old=was, new=now)
    for was, now in renamed.items():
        yield Change("renamed", "node", file, now, old=was, new=now)
    here = {renamed.get(name, name): node for name, node in old.nodes.items()}
    for name in _keys(here, new.nodes):
        if name not in new.nodes:
            yield Change("removed", "node", file, name, old=_verb(here[name]))
        elif name not in here:
            yield Change("added", "node", file, name, new=_verb(new.nodes[name]))
        else:
            yield from _node(file, name, here[name], new.nodes[name], renamed)


def _node(file: str, name: str, old: Node, new: Node, renamed: Mapping[str, str]) -> Iterator[Change]:
    was_verb, verb = _verb(old), _verb(new)
    exits = {key: renamed.get(target, target) for key, target in _exits(old).items()}
    new_exits = _exits(new)
    if was_verb != verb:
        yield Change("changed", "verb", file, name, old=was_verb, new=verb)
    for kind, key, was, now in _pairs(exits, new_exits):
        yield Change(kind, "exit", file, name, key, was, now)
    if was_verb != verb:
        return  # naming every option of both verbs would say less
    for kind, key, was, now in _pairs(_options(old), _options(new)):
        yield Change(kind, "option", file, name, key, was, now)
    before, after = [key for key in exits if key in new_exits], [key for key in new_exits if key in exits]
    if verb == "branch" and before != after:  # the first that is true wins
        yield Change("changed", "option", file, name, "order", _text(before), _text(after))


def _prompts(file: str, old: Flow, new: Flow) -> Iterator[Change]:
    for name in _keys(old.prompts, new.prompts):
        if name not in old.prompts or name not in new.prompts:
            yield Change("added" if name in new.prompts else "removed", "prompt", file, name)
            continue
        before, after = old.prompts[name], new.prompts[name]
        if before.notice != after.notice:
            yield Change("changed", "notice", file, name, old=before.notice, new=after.notice)
        for kind, language, was, now in _pairs(before.texts, after.texts):
            yield Change(kind, "text", file, name, language, was, now)


def _recordings(old: Flow, new: Flow, old_files: Files, new_files: Files) -> Iterator[Change]:
    nothing = Prompt("", {})
    for name in _keys(old.prompts, new.prompts):
        before, after = old.prompts.get(name, nothing).recordings, new.prompts.get(name, nothing).recordings
        for language in _keys(before, after):
            paths = {path: "" for path in (before.get(language), after.get(language)) if path}
            for kind, path, _, _ in _pairs(*({p: f[p] for p in paths if p in f} for f in (old_files, new_files))):
                yield Change(kind, "recording", path, name, language)


def _settings(thing: str, old: Mapping[str, BaseModel], new: Mapping[str, BaseModel]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            yield Change("added" if name in new else "removed", thing, SETTINGS[thing], name)
            continue
        for _, key, was, now in _pairs(_leaves(_plain(old[name])), _leaves(_plain(new[name]))):
            yield Change("changed", thing, SETTINGS[thing], name, key, was, now)


def _renamed(old: Flow, new: Flow) -> dict[str, str]:
    """Old name → new name, where exactly one node that is gone looks like exactly one that is new."""
    both = old.nodes.keys() & new.nodes.keys()

    def looks(flow: Flow) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, node in flow.nodes.items():
            if name not in both:
                exits = {
                    key: target if target in both else "(itself)" if target == name else "(another)"
                    for key, target in _exits(node).items()
                }
                found.setdefault(repr((_verb(node), _options(node), exits)), []).append(name)
        return found

    gone, come = looks(old), looks(new)
    return {names[0]: come[look][0] for look, names in gone.items() if len(names) == 1 and len(come.get(look, ())) == 1}


def _keys(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """All of both, in the order of the old ones, then of the new ones."""
    return list(dict.fromkeys([*old, *new]))


def _pairs(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """(kind, key, old, new) for each key that differs."""
    for key in _keys(old, new):
        if key not in old or key not in new or old[key] != new[key]:
            kind = "added" if key not in old else "removed" if key not in new else "changed"
            yield kind, key, old.get(key, ""), new.get(key, "")


def _verb(node: Node) -> str:
    return next(name for name, module in verbs.all_verbs().items() if module is verbs.of(node))


def _exits(node: Node) -> dict[str, str]:
    """Exit → node. A case of a `branch` goes by its condition, so that one more case moves no other."""
    shown = {numbered: key for key, numbered, _ in _walk(_plain(node))}
    return {_short(node, shown.get(exit, exit)): target for exit, target in node.targets().items()}


def _options(node: Node) -> dict[str, str]:
    exits = node.targets()
    return {_short(node, key): text for key, numbered, text in _walk(_plain(node)) if numbered not in exits}


def _short(node: Node, key: str) -> str:
    """`menu.choices.2` is `choices.2`."""
    return key.removeprefix(f"{_verb(node)}.")


def _plain(model: BaseModel) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _leaves(value: Any) -> dict[str, str]:
    """Every single value, by its place."""
    return {key: text for key, _, text in _walk(value)}


def _walk(value: Any, key: str = "", numbered: str = "") -> Iterator[tuple[str, str, str]]:
    """(place, place as `Node.targets` says it, value): `timeout`, `choices.2`, `closed[2026-12-24]`.

    An item of a list of mappings goes by its first value, and is one value, so that one more moves no other.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            dot = "." if key else ""
            yield from _walk(item, f"{key}{dot}{name}", f"{numbered}{dot}{name}")
    elif isinstance(value, list) and value and all(isinstance(item, dict) and item for item in value):
        seen: dict[str, int] = {}
        for number, item in enumerate(value):
            (_, first), *rest = item.items()
            name = _text(first)
            seen[name] = seen.get(name, 0) + 1
            shown = f"{key}[{name}]" if seen[name] == 1 else f"{key}[{name} #{seen[name]}]"
            last = next(reversed(item))
            yield shown, f"{numbered}.{number}.{last}", ", ".join(f"{name} {_text(one)}" for name, one in rest)
    else:
        yield key, numbered, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _quoted(text: str) -> str:
    return f'"{text}"' if text else "nothing"
