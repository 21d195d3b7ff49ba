"""Two controllers on one real Asterisk."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import Installation
from tests.live.takeover.citizen import ANNA, BRUNO, FLOW, OTHER_FLOW, QUEUES


def _house(data: Path, count: int) -> Installation:
    flows = data / "designers"
    flows.mkdir()
    (flows / "line.flow.yaml").write_text(FLOW, "utf-8")
    (flows / "other.flow.yaml").write_text(OTHER_FLOW, "utf-8")
    (flows / "queues.yaml").write_text(QUEUES, "utf-8")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        trunk = probe.getsockname()[1]
    return Installation(
        data, CONTROLLERS__COUNT=str(count), FLOWS__FOLDER=str(flows), RECORDINGS__SPEECH="false",
        SIP__TRUNK_TO=f"127.0.0.1:{trunk}", CALLBACKS__AGAIN="1,1", CALLBACKS__LEAST="1",
    )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = _house(tmp_path_factory.mktemp("house"), 2)
    one.start()
    try:
        for code, name in ((ANNA, "Anna"), (BRUNO, "Bruno")):
            one.ivr("operators", "add", code, "--name", name, "--languages", "it", "--queues", "all")
        time.sleep(2.5)  # controllers look for new operators each second
        yield one
    finally:
        assert one.stop() == 0
