"""The pages of flows that are broken in every way: they say what is wrong, and never fail themselves."""

from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ivr.store.database import Database
from tests.ivr.web.conftest import FLOW, make

BROKEN = {
    "empty": "",
    "no YAML": "ivr: 1\nnodes: {a: [\n",
    "binary": "\udcff\udcfe",
    "a list": "- ivr: 1\n",
    "no languages": FLOW.replace("languages: [it, en]", ""),
    "no nodes": FLOW[: FLOW.index("nodes:")],
    "no start": FLOW.replace("start: welcome", "start: nowhere"),
    "no verb": FLOW.replace("{hangup: normal}", "{hangs: normal}"),
    "wrong type": FLOW.replace("{play: bye, next: end}", "{play: 7, next: [end]}"),
    "no text": FLOW.replace('bye: {it: "Arrivederci.", en: "Goodbye."}', "bye: {}"),
    "exit in vain": FLOW.replace("next: choose", "next: chose"),
    "value": FLOW.replace("Goodbye.", "Goodbye {nobody}."),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
async def test_a_broken_flow_is_shown_with_what_is_wrong(
    text: str, database: Database, users: None, tmp_path: Path, flows: Path
) -> None:
    (flows / "rotto.flow.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    async with TestClient(TestServer(make(tmp_path, database, flows))) as client:
        await client.post("/sign-in", data={"name": "designer", "password": "designer-password"})
        listed = await (await client.get("/flows")).text()
        assert "rotto.flow.yaml:" in listed and "sportello" in listed
        page = await client.get("/flows/draft/rotto")
        assert page.status == 200 and "rotto.flow.yaml:" in await page.text()
        assert (await client.get("/flows/draft/rotto/graph")).status in (200, 409)
        begun = await client.post("/flows/draft/rotto/calls", json={"at": "2026-11-24T10:00"})
        assert begun.status == 409
        assert (await client.get("/flows/draft/sportello/graph")).status == 200


async def test_what_is_not_there_is_not_found(database: Database, users: None, tmp_path: Path, flows: Path) -> None:
    async with TestClient(TestServer(make(tmp_path, database, flows))) as client:
        await client.post("/sign-in", data={"name": "designer", "password": "designer-password"})
        for path in (
            "/flows/7",
            "/flows/seven/sportello",
            "/flows/draft/nowhere",
            "/flows/draft/sportello/prompts/nothing/it",
            "/flows/draft/sportello/prompts/welcome/de",
            "/flows/draft/..%2f..%2fsecrets/graph",
            "/simulations/nothing/says/0",
        ):
            assert (await client.get(path)).status == 404, path
        (flows / "sportello.flow.yaml").unlink()
        assert (await client.get("/flows")).status == 200
        for body in (b"", b"[]", b"{", b'{"at": 7}'):
            answer = await client.post("/flows/draft/sportello/calls", data=body)
            assert answer.status in (400, 404), body
