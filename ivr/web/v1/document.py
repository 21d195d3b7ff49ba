"""The OpenAPI document of `/api/v1`, made from its operations. Pure.

OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), whose schemas are JSON Schema 2020-12 as msgspec gives them.
"""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from ivr import __version__
from ivr.web.v1.operations import PREFIX, Operation
from ivr.web.v1.problems import MEDIA_TYPE, Problem
from ivr.web.v1.scopes import SCOPES

REF = "#/components/schemas/{name}"
ALWAYS = (400, 401, 403, 429, 500, 503)
LIMITS = {
    "RateLimit-Limit": "Requests that the key may make in a minute",
    "RateLimit-Remaining": "How many of them are left",
    "RateLimit-Reset": "Seconds until the minute is over",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request is carried out once within 24 hours, and answered the same",
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[ -~]*$"},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag that was read; when it was changed meanwhile, 412",
    "schema": {"type": "string"},
}
ABOUT = """\
Times are UTC. Errors are problem+json (RFC 9457). Lists come page by page: `next` is given as `after`, and stands in
the header `Link`, too. A key is shown as `Authorization: Bearer KEY`; each request is in the audit log by its name."""


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    kinds = [kind for one in operations for kind in (one.query, one.body, one.answer) if kind]
    _, schemas = msgspec.json.schema_components([*kinds, Problem], ref_template=REF)
    queries = {one.query.__name__: schemas[one.query.__name__] for one in operations if one.query}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one, queries)
    return {
        "openapi": "3.1.1",
        "info": {"title": "Numero Nero", "version": __version__, "description": ABOUT},
        "servers": [{"url": PREFIX}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in sorted(schemas.items()) if name not in queries},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": _scopes()}},
        },
    }


def _scopes() -> str:
    return "A key has scopes. " + " ".join(f"`{name}`: {text}." for name, text in SCOPES.items())


def _described(one: Operation, queries: dict[str, Any]) -> dict[str, Any]:
    summary, _, rest = one.said.partition(". ")
    described: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.path.split("/")[1]],
        "summary": summary.removesuffix("."),
        "description": f"{rest}\n\nTakes the scope `{one.scope}`.".strip(),
        "security": [{"key": [one.scope]}],
        "parameters": list(_parameters(one, queries)),
        "responses": {str(one.status): _success(one)} | {str(status): _failure(status) for status in _failures(one)},
    }
    if one.body:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": _schema(one.body)}}}
    return described


def _parameters(one: Operation, queries: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in one.in_path:
        yield {"name": name, "in": "path", "required": True, "schema": _schema(one.types[name])}
    if one.query:
        schema = queries[one.query.__name__]
        for name, described in schema["properties"].items():
            text = {"description": said} if (said := described.get("description")) else {}
            yield {"name": name, "in": "query", **text, "schema": described}
    if one.is_made_once:
        yield IDEMPOTENCY_KEY
    if one.races:
        yield IF_MATCH


def _failures(one: Operation) -> list[int]:
    found = [*ALWAYS, *([404] if one.in_path else []), *([410] if one.goes else [])]
    if one.body:
        found += [409, 413, 415, 422]
    return sorted([*found, *([412] if one.races else [])])


def _success(one: Operation) -> dict[str, Any]:
    headers = {name: {"description": text, "schema": {"type": "integer"}} for name, text in LIMITS.items()}
    content = {"application/json": {"schema": _schema(one.answer)}}
    return {"description": HTTPStatus(one.status).phrase, "headers": headers, "content": content}


def _failure(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _schema(Problem)}}}


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return schema
