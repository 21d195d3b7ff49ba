"""A call has ended: soon a reviewer hears its anonymised copy in the browser, and not the original."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anonymizer.check import correlation
from ivr.cli.vault import open_vault
from ivr.store.database import Database
from recordings import review
from recordings.keys.ring import ANONYMISED, ORIGINAL
from recordings.reader import whole
from tests.anonymizer.conftest import CITIZEN, OPERATOR, RATE, spoken
from tests.browser import LISTEN, chromium
from tests.ivr.web.conftest import Site
from tests.live.conftest import GERMAN_PAYMENTS, Installation

SOON = 120.0  # seconds; the machine may be busy with other tests, and calls come first


def sounds(installation: Installation, recording: str) -> list[np.ndarray]:
    """The original, and its copy."""
    vault, database = open_vault(installation.settings), Database(installation.settings.database_url)
    with database.read() as session:
        day = review.row_of(session, recording).day
        wavs = [b"".join(whole(vault.open(session, recording, day, copy))) for copy in (ORIGINAL, ANONYMISED)]
    return [soundfile.read(io.BytesIO(wav), dtype="float32")[0] for wav in wavs]


@pytest.mark.timeout(400)
async def test_a_reviewer_hears_a_call_that_has_just_ended(
    installation: Installation, operator: str, tmp_path: Path
) -> None:
    before = len(installation.tickets())
    for name, sentences in (("citizen", CITIZEN), ("operator", OPERATOR)):
        said = np.tile(spoken(sentences), 12 if name == "citizen" else 3)
        soundfile.write(tmp_path / f"{name}.wav", said, RATE, subtype="PCM_16")
    manner = ("--talk", str(tmp_path / "operator.wav"), "--hang-up-after", "12", "--disposition", "Q", "--calls", "1")
    with installation.desk(operator, *manner) as desk:
        installation.call(
            "+390600000001", "--from", "+390471123499", "--press", GERMAN_PAYMENTS, "--for", "45",
            "--talk", str(tmp_path / "citizen.wav"),
        )  # fmt: skip
        assert desk.process.wait(timeout=40) == 0
    call = installation.newest_ticket(before)["call_id"]
    [recording] = [one for one in installation.ivr("recordings", "list") if one["call_id"] == call]
    ended = time.monotonic()
    while not recording["anonymised"]:
        assert time.monotonic() < ended + SOON, installation.ivr("recordings", "pending", ok=False)
        [recording] = [one for one in installation.ivr("recordings", "list") if one["call_id"] == call]

    original, copy = sounds(installation, recording["id"])
    assert original.shape == copy.shape and len(copy) == round(recording["seconds"] * RATE)
    for number, side in enumerate(("the citizen", "the operator")):
        loud = [np.sqrt(np.square(one[:, number]).mean()) for one in (original, copy)]
        assert loud[0] > 0.005, f"{side} spoke"
        assert 0.3 < loud[1] / loud[0] < 1.5 and correlation(original[:, number], copy[:, number], 200) < 0.5, side

    (user,) = installation.ivr("users", "add", "rita", "--role", "reviewer")
    async with chromium() as browser:
        page = await browser.new_page(locale="it-IT")
        await page.add_init_script(
            "window.all = []; const Of = Audio;"
            "window.Audio = class extends Of { constructor(...given) { super(...given); all.push(this); } };"
        )
        site = Site(page, f"http://127.0.0.1:{installation.settings.ports.web}")
        await site.sign_in("rita", user["password"])
        await page.click(f"[data-results] button[value='{recording['id']}']")
        await site.until("document.querySelector('[data-text=standing]').innerText.includes('Profilo clear')")
        await page.click("[data-act=play]")
        await site.until("all[0].currentTime > 0.2")
        await page.evaluate(f"({LISTEN})(all[0].captureStream())")
        await site.until("window.heard.level > -60", within=10)
        assert site.complaints.lines == []
    assert installation.status()["recordings"] == {"pending": 0, "failed": 0, "oldest": 0.0}
    installation.quiet()
