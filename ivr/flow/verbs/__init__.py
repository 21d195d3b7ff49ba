"""The verbs, one module each: its model, its steps, its documentation. A new verb is a new file here.

A module named `x` defines `Model` (the node: value, options and exits, named as in YAML), `enter(run, node)`,
`on(run, node, event)` and, where something must be ended when the node is left by a failure or by the caller hanging
up, `left(run, node)`. `resume(run, node)` waits anew for what the node waits for, on behalf of a controller that is
gone; a verb whose `enter` does just that has none. `findings(node, flow, names)`, where it is there, yields what the
checker cannot know of itself, such as a queue that does not exist; its places are within the node. The docstring is the
verb's manual. A module whose name is a word of Python ends in `_`.
"""

import importlib
import pkgutil
from functools import cache
from typing import Any

from ivr.flow.model import Node


@cache
def all_verbs() -> dict[str, Any]:
    """Verb → module."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {name.rstrip("_"): importlib.import_module(f"{__name__}.{name}") for name in names}


@cache
def _by_model() -> dict[type[Node], tuple[str, Any]]:
    return {module.Model: (name, module) for name, module in all_verbs().items()}


def of(node: Node) -> Any:
    """The module of a node's verb."""
    return _by_model()[type(node)][1]


def name_of(node: Node) -> str:
    """A node's verb, as in YAML."""
    return _by_model()[type(node)][0]
