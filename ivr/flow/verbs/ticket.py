"""`ticket`: what this call's ticket shall be. It does not end the call, and a call makes one ticket, whatever is said.

Where a flow of the folder tells `ticket.number`, the ticket is made at once, while the call goes on, and changed at its
end; else it is made at the end.

informed: {ticket: {type: B, subject: Opening hours, fields: {reason: "= reason"}}, next: bye}
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ivr.flow.expressions import fill
from ivr.flow.findings import Where
from ivr.flow.model import Expression, Node
from ivr.flow.run import Run
from ivr.flow.words import AskTicket, Event, TicketSpec


class Ticket(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    type: Literal["", "Q", "PQ", "A", "PA", "I", "PI", "B"] = ""
    subject: str = ""
    fields: dict[str, bool | int | float | str] = {}


class Model(Node):
    ticket: Ticket
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def texts(self) -> list[tuple[Where, str]]:
        return [(("ticket", "subject"), self.ticket.subject)]

    def expressions(self) -> list[Expression]:
        return [
            Expression(("ticket", "fields", name), value[1:].strip())
            for name, value in self.ticket.fields.items()
            if isinstance(value, str) and value.startswith("=")
        ]


def enter(run: Run, node: Model) -> None:
    subject = fill(node.ticket.subject, run.names(), run.state.language)
    fields = {name: str(run.value(value)) for name, value in node.ticket.fields.items()}
    run.state.ticket = TicketSpec(node.ticket.type, subject, fields)
    if run.book.tells_ticket:
        run.actions.append(AskTicket())
    run.note("ticket", type=node.ticket.type, subject=subject)
    run.go("next", node.next)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
