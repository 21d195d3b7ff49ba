"""The verbs, one module each: its model, its steps, its documentation. A new verb is a new file here.

A module named `x` defines `Model` (the node: value, options and exits, named as in YAML), `enter(run, node)` and
`on(run, node, event)`. The docstring is the verb's manual.
"""

import importlib
import pkgutil
from functools import cache
from typing import Any

from ivr.flow.model import Node

# In the contract of the language, and not in this version of the engine.
LATER = frozenset({"collect", "http", "callback", "voicemail", "transfer", "record", "subflow", "return"})


@cache
def all_verbs() -> dict[str, Any]:
    """Verb → module."""
    return {found.name: importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)}


@cache
def _by_model() -> dict[type[Node], Any]:
    return {module.Model: module for module in all_verbs().values()}


def of(node: Node) -> Any:
    """The module of a node's verb."""
    return _by_model()[type(node)]
