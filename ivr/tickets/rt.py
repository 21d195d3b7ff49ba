"""Request Tracker 5 over its REST 2.0.

A call's ticket is known by a custom field. RT answers 201 although it dropped a field, and 200 although it changed
nothing: so what was written is always read again.
"""

import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from ivr import plain
from ivr.tickets.asking import Asking
from ivr.tickets.backend import Refused, Unavailable
from ivr.tickets.backends import Means
from ivr.tickets.looked_up import Hit, LookedUp
from ivr.tickets.outcome import Draft
from ivr.tickets.states import told

STATES = {"new": "new", "open": "open", "stalled": "waiting", "resolved": "closed", "rejected": "closed"}
FRESH = 60.0  # seconds for which the queue's fields are believed to be as they were
MOST_SUBJECT = 200  # bytes, where RT cuts without a word
MOST_FIELD = 255  # characters that RT keeps in a custom field of one line
FOUND = "Status,Subject,CustomFields"


def make(means: Means) -> "RequestTracker":
    given = means.options
    asking = Asking(f"{given['url']}/REST/2.0", {"Authorization": f"token {means.secret('rt-token')}"}, means.timeout)
    return RequestTracker(asking, given["queue"], given["key"], given["fields"], STATES | given["states"])


class RequestTracker(LookedUp):
    def __init__(
        self, asking: Asking, queue: str, key: str, fields: Mapping[str, str], states: Mapping[str, str]
    ) -> None:
        """`fields`: ours → the custom field's name there; `type` among them."""
        self._asking, self._queue, self._key, self._states = asking, queue, key, dict(states)
        self._mapped = dict(fields)
        self._there: frozenset[str] = frozenset(fields.values())  # of the queue's custom fields
        self._looked_at = 0.0
        self._looking = threading.Lock()

    def search(self, call_ids: Collection[str]) -> list[Hit]:
        self._look()
        query = " OR ".join(f"CF.{{{self._key}}} = '{_quoted(call)}'" for call in call_ids)
        form = {"query": query, "fields": FOUND, "orderby": "id", "per_page": "100"}
        answer = self._asking.ask("POST", "tickets", data=form, again=True).data
        try:
            return [self._hit(item, call_ids) for item in answer["items"]]
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable("RT's answer to a search is none") from error

    def _hit(self, item: Mapping[str, Any], call_ids: Collection[str]) -> Hit:
        """In a queue without the field RT finds a ticket by it and does not tell it; then it is the one asked for."""
        call = _of(item).get(self._key) or next(iter(call_ids))
        return Hit(call, int(item["id"]), str(item["id"]), self._states.get(item["Status"], "open"))

    def make(self, draft: Draft) -> int:
        self._look()
        body = {"Queue": self._queue, "Subject": _subject(draft)}
        body |= {"Content": self.text(draft), "ContentType": "text/plain"}
        if told(draft.state) == "closed":
            body["Status"] = "resolved"
        made = self._asking.ask("POST", "ticket", json=body | {"CustomFields": self._values(draft)}).data
        try:
            return int(made["id"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable("RT's answer to a new ticket is none") from error

    def same(self, hit: Hit, draft: Draft) -> None:
        item, wanted = self._get(hit.reference), self._values(draft)
        there = _of(item)
        lost = [f"'{name}' is '{there.get(name, '')}'" for name in wanted if there.get(name, "") != wanted[name]]
        if item.get("Subject") != _subject(draft):
            lost.append(f"the subject is '{item.get('Subject')}'")
        if lost:
            raise Refused(f"RT did not take ticket {hit.reference} as it is: {'; '.join(lost)}"[:400])

    def merge(self, double: Hit, into: Hit) -> None:
        self._asking.ask("PUT", f"ticket/{double.id}", json={"MergeInto": into.id})

    def undo(self, id: int) -> None:
        self._looked_at = 0.0
        self._asking.ask("PUT", f"ticket/{id}", json={"Status": "rejected"})

    def update(self, reference: str, draft: Draft) -> None:
        item, wanted = self._get(reference), self._values(draft)
        there = _of(item)
        fields = {name: value for name, value in wanted.items() if there.get(name, "") != value}
        change: dict[str, Any] = {"CustomFields": fields} if fields else {}
        if item.get("Subject") != _subject(draft):
            change["Subject"] = _subject(draft)
        if change:
            self._asking.ask("PUT", f"ticket/{reference}", json=change)
            self.same(Hit(draft.call_id, int(reference), reference, ""), draft)

    def _get(self, reference: str) -> dict[str, Any]:
        item = self._asking.ask("GET", f"ticket/{reference}").data
        if not isinstance(item, dict):
            raise Unavailable(f"RT's answer about ticket {reference} is none")
        return item

    def comment(self, reference: str, text: str) -> None:
        said = self._asking.ask("GET", f"ticket/{reference}/attachments?fields=Content&per_page=100").data
        if not any(str(one.get("Content", "")).strip() == text.strip() for one in said["items"]):
            self._asking.ask("POST", f"ticket/{reference}/comment", json={"Content": text, "ContentType": "text/plain"})

    def attach(self, reference: str, title: str, address: str) -> None:
        """RT's links have no title."""
        self._asking.ask("PUT", f"ticket/{reference}", json={"AddRefersTo": [address]})

    def holds(self, field: str) -> bool:
        return self._mapped.get(field, "") in self._there

    def check(self) -> list[str]:
        self._looked_at = 0.0
        try:
            self._look()
        except Unavailable as error:
            return [str(error)]
        said = f"queue '{self._queue}' has no custom field '{{}}', or our user may not see it: what it would hold goes "
        missing = sorted({name for name in self._mapped.values() if name not in self._there})
        return [said.format(name) + "into the ticket's text" for name in missing]

    def close(self) -> None:
        self._asking.close()

    def _look(self) -> None:
        """Raises Unavailable unless the field is there by which tickets are known: RT would drop it without a word."""
        with self._looking:
            if self._looked_at and time.monotonic() < self._looked_at + FRESH:
                return
            queue = self._asking.ask("GET", f"queue/{self._queue}").data
            try:
                self._there = frozenset(field["name"] for field in queue["TicketCustomFields"])
            except (KeyError, TypeError) as error:
                raise Unavailable(f"RT's answer about queue '{self._queue}' is none") from error
            if self._key not in self._there:
                raise Unavailable(
                    f"queue '{self._queue}' has no custom field '{self._key}', or our user may not see it: nothing is "
                    "made without it; make it (one value, free text) or name another in tickets.rt.key"
                )
            self._looked_at = time.monotonic()

    def _values(self, draft: Draft) -> dict[str, str]:
        """What goes into custom fields."""
        ours = draft.fields | {"type": draft.type}
        held = [(there, ours[name]) for name, there in self._mapped.items() if name in ours and self.holds(name)]
        return {self._key: draft.call_id} | {there: value[:MOST_FIELD] for there, value in held}


def _subject(draft: Draft) -> str:
    whole = draft.subject.encode()
    if len(whole) <= MOST_SUBJECT:
        return draft.subject
    return whole[: MOST_SUBJECT - len(plain.CUT.encode())].decode(errors="ignore").rstrip() + plain.CUT


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _of(item: Mapping[str, Any]) -> dict[str, str]:
    """A ticket's custom fields of one value."""
    return {field["name"]: (field["values"] or [""])[0] for field in item.get("CustomFields") or ()}
