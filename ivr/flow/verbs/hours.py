"""`hours`: open or closed, by a calendar. `holiday` is optional, and `closed` stands in for it.

opening: {hours: assistenza, open: notice, closed: closed}
"""

from collections.abc import Iterable

from ivr.flow import calendars
from ivr.flow.findings import Found, missing
from ivr.flow.model import Flow, Names, Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    hours: str
    open: str
    closed: str
    holiday: str | None = None

    def targets(self) -> dict[str, str]:
        exits = {"open": self.open, "closed": self.closed}
        return exits | ({"holiday": self.holiday} if self.holiday else {})


def findings(node: Model, flow: Flow, names: Names) -> Iterable[Found]:
    return missing(("hours",), "no-calendar", "calendar", node.hours, names.calendars)


def enter(run: Run, node: Model) -> None:
    status = calendars.status(run.book.calendars[node.hours], run.now)
    run.note("hours", calendar=node.hours, status=status)
    if status == "open":
        run.state.outcome = ""
        run.go("open", node.open)
    else:
        run.state.outcome = "closed"
        exit = "holiday" if status == "holiday" and node.holiday else "closed"
        run.go(exit, node.targets()[exit])


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
