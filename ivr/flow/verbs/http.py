"""`http`: ask a web service while the caller waits; `next` on a 2xx answer, else `otherwise`.

    look-up:
      http:
        url: "https://api.example.it/notices/{code}"
        headers: {Accept: application/json, Authorization: {secret: notices-key}}
        timeout: 2s
        into: notice
      next: say-it
      otherwise: cannot-look-up

Values in the `url` are escaped. `json` is sent as the body; its texts that begin with `=` are expressions. The answer's
JSON (or its text) goes into the variable `into`. Only hosts on the settings' allow-list are asked, and never one with a
private address; an answer over 16 KB or over `timeout` is none. A header `{secret: NAME}` takes its value from the
settings' secrets.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.flow import expressions
from ivr.flow.durations import Duration
from ivr.flow.findings import Found, Where
from ivr.flow.model import Expression, Flow, Names, Node
from ivr.flow.run import Run
from ivr.flow.words import Event, Http, HttpReply


class Secret(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    secret: str


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    url: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    json_: Any = Field(None, alias="json")
    headers: dict[str, str | Secret] = {}
    timeout: Duration = 2.0
    into: str = ""

    @field_validator("url")
    @classmethod
    def _is_web(cls, url: str) -> str:
        if not url.startswith(("https://", "http://", "=")):
            raise ValueError(f"'{url}' is no web address; write https://…")
        return url


class Model(Node):
    http: Question
    next: str
    otherwise: str

    waits = True

    def targets(self) -> dict[str, str]:
        return {"next": self.next, "otherwise": self.otherwise}

    def texts(self) -> list[tuple[Where, str]]:
        return [] if self.http.url.startswith("=") else [(("http", "url"), self.http.url)]

    def expressions(self) -> list[Expression]:
        url = self.http.url
        found = [Expression(("http", "url"), url[1:].strip(), "string")] if url.startswith("=") else []
        texts = [*_texts(("http", "json"), self.http.json_), *_texts(("http", "headers"), self.http.headers)]
        return found + [Expression(where, text[1:].strip(), secret=True) for where, text in texts if text[:1] == "="]

    def assigns(self) -> list[tuple[Where, str, str]]:
        return [(("http", "into"), self.http.into, "any")] if self.http.into else []


def _texts(where: Where, value: Any) -> list[tuple[Where, str]]:
    """Every text within a JSON value, with its place."""
    if isinstance(value, str):
        return [(where, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [one for key, item in items for one in _texts((*where, key), item)]


def findings(node: Model, flow: Flow, names: Names) -> Iterable[Found]:
    """The host, where it can be read before a call: `= …` and a host with `{…}` in it are looked at in the call."""
    url = node.http.url
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    if url.startswith("=") or "{" in host:
        return
    where, hint = ("http", "url"), "the settings say which may be asked, in `http.allow`"
    port = f"{host}:{_port(url)}"
    if not host:
        yield Found(where, "bad-value", f"'{url}' is no web address", "write https://host/path")
    elif _is_private(host) and not {host, port} & set(names.hosts or ()):
        yield Found(where, "private-host", f"'{host}' is a private address", "ask a service by its public name")
    elif names.hosts is not None and not {host, port} & set(names.hosts):
        yield Found(where, "host-not-allowed", f"host '{host}' is not on the list of those that may be asked", hint)


def _port(url: str) -> int:
    try:
        return urlsplit(url).port or (443 if url.startswith("https:") else 80)
    except ValueError:
        return 0


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    try:  # 2130706433 and 127.1 are ways to write 127.0.0.1
        return not ipaddress.ip_address(socket.inet_aton(host)).is_global
    except OSError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _filled(run: Run, value: Any) -> Any:
    """A JSON value with its expressions evaluated."""
    if isinstance(value, dict):
        return {key: _filled(run, item) for key, item in value.items()}
    return [_filled(run, item) for item in value] if isinstance(value, list) else run.value(value)


def _url(run: Run, url: str) -> str:
    if url.startswith("="):
        return str(run.value(url))
    return expressions.fill(url, run.names(), run.state.language, escape=lambda text: quote(text, safe=""))


def enter(run: Run, node: Model) -> None:
    asked = node.http
    plain = {name: value for name, value in asked.headers.items() if isinstance(value, str)}
    secret = {name: value.secret for name, value in asked.headers.items() if isinstance(value, Secret)}
    headers = {name: str(run.value(value)) for name, value in plain.items()}
    url, json = _url(run, asked.url), _filled(run, asked.json_)
    run.actions.append(Http(run.number(), asked.method, url, asked.timeout, json, headers, secret))
    run.wait(id=run.state.step)


def resume(run: Run, node: Model) -> None:
    """What does no more when it is asked twice (RFC 9110, 9.2.2) is; of the rest nobody knows whether it was done."""
    if node.http.method in ("GET", "PUT", "DELETE"):
        enter(run, node)
    else:
        run.note("http", status=0, problem="interrupted")
        run.go("otherwise", node.otherwise)


def on(run: Run, node: Model, event: Event) -> None:
    if not isinstance(event, HttpReply):
        return
    run.note("http", status=event.status, **({"problem": event.problem} if event.problem else {}))
    if 200 <= event.status < 300:
        if node.http.into:
            run.state.variables[node.http.into] = event.body
        run.go("next", node.next)
    else:
        run.go("otherwise", node.otherwise)
