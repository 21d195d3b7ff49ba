"""Zammad over its REST API, version 1.

A call's ticket is known by an attribute that an administrator adds to tickets. It is searched by a `condition`, which
Zammad looks up in its database; a `query` would go to the search index, which lags. Zammad drops attributes that it
does not know without a word.
"""

from collections.abc import Collection, Mapping
from typing import Any

from ivr.tickets.asking import Asking
from ivr.tickets.backend import BackendError, Refused, Unavailable
from ivr.tickets.backends import Means
from ivr.tickets.looked_up import Hit, LookedUp
from ivr.tickets.outcome import Draft
from ivr.tickets.states import told

STATES = {
    "new": "new", "open": "open", "pending reminder": "waiting", "pending close": "waiting",
    "closed": "closed", "merged": "closed", "removed": "closed",
}  # fmt: skip
MOST_TITLE = 250  # characters


def make(means: Means) -> "Zammad":
    given = means.options
    header = {"Authorization": f"Token token={means.secret('zammad-token')}"}
    asking = Asking(f"{given['url']}/api/v1", header, means.timeout)
    return Zammad(asking, given["group"], given["customer"], given["key"], given["fields"], STATES | given["states"])


class Zammad(LookedUp):
    def __init__(
        self,
        asking: Asking,
        group: str,
        customer: str,
        key: str,
        fields: Mapping[str, str],
        states: Mapping[str, str],
    ) -> None:
        """`customer`: the address of the user in whose name all tickets are. `fields`: ours → the attribute there."""
        self._asking, self._group, self._customer, self._key = asking, group, customer, key
        self._mapped, self._states = dict(fields), dict(states)

    def search(self, call_ids: Collection[str]) -> list[Hit]:
        return [self._hit(item) for item in self._select(self._key, list(call_ids)) if item["state"] != "merged"]

    def _select(self, attribute: str, values: list[str]) -> list[dict[str, Any]]:
        condition = {f"ticket.{attribute}": {"operator": "is", "value": values}}
        asked = {"condition": condition, "expand": True, "limit": 200}
        items = self._asking.ask("POST", "tickets/search", json=asked, again=True).data
        if not isinstance(items, list) or not all(isinstance(item, dict) and "state" in item for item in items):
            raise Unavailable("Zammad's answer to a search is none")
        return items

    def _hit(self, item: Mapping[str, Any]) -> Hit:
        state = self._states.get(item["state"], "open")
        return Hit(str(item.get(self._key)), int(item["id"]), str(item["number"]), state)

    def make(self, draft: Draft) -> int:
        body: dict[str, Any] = {"group": self._group, "customer": self._customer, **self._values(draft)}
        body |= {"article": _note(self.text(draft)), "state": "closed" if told(draft.state) == "closed" else "new"}
        made = self._asking.ask("POST", "tickets", json=body).data
        if not isinstance(made, dict) or "id" not in made:
            raise Unavailable("Zammad's answer to a new ticket is none")
        return int(made["id"])

    def same(self, hit: Hit, draft: Draft) -> None:
        self._demand(self._asking.ask("GET", f"tickets/{hit.id}").data, draft)

    def merge(self, double: Hit, into: Hit) -> None:
        answer = self._asking.ask("PUT", f"ticket_merge/{double.id}/{into.reference}").data
        if answer.get("result") != "success":
            raise Unavailable(f"Zammad did not merge {double.reference} into {into.reference}: {answer}")

    def undo(self, id: int) -> None:
        self._asking.ask("PUT", f"tickets/{id}", json={"state": "closed", "title": "without the id of its call"})

    def update(self, reference: str, draft: Draft) -> None:
        self._demand(self._asking.ask("PUT", f"tickets/{self._id(reference)}", json=self._values(draft)).data, draft)

    def comment(self, reference: str, text: str) -> None:
        id = self._id(reference)
        said = self._asking.ask("GET", f"ticket_articles/by_ticket/{id}").data
        if not any(str(one.get("body", "")).strip() == text.strip() for one in said):
            self._asking.ask("POST", "ticket_articles", json={"ticket_id": id, **_note(text)})

    def attach(self, reference: str, title: str, address: str) -> None:
        """As a note: Zammad's links join tickets."""
        self.comment(reference, f"{title}: {address}")

    def holds(self, field: str) -> bool:
        return field in self._mapped

    def check(self) -> list[str]:
        try:
            self._select(self._key, ["none"])
        except BackendError as error:
            return [f"tickets cannot be searched by '{self._key}', which an administrator adds to tickets: {error}"]
        return []

    def close(self) -> None:
        self._asking.close()

    def _id(self, reference: str) -> int:
        """What its addresses have, of the number that people have."""
        items = self._select("number", [reference])
        if not items:
            raise Unavailable(f"ticket {reference} is not there any more")
        return int(items[0]["id"])

    def _values(self, draft: Draft) -> dict[str, str]:
        ours = draft.fields | {"type": draft.type}
        held = {there: ours[name] for name, there in self._mapped.items() if name in ours}
        return {"title": draft.subject[:MOST_TITLE] or "–", self._key: draft.call_id} | held

    def _demand(self, item: Mapping[str, Any], draft: Draft) -> None:
        lost = [
            f"'{name}' is '{item.get(name)}'" for name, value in self._values(draft).items() if item.get(name) != value
        ]
        if lost:
            raise Refused(f"Zammad did not take the ticket as it is: {'; '.join(lost)}"[:400])


def _note(text: str) -> dict[str, Any]:
    """An article that the customer does not see."""
    return {"body": text, "type": "note", "internal": True, "content_type": "text/plain"}
