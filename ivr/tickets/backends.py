"""Which backend: our own by name, those of others by the entry points of the packages that were installed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from ivr.problem import Problem
from ivr.store.database import Database
from ivr.tickets.backend import Backend

GROUP = "numero_nero.ticket_backends"
OWN = ("embedded", "rt", "zammad", "glpi")


class NoBackend(Problem):
    """The backend that the settings name cannot be used; says why."""

    exit_status = 2


@dataclass(frozen=True)
class Means:
    """What a backend is made with. `options`: its section of the settings. `secret` gives a secret by name, and raises
    KeyError; `timeout`: seconds that an answer may take."""

    database: Database
    options: Mapping[str, Any]
    secret: Callable[[str], str]
    timeout: float


def make(name: str, means: Means) -> Backend:
    """Each module or entry point has `make(means)`. Raises NoBackend."""
    try:
        if name in OWN:
            build = import_module(f"ivr.tickets.{name}").make
        else:
            [found] = entry_points(group=GROUP, name=name)
            build = found.load()
        made: Backend = build(means)
    except KeyError as error:
        raise NoBackend(
            f"tickets.backend is {name!r}, which needs the secret {error.args[0]!r}: put it into the file "
            f"secrets/given/{error.args[0]} of the data folder"
        ) from error
    except ValueError as error:  # no entry point, two of them, or options that cannot be
        known = ", ".join((*OWN, *sorted({point.name for point in entry_points(group=GROUP)})))
        raise NoBackend(f"tickets.backend is {name!r}: {error}; there are {known}") from error
    return made
