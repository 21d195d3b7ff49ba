"""An operator works in the browser: signs in, answers a citizen's call, both hear each other, gives the outcome."""

import asyncio
from pathlib import Path

import soundfile

from tests.browser import LISTEN, chromium, microphone
from tests.ivr.web.conftest import Site
from tests.live.conftest import Installation
from tests.live.sound import RATE, beeps, power

# From Bolzano: one for German; then payments, and two for an operator.
GERMAN_PAYMENTS = ",,,,,,1" + "," * 7 + "1,,2"
HEARD = "document.querySelector('audio').srcObject"


async def test_a_citizens_call_is_answered_in_the_browser_by_keyboard_alone(
    installation: Installation, operator: str, tmp_path: Path
) -> None:
    code, before = "4280", len(installation.tickets())
    installation.ivr("operators", "add", code, "--name", "Berta", "--languages", "de", "--queues", "all")
    (user,) = installation.ivr("users", "add", "berta", "--role", "operator", "--operator", code)
    heard, talk = tmp_path / "heard.wav", beeps(tmp_path / "citizen.wav", 1000, 120)
    async with chromium(*microphone(beeps(tmp_path / "operator.wav", 640, rate=48000))) as browser:
        page = await browser.new_page(locale="it-IT")
        site, keys = Site(page, f"http://127.0.0.1:{installation.settings.ports.web}"), page.keyboard
        await site.sign_in("berta", user["password"])
        await keys.press("Alt+R")
        await page.wait_for_selector("[data-desk][data-state=ready]", timeout=15_000)

        call = installation.place(
            "+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS,
            "--talk", str(talk), "--for", "64", "--save", str(heard),
        )  # fmt: skip
        await page.wait_for_selector("[data-line=ringing]", timeout=60_000)
        await page.wait_for_selector("[data-act=answer]:visible", timeout=5_000)
        assert "CHIAMATA" in await page.title()
        await page.wait_for_selector("[data-text=queue]:has-text('payments')", timeout=5_000)
        assert await page.inner_text("[data-text=language]") == "tedesco"
        assert "Payments" in await page.inner_text("[data-text=reason]")
        path = await page.inner_text("[data-journey]")
        assert "Lingua: tedesco" in path and "Ha premuto 2" in path and "Attende nella coda payments" in path
        assert await site.barriers() == []

        await keys.press("Alt+A")
        await page.wait_for_selector("[data-desk][data-state=talking]", timeout=10_000)
        await site.until(f"{HEARD} !== null", within=10)
        await asyncio.sleep(6)  # the whisper, and the operator's code for the citizen
        await page.evaluate(f"({LISTEN})({HEARD})")
        await asyncio.sleep(6)
        told = await page.evaluate("heard")
        assert abs(told["hertz"] - 1000) < 15 and told["level"] > -40, f"the page hears the citizen: {told}"

        for key, act in (("H", "hold"), ("M", "mute"), ("G", "pause-recording")):
            for on in ("true", "false"):
                await keys.press(f"Alt+{key}")
                await page.wait_for_selector(f"[data-act={act}][aria-pressed={on}]", timeout=5_000)
        await page.wait_for_selector("[data-target] option[value='queue:complaints']", state="attached")
        colleague = await asyncio.to_thread(installation.desk(operator, "--disposition", "none").__enter__)
        await page.evaluate("document.activeElement.blur()")
        await keys.press("Alt+S")
        await page.wait_for_selector(f"[data-target] [value='operator:{operator}']:not(:disabled)", state="attached")
        await page.select_option("[data-target]", f"operator:{operator}")
        await keys.press("Alt+C")
        await page.wait_for_selector("[data-act=complete]:visible", timeout=15_000)
        assert await page.inner_text("[data-text=with]") == f"Parli con {operator}; chi chiama ascolta la musica."
        await keys.press("Alt+U")
        await page.wait_for_selector(f"[data-text=with]:has-text('In tre, con {operator}.')", timeout=15_000)
        await keys.press("Alt+B")
        await page.wait_for_selector("[data-act=hold][aria-pressed=false]:visible", timeout=5_000)
        await asyncio.to_thread(colleague.__exit__)
        assert await page.inner_text("[data-problem]", timeout=1000) == ""

        await page.wait_for_selector("[data-quality=good]", timeout=10_000)
        await page.click("[data-devices] summary")
        await page.select_option("[name=microphone]", index=1)  # another one, in the midst of the call
        await page.click("[data-devices] summary")

        await keys.press("Alt+N")
        await keys.type("Zahlung vom Juli")
        await keys.press("Alt+2")
        await page.wait_for_selector("[data-text=saved]:has-text('Salvato')", timeout=5_000)
        # The citizen hangs up; the phone now asks for the outcome, until the page is done with the call.
        await page.wait_for_selector("[data-desk][data-state=wrap-up]", timeout=30_000)
        await page.wait_for_selector("[data-act=end-wrap-up]:visible", timeout=5_000)
        await keys.press("Alt+W")
        await page.wait_for_selector("[data-line=here]", timeout=10_000)
        await page.wait_for_selector("[data-desk][data-state=ready]", timeout=10_000)
        await page.select_option("[data-reason]", "lunch")
        await keys.press("Alt+P")
        await page.wait_for_selector("[data-desk][data-state=paused]", timeout=10_000)
        assert await page.text_content("[data-text=why]") == "pranzo"
        await keys.press("Alt+R")
        await page.wait_for_selector("[data-desk][data-state=ready]", timeout=10_000)
        assert site.complaints.lines == []
        await page.click("[data-act=sign-out]")
        await page.wait_for_selector("[data-desk][data-state=signed-out]", timeout=10_000)
    await asyncio.to_thread(call.wait, 90)

    samples, _ = soundfile.read(heard)
    loudest = max(power(samples[at : at + 4 * RATE], 640) for at in range(0, len(samples) - 4 * RATE, RATE))
    assert loudest > 0.8, "the citizen hears the operator"
    ticket = installation.newest_ticket(before)
    assert (ticket["type"], ticket["fields"]["operator"], ticket["fields"]["note"]) == ("PQ", code, "Zahlung vom Juli")
    recording = next(one for one in installation.ivr("recordings", "list") if one["call_id"] == ticket["call_id"])
    written = tmp_path / "conversation.wav"
    installation.ivr("recordings", "export", recording["id"], str(written))
    both, _ = soundfile.read(written)
    assert power(both[:, 0], 1000) > 0.8 and power(both[:, 1], 640) > 0.8, "left the citizen, right the operator"
    installation.quiet()
