"""The designers' page in a real Chromium: findings, graph, prompts, and a call with keys and sound."""

import json
from pathlib import Path

import pytest

from tests.ivr.web.conftest import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAGE = "/flows/draft/sportello"
HERE = "[data-graph] [data-here]"

# Leads the telephone's sound through an analyser, and keeps the loudest sample there was.
LISTEN = """() => {
  const audio = document.querySelector("[data-call] audio"), context = new AudioContext();
  const analyser = context.createAnalyser(), samples = new Float32Array(analyser.fftSize);
  context.createMediaElementSource(audio).connect(analyser).connect(context.destination);
  window.heard = { loudest: 0, sounds: new Set() };
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const loud = Math.max(...samples.map(Math.abs));
    heard.loudest = Math.max(heard.loudest, loud);
    if (loud > 0.01) heard.sounds.add(audio.src);
  }, 20);
}"""


async def call(site: Site, **fields: str) -> None:
    await site.page.fill("[name=at]", "2026-11-24T10:00")
    for name, value in fields.items():
        await site.page.fill(f"[name={name}]", value)
    await site.page.click("[data-begin] button")
    await site.page.wait_for_selector("[data-journey] li")


async def here(site: Site) -> str:
    return str(await site.page.locator(HERE).get_attribute("data-node"))


async def test_the_findings_of_a_broken_flow_with_their_lines(site: Site, flows: Path) -> None:
    broken = (flows / "sportello.flow.yaml").read_text().replace("1: waiting", "1: wating")
    (flows / "rotto.flow.yaml").write_text(broken.replace("+390600000001", "+390600000002"))
    line = next(number for number, text in enumerate(broken.splitlines(), 1) if "wating" in text)
    await site.sign_in("designer")
    assert site.page.url.endswith("/flows")
    row = site.page.locator("tr", has_text=f"rotto.flow.yaml:{line}:").first
    assert "wating" in await row.inner_text() and "errore" in await row.inner_text()
    assert await site.barriers() == []
    await site.page.click("text=rotto >> nth=0")
    assert await site.page.locator("tr", has_text=f"rotto.flow.yaml:{line}:").count() >= 1
    assert await site.page.locator("[data-begin]").count() == 0  # a broken flow is not called
    await site.open(PAGE)
    assert await site.page.locator("[data-begin]").count() == 1
    assert site.complaints.lines == []


async def test_the_graph_shows_every_node_and_where_the_call_is(site: Site) -> None:
    await site.sign_in("designer")
    await site.open(PAGE)
    await site.page.wait_for_selector("[data-graph] svg")
    nodes = await site.page.locator("[data-graph] [data-node]").evaluate_all("all => all.map(one => one.dataset.node)")
    assert {"welcome", "choose", "waiting", "again", "bye", "end"} <= set(nodes)
    assert await site.page.locator(HERE).count() == 0
    await call(site)
    await site.page.wait_for_selector(HERE)
    assert await here(site) == "choose"
    edge = site.page.locator(f"{HERE} > :first-child + *")
    assert await edge.evaluate("one => getComputedStyle(one).strokeWidth") == "6px"
    box, view = await site.page.locator(HERE).bounding_box(), await site.page.locator("[data-graph]").bounding_box()
    assert box and view and view["y"] <= box["y"] <= view["y"] + view["height"]
    assert site.complaints.lines == []


async def test_keys_are_pressed_and_prompts_are_heard(site: Site) -> None:
    await site.sign_in("designer")
    await site.open(PAGE)
    await site.page.evaluate(LISTEN)
    await call(site)
    await site.until("heard.loudest > 0.05")
    audio = "document.querySelector('[data-call] audio')"
    first = await site.page.evaluate(f"{audio}.currentTime")
    await site.until(f"{audio}.currentTime > {first} + 0.3")
    # The welcome may not be interrupted; the menu may.
    await site.page.click("[data-key='1']")
    assert "non si può interrompere" in await site.page.inner_text("[data-status]")
    await site.until("heard.sounds.size === 2")
    await site.page.click("[data-key='1']")
    await site.page.wait_for_selector("[data-act=operator]")
    assert await here(site) == "waiting"
    before = await site.page.evaluate("heard.sounds.size")
    await site.page.click("[data-act=operator]")
    await site.until(f"heard.sounds.size > {before}")  # the code; who leaves before it is heard cuts it off
    before += 1
    await site.page.select_option("[name=disposition]", "Q")
    await site.page.click("[data-act=operator-leaves]")
    await site.until(f"heard.sounds.size > {before}")
    await site.page.click("[data-key='5']")
    await site.until("document.querySelector('[data-status]').textContent === 'chiamata terminata'")
    journey = await site.page.inner_text("[data-journey]")
    assert "premuto 1" in journey and "waiting — served" in journey and "Arrivederci." in journey
    assert site.complaints.lines == []


