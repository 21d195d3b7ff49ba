"""Request Tracker 5 over its REST 2.0.

Nothing is unique there: a call's ticket is known by a custom field, which is looked up before anything is made, and
read back after. RT answers 201 although it dropped a field, and 200 although it changed nothing: so what was written
is always read again. Of two tickets of one call the one with the lower number is kept and the other merged into it.
"""

import logging
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from ivr import plain
from ivr.tickets.asking import Asking
from ivr.tickets.backend import Backend, Refused, Seen, Unavailable
from ivr.tickets.backends import Means
from ivr.tickets.outcome import Draft

log = logging.getLogger(__name__)
STATES = {"new": "new", "open": "open", "stalled": "waiting", "resolved": "closed", "rejected": "closed"}
FRESH = 60.0  # seconds for which the queue's fields are believed to be as they were
WITHOUT_KEY = 600.0  # seconds until it is tried again: each try leaves a rejected ticket
MOST_SUBJECT = 200  # bytes, where RT cuts without a word
MOST_FIELD = 255  # characters that RT keeps in a custom field of one line
FOUND = "Status,Subject,CustomFields"


def make(means: Means) -> "RequestTracker":
    given = means.options
    asking = Asking(f"{given['url']}/REST/2.0", {"Authorization": f"token {means.secret('rt-token')}"}, means.timeout)
    return RequestTracker(asking, given["queue"], given["key"], given["fields"], STATES | given["states"])


class RequestTracker(Backend):
    def __init__(
        self, asking: Asking, queue: str, key: str, fields: Mapping[str, str], states: Mapping[str, str]
    ) -> None:
        """`fields`: ours → the custom field's name there; `type` among them."""
        self._asking, self._queue, self._key, self._states = asking, queue, key, dict(states)
        self._mapped = dict(fields)
        self._there: frozenset[str] = frozenset(fields.values())  # of the queue's custom fields
        self._looked_at = 0.0
        self._looking = threading.Lock()

    def find(self, call_ids: Collection[str]) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        for item in self._search(call_ids):
            for call in {_of(item).get(self._key, "")} & set(call_ids) or set(call_ids if len(call_ids) == 1 else ()):
                number = str(item["id"])
                if call in found:
                    self._merge(number, found[call].reference)
                else:
                    found[call] = Seen(number, self._states.get(item["Status"], "open"))
        return found

    def _search(self, call_ids: Collection[str]) -> list[dict[str, Any]]:
        """The tickets of these calls, the lowest number first."""
        if not call_ids:
            return []
        self._look()
        query = " OR ".join(f"CF.{{{self._key}}} = '{_quoted(call)}'" for call in call_ids)
        form = {"query": query, "fields": FOUND, "orderby": "id", "order": "ASC", "per_page": "100"}
        answer = self._asking.ask("POST", "tickets", data=form).data
        try:
            return sorted(answer["items"], key=lambda item: int(item["id"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"RT's answer to a search is none: {str(answer)[:80]}") from error

    def create(self, draft: Draft) -> str:
        self._look()
        content = "\n".join(f"{name}: {value}" for name, value in draft.fields.items())
        wanted = self._values(draft)
        body = {"Queue": self._queue, "Subject": _subject(draft), "Content": content, "ContentType": "text/plain"}
        made = self._asking.ask("POST", "ticket", json=body | {"CustomFields": wanted}).data
        try:
            number = str(int(made["id"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"RT's answer to a new ticket is none: {str(made)[:80]}") from error
        return self._read_back(draft, number, wanted)

    def _read_back(self, draft: Draft, number: str, wanted: Mapping[str, str]) -> str:
        """The number of the call's ticket, which is another one when we were not the only ones to make it."""
        items = self._search([draft.call_id])
        numbers = [str(item["id"]) for item in items]
        if not numbers:
            self._looked_at = 0.0
            self._asking.ask("PUT", f"ticket/{number}", json={"Status": "rejected"})
            reason = f"RT made ticket {number} without custom field '{self._key}'; it was rejected again"
            raise Unavailable(f"{reason}: give our user the right ModifyCustomField", WITHOUT_KEY)
        for other in dict.fromkeys((*numbers, number)):
            if other != numbers[0]:
                self._merge(other, numbers[0])
        if numbers[0] == number:
            _same(items[0], _subject(draft), wanted)
        return numbers[0]

    def _merge(self, double: str, into: str) -> None:
        log.warning("of two tickets of a call, %s is merged into %s", double, into)
        self._asking.ask("PUT", f"ticket/{double}", json={"MergeInto": int(into)})

    def update(self, reference: str, draft: Draft) -> None:
        item = self._asking.ask("GET", f"ticket/{reference}").data
        wanted, there = self._values(draft), _of(item)
        fields = {name: value for name, value in wanted.items() if there.get(name, "") != value}
        change: dict[str, Any] = {"CustomFields": fields} if fields else {}
        if item.get("Subject") != _subject(draft):
            change["Subject"] = _subject(draft)
        if change:
            self._asking.ask("PUT", f"ticket/{reference}", json=change)
            _same(self._asking.ask("GET", f"ticket/{reference}").data, _subject(draft), wanted)

    def comment(self, reference: str, text: str) -> None:
        said = self._asking.ask("GET", f"ticket/{reference}/attachments?fields=Content&per_page=100").data
        if any(str(one.get("Content", "")).strip() == text.strip() for one in said["items"]):
            return
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
        missing = sorted({name for name in self._mapped.values() if name not in self._there})
        return [
            f"queue '{self._queue}' has no custom field '{name}', or our user may not see it: what it would hold goes "
            "into the ticket's text" for name in missing
        ]  # fmt: skip

    def close(self) -> None:
        self._asking.close()

    def _look(self) -> None:
        """Raises Unavailable unless the field is there by which tickets are known: RT would drop it without a word."""
        with self._looking:
            if time.monotonic() < self._looked_at + FRESH and self._looked_at:
                return
            queue = self._asking.ask("GET", f"queue/{self._queue}").data
            try:
                self._there = frozenset(field["name"] for field in queue["TicketCustomFields"])
            except (KeyError, TypeError) as error:
                raise Unavailable(f"RT's answer about queue '{self._queue}' is none: {str(queue)[:80]}") from error
            if self._key not in self._there:
                raise Unavailable(
                    f"queue '{self._queue}' has no custom field '{self._key}', or our user may not see it: nothing is "
                    "made without it; make it (one value, free text) or name another in tickets.rt.key"
                )
            self._looked_at = time.monotonic()

    def _values(self, draft: Draft) -> dict[str, str]:
        ours = draft.fields | {"type": draft.type}
        held = {
            there: ours[name][:MOST_FIELD] for name, there in self._mapped.items() if name in ours and self.holds(name)
        }
        return {self._key: draft.call_id} | held


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


def _same(item: Mapping[str, Any], subject: str, wanted: Mapping[str, str]) -> None:
    """Raises Refused naming what RT did not take, although it said nothing."""
    there = _of(item)
    lost = [f"'{name}' is '{there.get(name, '')}'" for name, value in wanted.items() if there.get(name, "") != value]
    if item.get("Subject") != subject:
        lost.append(f"the subject is '{item.get('Subject')}'")
    if lost:
        raise Refused(f"RT did not take ticket {item.get('id')} as it is: {'; '.join(lost)}"[:400])
