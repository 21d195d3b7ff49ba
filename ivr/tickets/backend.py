"""The port of a ticketing system: what every backend can do, and what may go wrong.

One ticket a call, whatever breaks: the call's id is its key. A backend enforces it (a unique column) or looks it up
(`find`, `create`, read back). Everything may be done again: the same call makes no second ticket.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ivr.tickets.outcome import Draft

STATES = ("new", "open", "waiting", "closed")
"""Where a ticket stands, in words that all backends share; `waiting` is for the citizen, or for a day to come."""


class BackendError(Exception):
    """The backend did not do what was asked of it."""

    retry_after = 0.0


class Unavailable(BackendError):
    """It does nothing for anybody now: it is down, slow, refuses our secret, or has lost a field that it needs. All is
    tried again later, `retry_after` seconds from now at the earliest when it said so. The reason goes into the log, so
    nothing of a ticket stands in it."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(BackendError):
    """It will not take this ticket, and says why; others may go through. The reason is shown, but not logged."""


@dataclass(frozen=True)
class Seen:
    """A ticket that the backend has: its number there, and one of STATES."""

    reference: str
    state: str


class Backend(ABC):
    """Used by several threads at once. Each method raises BackendError."""

    at_once = 1
    """How many drafts `put` is given together at most."""

    @abstractmethod
    def find(self, call_ids: Collection[str]) -> dict[str, Seen]:
        """Call → its ticket, of those calls that have one. A ticket's state is read by this, too."""

    @abstractmethod
    def create(self, draft: Draft) -> str:
        """Make the ticket of a call that has none; returns its number."""

    @abstractmethod
    def update(self, reference: str, draft: Draft) -> None:
        """Make type, subject and the fields it `holds` those of the draft; what people changed otherwise stays."""

    @abstractmethod
    def comment(self, reference: str, text: str) -> None:
        """Add a remark that the citizen does not see; the same text is not added twice."""

    @abstractmethod
    def attach(self, reference: str, title: str, address: str) -> None:
        """Add a link; the same address is not added twice."""

    @abstractmethod
    def check(self) -> list[str]:
        """What is missing over there (queue, fields, rights), each with what to do; empty: nothing."""

    def holds(self, field: str) -> bool:
        """Whether a field of drafts is one there; what is not goes into the ticket's text, and later into comments."""
        return True

    def put(self, drafts: Sequence[Draft]) -> list[str]:
        """Make the ticket of each call, or change it when there is one; returns their numbers, in the same order.

        When it raises, some of them may have been made; they are given again, one by one.
        """
        there = self.find([draft.call_id for draft in drafts])
        return [self._put(draft, there.get(draft.call_id)) for draft in drafts]

    def _put(self, draft: Draft, there: Seen | None) -> str:
        if there:
            self.update(there.reference, draft)
            said = draft.fields | {"type": draft.type}
            if told := "\n".join(f"{name}: {said[name]}" for name in draft.changed if not self.holds(name)):
                self.comment(there.reference, told)
        reference = there.reference if there else self.create(draft)
        for address, title in draft.links.items():
            self.attach(reference, title, address)
        return reference

    def close(self) -> None:  # noqa: B027 - few have anything to close
        """No more is asked of it."""
