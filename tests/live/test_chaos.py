"""The shortest of `make chaos`: one of two controllers is killed while calls come."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bench.chaos import scenarios
from bench.chaos.__main__ import play


@pytest.mark.timeout(200)
def test_no_caller_is_lost_with_a_controller(tmp_path: Path) -> None:
    scenario = next(one for one in scenarios.ALL if one.name == "controller-killed")
    found = asyncio.run(play(replace(scenario, breaks=partial(scenario.breaks, times=1)), 1.0, 14.0, tmp_path))
    assert found.passed, found
    assert (found.calls, found.failed) == (14, 0)