async def test_by_keyboard_alone_with_time_language_and_silence(site: Site) -> None:
    await site.sign_in("designer")
    await site.open(PAGE)
    await site.page.uncheck("[name=sound]")
    await site.page.select_option("select[name=language]", "en")
    await site.page.focus("[data-begin] button")
    await site.page.keyboard.press("Enter")
    await site.page.wait_for_selector(".keypad:focus")
    await site.page.keyboard.press("7")  # not offered
    await site.page.wait_for_selector("text=premuto 7")
    await site.page.keyboard.press("Tab")
    assert await site.page.evaluate("document.activeElement.dataset.key") == "1"
    await site.page.focus("[data-act=wait][data-when=keys]")
    await site.page.keyboard.press("Space")
    await site.page.wait_for_selector("text=5 secondi di attesa")
    assert "Press one" in await site.page.inner_text("[data-journey]")
    await site.page.focus("[data-act=hang-up]")
    await site.page.keyboard.press("Enter")
    await site.until("document.querySelector('[data-status]').textContent === 'chiamata terminata'")
    # In a field, keys are text.
    await site.page.focus("[name=caller]")
    await site.page.keyboard.type("5")
    assert "5" in (await site.page.input_value("[name=caller]")).removesuffix("+390612345678")


async def test_no_barrier_in_either_language_before_and_during_a_call(site: Site) -> None:
    await site.sign_in("designer")
    await site.open(PAGE)
    for language, title in (("it", "Chiamata simulata"), ("en", "Simulated call")):
        await site.page.click(f"button[name=language][value={language}]")
        await site.page.wait_for_selector(f"h2:has-text('{title}')")
        await site.page.wait_for_selector("[data-graph] svg")
        assert await site.barriers() == []
        await call(site)
        await site.page.wait_for_selector(HERE)
        assert await site.barriers() == []
    assert site.complaints.lines == []


async def test_a_prompt_is_listened_to_in_each_language(site: Site) -> None:
    await site.sign_in("supervisor")
    await site.open(PAGE)
    for language in ("it", "en"):
        audio = site.page.locator(f"audio[src$='/prompts/welcome/{language}']")
        await audio.evaluate("one => one.play()")
        await site.until(f"document.querySelector(\"audio[src$='/prompts/welcome/{language}']\").currentTime > 0.2")
        assert await audio.evaluate("one => one.duration") > 0.5
    assert site.complaints.lines == []


async def test_a_reviewer_is_refused(site: Site) -> None:
    await site.sign_in("reviewer")
    for path in ("/flows", PAGE, f"{PAGE}/graph"):
        answer = await site.page.goto(site.address + path)
        assert answer and answer.status == 403
    status = await site.page.evaluate(
        f"fetch('{PAGE}/calls', {{method: 'POST', body: '{{}}'}}).then(one => one.status)"
    )
    assert status == 403


async def test_one_browser_does_not_see_the_call_of_another(site: Site, other_site: Site) -> None:
    for one in (site, other_site):
        await one.sign_in("designer")
        await one.open(PAGE)
    begin = f"fetch('{PAGE}/calls', {{method: 'POST', body: JSON.stringify({{at: '2026-11-24T10:00'}})}})"
    told = json.loads(await site.page.evaluate(f"{begin}.then(one => one.text())"))
    press = f'fetch(\'/simulations/{told["id"]}\', {{method: \'POST\', body: \'{{"act": "press", "key": "1"}}\'}})'
    sound = f"fetch('/simulations/{told['id']}/says/0')"
    for one, status in ((other_site, 404), (site, 200)):
        for request in (press, sound):
            assert await one.page.evaluate(f"{request}.then(one => one.status)") == status
