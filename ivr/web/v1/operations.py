"""An operation of `/api/v1`: a function whose types say what it takes and gives. It is carried out, and described
(`document`), as they say."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, get_type_hints

import msgspec
import msgspec.inspect as inspect_types
from multidict import MultiMapping

from ivr.web.v1.problems import Refusal
from ivr.web.v1.types import Query

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Operation:
    """`run(asker, …)`: its other parameters are the names of `path`, and `query` (a `Query`) and `body` (a Struct), if
    it has them. `scope`: what a key must have. `races`: takes If-Match. `goes`: what was there may be gone for good.
    `makes`: the path of what is made, with names of the answer's fields."""

    method: str
    path: str
    scope: str
    run: Callable[..., Any]
    status: int = 200
    races: bool = False
    goes: bool = False
    makes: str = ""

    @property
    def name(self) -> str:
        return self.run.__name__.strip("_").replace("_", "-")

    @property
    def said(self) -> str:
        return inspect.cleandoc(self.run.__doc__ or "")

    @cached_property
    def types(self) -> dict[str, Any]:
        """Of the parameters, and `return`."""
        return get_type_hints(self.run, include_extras=True)

    @cached_property
    def in_path(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def query(self) -> type[Query] | None:
        return self.types.get("query")

    @property
    def body(self) -> Any:
        return self.types.get("body")

    @property
    def answer(self) -> Any:
        return self.types["return"]

    @property
    def is_made_once(self) -> bool:
        """Takes an Idempotency-Key."""
        return self.method == "POST"

    def arguments(self, path: Mapping[str, str], query: MultiMapping[str], body: bytes) -> dict[str, Any]:
        """What was asked, in these types. Raises Refusal."""
        given: dict[str, Any] = {}
        for name in self.in_path:
            try:
                given[name] = msgspec.convert(path[name], self.types[name], strict=False)
            except msgspec.ValidationError:
                raise Refusal(404, f"there is nothing with such a {name}") from None
        if self.query:
            given["query"] = _query(self.query, query)
        elif query:
            raise Refusal(400, f"{next(iter(query))}: nothing is asked here after a question mark")
        if self.body:
            given["body"] = _body(self.body, body)
        return given


def _query(kind: type[Query], given: MultiMapping[str]) -> Query:
    """Everything comes as text; what is to be a number or true or false is read as one, and then all must fit."""
    values: dict[str, Any] = {}
    for name in given:
        texts, wanted = given.getall(name), _wanted(kind).get(name, set())
        if inspect_types.ListType in wanted:
            values[name] = texts
        elif len(texts) > 1:
            raise Refusal(400, f"{name}: is given {len(texts)} times; once is enough")
        elif inspect_types.IntType in wanted and re.fullmatch("-?[0-9]{1,9}", texts[0]):
            values[name] = int(texts[0])
        elif inspect_types.BoolType in wanted:
            values[name] = {"true": True, "false": False}.get(texts[0], texts[0])
        else:
            values[name] = texts[0]
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise Refusal(400, f"{error}, after the question mark") from None


@cache
def _wanted(kind: type[Query]) -> dict[str, set[type]]:
    """The kinds of values that each name may have."""
    found = {}
    for field in inspect_types.type_info(kind).fields:  # type: ignore[attr-defined]
        union = field.type.types if isinstance(field.type, inspect_types.UnionType) else (field.type,)
        found[field.encode_name] = {type(one.type if isinstance(one, inspect_types.Metadata) else one) for one in union}
    return found


def _body(kind: Any, body: bytes) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(422, f"{error}, in the body") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(400, f"the body is no JSON: {error}") from None
