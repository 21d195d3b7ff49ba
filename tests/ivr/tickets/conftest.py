from collections.abc import Iterator

import pytest

from tests import rt as real
from tests.faults import Faults


@pytest.fixture(scope="session")
def rt_server() -> Iterator[real.RequestTracker]:
    """A real Request Tracker, which all tests share."""
    with real.server() as one:
        yield one


@pytest.fixture
def network(rt_server: real.RequestTracker) -> Iterator[Faults]:
    """Stands before it."""
    faults = Faults(rt_server.address)
    yield faults
    faults.close()
