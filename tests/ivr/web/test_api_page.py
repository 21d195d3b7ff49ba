"""What the API can do, as a page: for supervisors, without barriers, from one source with the document for programs."""

import pytest

from ivr.web.v1.api import OPERATIONS
from tests.ivr.web.conftest import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_page_tells_every_operation_and_has_no_barriers(site: Site) -> None:
    await site.sign_in("supervisor")
    await site.open("/api/v1/docs")
    told = await site.page.inner_text("main")
    for one in OPERATIONS:
        assert f"{one.method} /api/v1{one.path}" in told and one.scope in told
    assert "Time in the queue, in s" in told
    assert site.complaints.lines == []
    assert await site.barriers() == []
