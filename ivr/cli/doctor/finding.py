"""What a check has found, and how checks are run: one that hangs, or has a mistake, costs the others nothing."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ivr.problem import Problem
from ivr.settings import Settings

WITHIN = 20.0  # seconds for one check
State = Literal["ok", "problem", "unknown"]


@dataclass(frozen=True)
class Finding:
    """`unknown`: it could not be asked, or nobody knows. `mend`: what to do about it."""

    check: str
    state: State
    found: str
    mend: str = ""


Check = Callable[[Settings], Iterable[Finding]]


def ok(check: str, found: str) -> Finding:
    return Finding(check, "ok", found)


def problem(check: str, found: str, mend: str) -> Finding:
    return Finding(check, "problem", found, mend)


def unknown(check: str, found: str, mend: str = "") -> Finding:
    return Finding(check, "unknown", found, mend)


def findings(checks: Iterable[Check], settings: Settings, within: float = WITHIN) -> Iterator[Finding]:
    """One after the other, in their order."""
    for check in checks:
        yield from _bounded(check, settings, within)


def _bounded(check: Check, settings: Settings, within: float) -> list[Finding]:
    found: list[Finding] = []
    name = check.__name__

    def run() -> None:
        try:
            found.extend(check(settings))
        except Problem as error:
            found.append(problem(name, str(error), "see what it says; then `ivr doctor` again"))
        except Exception as error:
            found.append(problem(name, f"the check failed: {error!r}", "this is a mistake of ours; please tell us"))

    thread = threading.Thread(target=run, name=name, daemon=True)  # one that hangs does not hold up the end
    thread.start()
    thread.join(within)
    if thread.is_alive():
        return [*found, problem(name, f"no answer within {within:.0f} s", "see whether the network lets it through")]
    return found
