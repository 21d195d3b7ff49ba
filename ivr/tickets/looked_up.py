"""For ticketing systems in which nothing is unique: a call's ticket is looked up before one is made, and read back.

Who makes one at the same moment, or made one and never heard of it, is found by the reading back: of two tickets of one
call the older is kept, and the other merged into it.
"""

import logging
from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass

from ivr.tickets.backend import Backend, Seen, Unavailable
from ivr.tickets.outcome import Draft

log = logging.getLogger(__name__)
WITHOUT_KEY = (
    600.0  # seconds until it is tried again when the key was not kept: each try leaves a ticket that is undone
)


@dataclass(frozen=True)
class Hit:
    """A ticket that a search found; `id` as the system's addresses have it, `reference` as people have it."""

    call_id: str
    id: int
    reference: str
    state: str


class LookedUp(Backend):
    @abstractmethod
    def search(self, call_ids: Collection[str]) -> list[Hit]:
        """The tickets of these calls, by their key; at once, not when an index has caught up."""

    @abstractmethod
    def make(self, draft: Draft) -> int:
        """Make a ticket with its key, whatever there is; returns its id."""

    @abstractmethod
    def same(self, hit: Hit, draft: Draft) -> None:
        """Raises Refused when a ticket just made is not as the draft has it."""

    @abstractmethod
    def merge(self, double: Hit, into: Hit) -> None:
        """There is one ticket afterwards."""

    @abstractmethod
    def undo(self, id: int) -> None:
        """A ticket was made without its key: it must not be taken for one."""

    def text(self, draft: Draft) -> str:
        """What a new ticket says: all its fields, and the type where it is no field there."""
        typed = {} if self.holds("type") else {"type": draft.type}
        return "\n".join(f"{name}: {value}" for name, value in (typed | draft.fields).items()) or draft.type

    def find(self, call_ids: Collection[str]) -> dict[str, Seen]:
        hits = self.search(call_ids) if call_ids else []
        return {call: Seen(hit.reference, hit.state) for call, hit in self._one_each(hits).items()}

    def create(self, draft: Draft) -> str:
        id = self.make(draft)
        hits = self.search([draft.call_id])
        if id not in {hit.id for hit in hits}:
            self.undo(id)  # without its key it is a double, or will be one
        if not hits:
            reason = f"ticket {id} was made, and is not found by the call's id; it was undone"
            raise Unavailable(f"{reason}: see `ivr tickets check`", WITHOUT_KEY)
        first = self._one_each(hits)[draft.call_id]
        if first.id == id:
            self.same(first, draft)
        return first.reference

    def _one_each(self, hits: Collection[Hit]) -> dict[str, Hit]:
        found: dict[str, Hit] = {}
        for hit in sorted(hits, key=lambda hit: hit.id):
            first = found.setdefault(hit.call_id, hit)
            if first.id != hit.id:
                log.warning("of two tickets of a call, %s is merged into %s", hit.reference, first.reference)
                self.merge(hit, first)
        return found
