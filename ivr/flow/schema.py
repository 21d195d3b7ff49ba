"""JSON Schemas (2020-12) of what designers write, so that an editor completes and checks while they type.

All is made from the models that read the files, and from the verbs' own documentation, so it cannot say anything else
than they do. A schema sees shapes; what spans a file, such as a node that is not there, is for the checker.
"""

import re
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ivr.flow import builtin, durations, loader, trial, verbs
from ivr.flow.calendars import Calendar
from ivr.flow.queues import Queue

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_NAMES: Schema = {"pattern": f"^{loader.NAME.pattern}$"}
_KEYS = {
    "ivr": "the version of the language",
    "description": "what this flow is for",
    "languages": "the languages it speaks; the first is the default",
    "numbers": "the numbers it answers; * takes what no other flow takes",
    "variables": "every variable that the flow sets, with its first value",
    "on_error": "the node to go to when a node fails",
    "start": "the node to begin with",
    "prompts": "what is said, by name and language",
    "nodes": "what is done, by name; a node has one verb, and exits that name other nodes",
}


def flow() -> Schema:
    """Of `NAME.flow.yaml`."""
    schema = _of(loader.Document)
    each = schema["properties"]
    each["ivr"]["const"] = loader.VERSION
    each["languages"] |= {"minItems": 1, "uniqueItems": True, "items": {"enum": list(builtin.LANGUAGES)}}
    each["prompts"] = {"type": "object", "propertyNames": _NAMES, "additionalProperties": {"$ref": "#/$defs/prompt"}}
    each["nodes"] = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": _NAMES,
        "additionalProperties": {"$ref": "#/$defs/node"},
    }
    each["numbers"]["items"]["pattern"] = f"^({loader.NUMBER.pattern})$"
    each["variables"]["propertyNames"] = {"pattern": f"^{loader.VARIABLE.pattern}$"}
    for key, description in _KEYS.items():
        each[key] = {"description": description} | each[key]
    schema["$defs"] = {"prompt": _prompt(), "node": _node(), **_verbs()}
    return _whole(schema, "A flow of Numero Nero")


def calendars() -> Schema:
    """Of `calendars.yaml`."""
    return _whole(_of(dict[str, Calendar]), "Opening hours, by name")


def queues() -> Schema:
    """Of `queues.yaml`."""
    return _whole(_of(dict[str, Queue]), "Queues, by name")


def tests() -> Schema:
    """Of `tests/NAME.test.yaml`."""
    return _whole(_of(trial.File), "Tests of a flow")


# Name → (the schema's maker, the files it is of, below a flows' folder).
SCHEMAS: dict[str, tuple[Callable[[], Schema], str]] = {
    "flow": (flow, f"*{loader.SUFFIX}"),
    "calendars": (calendars, "calendars.yaml"),
    "queues": (queues, "queues.yaml"),
    "tests": (tests, f"tests/*{trial.SUFFIX}"),
}


def _prompt() -> Schema:
    texts = {
        language: {"type": "string", "description": f"what is said in {language}"} for language in builtin.LANGUAGES
    }
    notice = {"const": "recording", "description": "this prompt tells callers that the call is recorded"}
    return {"type": "object", "properties": {"notice": notice} | texts, "additionalProperties": False}


def _node() -> Schema:
    """One verb decides what else a node has. An editor that completes sees the verbs with their manuals."""
    manuals = {verb: _manual(module.__doc__) for verb, module in verbs.all_verbs().items()}
    return {
        "type": "object",
        "properties": manuals,
        "anyOf": [{"required": [verb]} for verb in manuals],
        "allOf": [{"if": {"required": [verb]}, "then": {"$ref": f"#/$defs/{verb}"}} for verb in manuals],
    }


def _verbs() -> dict[str, Schema]:
    """Each verb's node, and the parts of it, which are named after it."""
    made: dict[str, Schema] = {}
    for verb, module in verbs.all_verbs().items():
        schema = _of(module.Model, f"{verb}.")
        made |= schema.pop("$defs", {})
        for name, each in schema["properties"].items():
            # What is text beside the verb is an exit.
            if name != verb and "boolean" not in str(each):
                each |= {"description": "the node that follows" if name == "next" else f"exit `{name}`: a node's name"}
        made[verb] = {key: value for key, value in schema.items() if key != "description"}
    return made


def _manual(docstring: str) -> Schema:
    """The first line for every editor, the whole for those that show Markdown."""
    first, _, _ = docstring.partition("\n\n")
    return {"description": " ".join(first.replace("`", "").split()), "markdownDescription": docstring.strip()}


class _Plain(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _of(model: Any, prefix: str = "") -> Schema:
    schema = TypeAdapter(model).json_schema(ref_template=f"#/$defs/{prefix}{{model}}", schema_generator=_Plain)
    defs = schema.pop("$defs", {})
    schema |= {"$defs": {f"{prefix}{name}": each for name, each in defs.items()}} if defs else {}
    tidied: Schema = _tidy(schema)
    return tidied


def _tidy(part: Any) -> Any:
    """Without Python's names, with defaults as they are written in YAML.

    An option that may be left out may also be null; nobody writes that, and editors would offer it.
    """
    if isinstance(part, list):
        return [_tidy(item) for item in part]
    if not isinstance(part, dict):
        return part
    tidied = {key: _tidy(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))}
    default = tidied.get("default")
    if "default" in tidied and default is None and "anyOf" in tidied:
        rest = [one for one in tidied.pop("anyOf") if one != {"type": "null"}]
        tidied |= rest[0] if len(rest) == 1 else {"anyOf": rest}
    if isinstance(default, float) and "pattern" in tidied:
        tidied["default"] = durations.write(default)
    elif "default" in tidied and (default in (None, "") or not isinstance(default, str | int | float)):
        del tidied["default"]
    elif isinstance(default, str) and not re.search(tidied.get("pattern", ""), default):
        del tidied["default"]  # one that is not written, such as the last moment of a day
    return tidied


def _whole(schema: Schema, title: str) -> Schema:
    return {"$schema": DRAFT, "title": title} | {key: value for key, value in schema.items() if key != "description"}
