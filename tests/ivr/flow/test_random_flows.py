"""No event in any order makes the machine raise, or leaves a call that waits for nothing. `bench/machine.py` throws a
million."""

import random

from tests.ivr.flow.random_flows import drive


def test_random_events_over_random_valid_flows() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # shown when it fails
    assert drive(seed, 20_000, flows=10) > 100
