"""Zammad's REST API, as far as https://docs.zammad.org/en/latest/api/ticket/ and its tickets controller say: creating
with an article, searching by a condition in the database, changing, articles, merging. Unknown attributes are dropped.
"""

import re
from collections.abc import Mapping
from typing import Any

TOKEN = "zammad-token-of-the-tests"
ATTRIBUTES = ("title", "state", "group", "customer", "call_id", "type")


class Zammad:
    def __init__(self) -> None:
        self.tickets: dict[int, dict[str, Any]] = {}
        self.articles: list[dict[str, Any]] = []
        self.attributes = set(ATTRIBUTES)

    def respond(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        if headers.get("Authorization") != f"Token token={TOKEN}":
            return 401, {"error": "Invalid BasicAuth credentials"}
        path = path.removeprefix("/api/v1/")
        if (method, path) == ("POST", "tickets/search"):
            return self._search(body)
        if (method, path) == ("POST", "tickets"):
            return self._create(body)
        if (method, path) == ("POST", "ticket_articles"):
            return 201, self._article(body["ticket_id"], body)
        if found := re.fullmatch(r"tickets/(\d+)", path):
            return self._one(method, int(found[1]), body)
        if found := re.fullmatch(r"ticket_articles/by_ticket/(\d+)", path):
            return 200, [one for one in self.articles if one["ticket_id"] == int(found[1])]
        if found := re.fullmatch(r"ticket_merge/(\d+)/(\d+)", path):
            return self._merge(int(found[1]), found[2])
        return 404, {"error": "No route matches"}

    def _search(self, body: Any) -> tuple[int, Any]:
        [(name, how)] = body["condition"].items()
        attribute = name.removeprefix("ticket.")
        if attribute not in self.attributes | {"number"}:
            return 500, {"error": f"PG::UndefinedColumn: ERROR: column tickets.{attribute} does not exist"}
        assert how["operator"] == "is" and body["expand"] is True
        return 200, [one for one in self.tickets.values() if one.get(attribute) in how["value"]]

    def _create(self, body: Any) -> tuple[int, Any]:
        if not body.get("title") or "@" not in body.get("customer", "") or not body.get("article", {}).get("body"):
            return 422, {"error": 'Need at least article: { body: "some text" }', "error_human": "…"}
        if body.get("group") != "Users":
            return 422, {"error": f"No lookup value found for 'group': \"{body.get('group')}\""}
        id = len(self.tickets) + 1
        kept = {name: value for name, value in body.items() if name in self.attributes}
        self.tickets[id] = {"id": id, "number": str(67000 + id), **kept}
        self._article(id, body["article"])
        return 201, self._shown(id)

    def _shown(self, id: int) -> dict[str, Any]:
        """Without `expand`, associations are told by their ids."""
        return {name: value for name, value in self.tickets[id].items() if name not in ("state", "group", "customer")}

    def _one(self, method: str, id: int, body: Any) -> tuple[int, Any]:
        if id not in self.tickets:
            return 404, {"error": "Couldn't find Ticket with 'id'"}
        if method == "PUT":
            self.tickets[id] |= {name: value for name, value in body.items() if name in self.attributes}
        return 200, self._shown(id)

    def _article(self, ticket: int, given: Any) -> dict[str, Any]:
        assert given["type"] == "note" and given["internal"] is True
        self.articles.append({"id": len(self.articles) + 1, "ticket_id": ticket, "body": given["body"]})
        return self.articles[-1]

    def _merge(self, source: int, number: str) -> tuple[int, Any]:
        if not any(one["number"] == number for one in self.tickets.values()):
            return 200, {"result": "failed", "message": "The target ticket number could not be found."}
        self.tickets[source]["state"] = "merged"
        return 200, {"result": "success", "target_ticket": {}, "source_ticket": {}}
