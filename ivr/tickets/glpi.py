"""GLPI over its REST API (`apirest.php`).

Tickets there have no field for an id of somebody else's, but their names are indexed: a call's ticket is known by its
name, which begins with the call's id. One in the bin is none.
"""

import html
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from ivr.tickets.asking import Answer, Asking
from ivr.tickets.backend import BackendError, Refused, Unavailable
from ivr.tickets.backends import Means
from ivr.tickets.looked_up import Hit, LookedUp
from ivr.tickets.outcome import Draft
from ivr.tickets.states import told

# Ticket::INCOMING, ASSIGNED, PLANNED, WAITING, SOLVED, CLOSED
STATES = {1: "new", 2: "open", 3: "open", 4: "waiting", 5: "closed", 6: "closed"}
CLOSED = 6
NAME, ID, STATUS = "1", "2", "12"  # search options of tickets
MOST_NAME = 250  # characters


def make(means: Means) -> "Glpi":
    given = means.options
    headers = {"App-Token": means.secret("glpi-app-token")}
    asking = Asking(f"{given['url']}/apirest.php", headers, means.timeout)
    return Glpi(asking, means.secret("glpi-user-token"), given["entity"], given["category"])


class Glpi(LookedUp):
    def __init__(self, asking: Asking, user_token: str, entity: int, category: int) -> None:
        """`entity` and `category`: ids there; 0 for the root and for none."""
        self._asking, self._user_token, self._entity, self._category = asking, user_token, entity, category
        self._session = ""
        self._beginning = threading.Lock()

    def search(self, call_ids: Collection[str]) -> list[Hit]:
        params = [("is_deleted", "0"), ("range", "0-199")]
        params += [(f"forcedisplay[{number}]", option) for number, option in enumerate((NAME, ID, STATUS))]
        for number, call in enumerate(call_ids):
            criterion = {"link": "OR", "field": NAME, "searchtype": "contains", "value": f"^{call}"}
            params += [(f"criteria[{number}][{name}]", value) for name, value in criterion.items()]
        answer = self._ask("GET", "search/Ticket", params=params).data
        try:
            rows = answer.get("data", []) if answer["totalcount"] else []
            return [_hit(row) for row in (rows.values() if isinstance(rows, dict) else rows)]  # older ones: by id
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unavailable("GLPI's answer to a search is none") from error

    def make(self, draft: Draft) -> int:
        given: dict[str, Any] = {"content": self.text(draft), "entities_id": self._entity}
        if told(draft.state) == "closed":
            given["status"] = CLOSED
        if self._category:
            given["itilcategories_id"] = self._category
        made = self._ask("POST", "Ticket", json={"input": given | {"name": _name(draft)}}).data
        if not isinstance(made, dict) or "id" not in made:
            raise Unavailable("GLPI's answer to a new ticket is none")
        return int(made["id"])

    def same(self, hit: Hit, draft: Draft) -> None:
        there = html.unescape(str(self._ask("GET", f"Ticket/{hit.id}").data.get("name")))
        if there != _name(draft):
            raise Refused(f"GLPI did not take ticket {hit.reference} as it is: its name is '{there}'")

    def merge(self, double: Hit, into: Hit) -> None:
        """They are joined as duplicates, and the double goes into the bin."""
        joined = {"tickets_id_1": double.id, "tickets_id_2": into.id, "link": 2}
        self._ask("POST", "Ticket_Ticket", json={"input": joined})
        self.undo(double.id)

    def undo(self, id: int) -> None:
        self._ask("DELETE", f"Ticket/{id}", json={"input": {"id": id}, "force_purge": False})

    def update(self, reference: str, draft: Draft) -> None:
        self._ask("PUT", f"Ticket/{reference}", json={"input": {"id": int(reference), "name": _name(draft)}})
        self.same(Hit(draft.call_id, int(reference), reference, ""), draft)

    def comment(self, reference: str, text: str) -> None:
        said = self._ask("GET", f"Ticket/{reference}/ITILFollowup").data
        if not any(_text(one.get("content")) == text.strip() for one in said or ()):
            given = {"itemtype": "Ticket", "items_id": int(reference), "content": text, "is_private": 1}
            self._ask("POST", "ITILFollowup", json={"input": given})

    def attach(self, reference: str, title: str, address: str) -> None:
        self.comment(reference, f"{title}: {address}")

    def holds(self, field: str) -> bool:
        return False

    def check(self) -> list[str]:
        try:
            self.search(["none"])
        except BackendError as error:
            return [str(error)]
        return []

    def close(self) -> None:
        if self._session:
            with suppress(BackendError):  # it ends by itself
                self._ask("GET", "killSession")
        self._asking.close()

    def _ask(self, method: str, path: str, **content: Any) -> Answer:
        """A session that GLPI has forgotten is begun again, once."""
        session = self._begin("")
        try:
            return self._asking.ask(method, path, headers={"Session-Token": session}, **content)
        except Unavailable as error:
            if "ERROR_SESSION_TOKEN_INVALID" not in str(error):
                raise
        return self._asking.ask(method, path, headers={"Session-Token": self._begin(session)}, **content)

    def _begin(self, forgotten: str) -> str:
        with self._beginning:
            if self._session == forgotten:
                header = {"Authorization": f"user_token {self._user_token}"}
                answer = self._asking.ask("GET", "initSession", headers=header).data
                if not isinstance(answer, dict) or "session_token" not in answer:
                    raise Unavailable("GLPI's answer to a new session is none")
                self._session = str(answer["session_token"])
            return self._session


def _hit(row: Mapping[str, Any]) -> Hit:
    call, _, _ = html.unescape(str(row[NAME])).partition(" ")
    return Hit(call, int(row[ID]), str(row[ID]), STATES.get(int(row[STATUS]), "open"))


def _name(draft: Draft) -> str:
    return f"{draft.call_id} {draft.subject}"[:MOST_NAME].strip()


def _text(content: Any) -> str:
    """GLPI keeps texts as HTML."""
    return html.unescape(str(content)).replace("<br>", "\n").replace("<p>", "").replace("</p>", "").strip()
