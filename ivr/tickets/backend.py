"""What every ticketing backend can do."""

from typing import Protocol

from ivr.tickets.outcome import Draft


class BackendError(Exception):
    """The backend did not take a ticket now; it is offered again later."""


class Backend(Protocol):
    def find(self, call_id: str) -> str | None:
        """The number of the ticket of that call, if there is one."""

    def create(self, draft: Draft) -> str:
        """Make the ticket; returns its number. Called again for the same call, it returns the same."""

    def update(self, number: str, draft: Draft) -> None: ...
