"""The designers' page of a running installation: the calls of today stand on the arrows of the graph."""

from tests.browser import chromium
from tests.ivr.web.conftest import Site
from tests.live.conftest import Installation

FLOW = "prova"


async def test_a_real_call_is_counted_on_the_graph_and_the_version_can_be_called(installation: Installation) -> None:
    (user,) = installation.ivr("users", "add", "designer", "--role", "designer")
    installation.call("+390600000009", "--for", "6")
    installation.quiet()
    async with chromium() as browser:
        page = await browser.new_page(locale="it-IT")
        site = Site(page, f"http://127.0.0.1:{installation.settings.ports.web}")
        await site.sign_in("designer", user["password"])
        await page.click("text=Versione attiva")
        await page.click(f"th >> text={FLOW}")
        arrow = page.locator("[data-graph] [data-to=welcome][data-calls]").first
        await arrow.wait_for(state="attached")
        assert int(str(await arrow.get_attribute("data-calls"))) >= 1
        await page.click("[data-begin] button")
        await page.wait_for_selector("[data-graph] [data-here]")
        assert site.complaints.lines == []
