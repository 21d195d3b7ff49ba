"""GLPI's REST API, as far as its `apirest.md` says: sessions, searching by criteria, adding, changing, deleting, the
followups of a ticket. Texts are kept as HTML. It forgets its sessions now and then.
"""

import html
import re
from collections.abc import Mapping
from typing import Any

APP_TOKEN, USER_TOKEN = "glpi-app-token-of-the-tests", "glpi-user-token-of-the-tests"
REQUESTS_OF_A_SESSION = 25


class Glpi:
    by_id = False  # rows of a search, as older versions give them

    def __init__(self) -> None:
        self.tickets: dict[int, dict[str, Any]] = {}
        self.followups: list[dict[str, Any]] = []
        self._sessions: dict[str, int] = {}

    def respond(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        if headers.get("App-Token") != APP_TOKEN:
            return 400, ["ERROR_WRONG_APP_TOKEN_PARAMETER", "parameter app_token seems wrong"]
        path = path.removeprefix("/apirest.php/")
        if path == "initSession":
            if headers.get("Authorization") != f"user_token {USER_TOKEN}":
                return 401, ["ERROR_GLPI_LOGIN_USER_TOKEN", "parameter user_token seems invalid"]
            self._sessions[token := f"session-{len(self._sessions)}"] = REQUESTS_OF_A_SESSION
            return 200, {"session_token": token}
        token = str(headers.get("Session-Token"))
        if not self._sessions.get(token):
            return 401, ["ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid"]
        self._sessions[token] -= 1
        if (method, path) == ("GET", "search/Ticket"):
            return self._search(query)
        if (method, path) == ("POST", "Ticket"):
            return self._create(body["input"])
        if (method, path) == ("POST", "ITILFollowup"):
            assert body["input"]["itemtype"] == "Ticket" and body["input"]["is_private"] == 1
            return 201, self._follow(body["input"])
        if path in ("Ticket_Ticket", "killSession"):
            return 201 if method == "POST" else 200, {"id": 1, "message": ""}
        if found := re.fullmatch(r"Ticket/(\d+)(/ITILFollowup)?", path):
            return self._one(method, int(found[1]), body, bool(found[2]))
        return 400, ["ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM", "resource not found or not an instance of CommonDBTM"]

    def _search(self, query: dict[str, str]) -> tuple[int, Any]:
        wanted = [value for name, value in query.items() if re.fullmatch(r"criteria\[\d+\]\[value\]", name)]
        assert all(query[name] == "1" for name in query if name.endswith("[field]")), "by name"
        rows = [
            {"1": one["name"], "2": id, "12": one["status"]}
            for id, one in self.tickets.items()
            if not one["deleted"] and any(html.unescape(one["name"]).startswith(value[1:]) for value in wanted)
        ]
        answer: dict[str, Any] = {"totalcount": len(rows), "count": len(rows), "sort": ["1"], "order": ["ASC"]}
        found = {str(row["2"]): row for row in rows} if self.by_id else rows
        return 200, answer | ({"data": found} if rows else {})

    def _create(self, given: dict[str, Any]) -> tuple[int, Any]:
        id = len(self.tickets) + 1
        name, content = html.escape(given["name"]), html.escape(given["content"])
        self.tickets[id] = {"name": name[:255], "content": content, "status": given.get("status", 1), "deleted": False}
        return 201, {"id": id, "message": "Item successfully added"}

    def _one(self, method: str, id: int, body: Any, followups: bool) -> tuple[int, Any]:
        if id not in self.tickets:
            return 404, ["ERROR_ITEM_NOT_FOUND", "Item not found"]
        if followups:
            return 200, [one for one in self.followups if one["items_id"] == id]
        if method == "PUT":
            self.tickets[id]["name"] = html.escape(body["input"]["name"])
            return 200, [{str(id): True, "message": ""}]
        if method == "DELETE":
            self.tickets[id]["deleted"] = True
            return 200, [{str(id): True, "message": ""}]
        return 200, {"id": id, **self.tickets[id]}

    def _follow(self, given: dict[str, Any]) -> dict[str, Any]:
        content = f"<p>{html.escape(given['content']).replace(chr(10), '<br>')}</p>"
        self.followups.append({"id": len(self.followups) + 1, "items_id": given["items_id"], "content": content})
        return {"id": len(self.followups), "message": ""}
