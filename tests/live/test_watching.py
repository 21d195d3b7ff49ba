"""What a whole installation tells of itself: figures of a real call, health, the doctor, and logs without numbers."""

from urllib.error import HTTPError
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families

from ivr.cli.installation import secret
from tests.live.conftest import Installation

CALLER = "+390471999888"


def get(address: str, **headers: str) -> tuple[int, str]:
    try:
        with urlopen(Request(address, headers=headers), timeout=10) as answer:  # noqa: S310 our own
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def figures(installation: Installation) -> dict[str, float]:
    """Those of controllers summed, without their labels but `outcome` and `result`."""
    settings, told = installation.settings, dict[str, float]()
    address = f"http://127.0.0.1:{settings.ports.web}/metrics"
    status, text = get(address, Authorization=f"Bearer {secret(settings, 'metrics')}")
    assert status == 200, text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = " ".join(
                [sample.name, *(sample.labels[key] for key in ("outcome", "result") if key in sample.labels)]
            )
            told[name] = told.get(name, 0.0) + sample.value
    return told


def test_a_call_is_counted(installation: Installation) -> None:
    before = figures(installation)
    assert before["numero_nero_controller_ready"] == before["numero_nero_asterisk_up"] == 1
    result = installation.call("+390600000001", "--from", CALLER, "--press", ",1", "--for", "6")
    assert result["answered"]
    installation.quiet()
    after = figures(installation)

    def grown(name: str) -> float:
        return after.get(f"numero_nero_{name}", 0.0) - before.get(f"numero_nero_{name}", 0.0)

    assert grown("calls_begun_total") == 1 and grown("claims_total won") == 1
    assert sum(grown(name.removeprefix("numero_nero_")) for name in after if "calls_ended_total" in name) == 1
    assert after["numero_nero_calls_in_progress"] == 0 and grown("steps_total") >= 2
    assert grown("command_seconds_count") >= 4 and grown("event_lag_seconds_count") >= 4
    assert grown("event_lag_seconds_sum") / grown("event_lag_seconds_count") < 1, "both clocks are the machine's"


def test_it_can_take_calls_and_says_so(installation: Installation) -> None:
    health = f"http://127.0.0.1:{installation.settings.ports.health}"
    installation.until(lambda: get(f"{health}/readyz")[0] == 200)
    assert get(f"{health}/healthz")[0] == 200
    [controller] = installation.ivr("controllers")
    assert get(f"http://{controller['address']}/readyz") == (
        200,
        '{"asterisk": true, "store": true, "admission": true}',
    )
    assert installation.ivr("alarms", "list") == []


def test_the_doctor_asks_all_that_runs(installation: Installation) -> None:
    found = {one["check"]: one for one in installation.ivr("doctor", ok=False)}
    for check in ("running", "asterisk.loaded", "asterisk.codecs", "ports.ari", "ports.sip", "ports.health", "secrets"):
        assert found[check]["state"] == "ok", found[check]
    assert [one for one in found.values() if one["state"] == "problem"] == []


def test_no_number_is_in_any_log(installation: Installation) -> None:
    written = {path.name: path.read_text("utf-8", "replace") for path in installation.settings.logs.glob("*.log")}
    assert "call begins" in written["controller-1.log"], "what there is to find is there"
    assert [name for name, text in written.items() if CALLER.removeprefix("+39") in text] == []
