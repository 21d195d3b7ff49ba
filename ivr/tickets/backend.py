"""What every ticketing backend can do."""

from collections.abc import Sequence
from typing import Protocol

from ivr.tickets.outcome import Draft


class BackendError(Exception):
    """The backend did not take a ticket now; it is offered again later."""


class Backend(Protocol):
    def put(self, drafts: Sequence[Draft]) -> list[str]:
        """Make the ticket of each call, or change it when there is one; returns their numbers, in the same order.

        There is one ticket a call, however often and by however many this is done. Raises BackendError (the embedded
        backend StoreError): then some of them may have been made; they are given again, one by one.
        """
