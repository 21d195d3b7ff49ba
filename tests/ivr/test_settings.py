from pathlib import Path

import pytest

from ivr.settings import SettingsError, load


def test_ports_follow_from_the_base(tmp_path: Path) -> None:
    settings = load(tmp_path, base_port=17000, environment={})
    assert (settings.ports.sip, settings.ports.web) == (17060, 17080)


def test_a_port_that_no_browser_opens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ports.*browsers refuse to open port 10080"):
        load(tmp_path, base_port=10000, environment={})
    (tmp_path / "numero-nero.toml").write_text("[ports]\nweb = 10090\n")
    assert load(tmp_path, base_port=10000, environment={}).ports.web == 10090


def test_several_asterisks_have_ports_of_their_own(tmp_path: Path) -> None:
    one = load(tmp_path, base_port=17000, environment={})
    assert one.ports_of(1) == one.ports and not one.proxied and one.asterisk_names == ["asterisk"]
    several = load(tmp_path, base_port=17000, environment={"NUMERO_NERO_ASTERISKS__COUNT": "8"})
    taken = [several.ports.sip, several.ports.phones]
    for number in range(1, 9):
        own = several.ports_of(number)
        assert (own.rtp_last - own.rtp_first) % 2 == 1 and own.rtp_first % 2 == 0
        taken += [own.sip, own.ari, own.ami, *range(own.rtp_first, own.rtp_last + 1)]
    others = [several.ports.ari_tls, several.ports.media]
    others += [several.ports.web, several.ports.health, several.ports.listening, several.ports.sips]
    taken += [*others, *range(several.ports.link_first, several.ports.link_last + 1)]
    assert len(taken) == len(set(taken)) and min(taken) >= 17000 and max(taken) < 18000


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    (tmp_path / "numero-nero.toml").write_text("[recordings]\nkeep_days = 90\n")
    assert load(tmp_path, environment={}).recordings.keep_days == 90
    settings = load(
        tmp_path,
        environment={
            "NUMERO_NERO_RECORDINGS__S3__BUCKET": "voices",
            "NUMERO_NERO_RECORDINGS__KEEP_DAYS": "10",
            "NUMERO_NERO_SIP__TRUNK_FROM": "10.0.0.1, 10.0.0.2",
        },
    )
    assert settings.recordings.s3.bucket == "voices"
    assert settings.recordings.keep_days == 10
    assert settings.sip.trunk_from == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    ("text", "environment", "wanted"),
    [
        ("[sip]\nsrtp = 'required'\n", {}, r"sip: .*srtp needs tls"),
        ("[sip]\nkey = 'k.pem'\n", {}, "sip: .*a certificate needs its key"),
        ("", {"NUMERO_NERO_SIP__PHONES_FROM": "10.0.0.0/8,office"}, "sip: .*phones_from: office is no address"),
        ("[asterisks]\ncount = 2\n[sip]\nlisten = '0.0.0.0'\n", {}, "Kamailio writes its address into calls"),
        ("[asterisks]\ncount = 8\n[controllers]\ncount = 3\n", {}, "16 at most"),
        ("[admission]\nlag = 0\n", {}, r"numero-nero\.toml: admission\.lag"),
        ("[recordings]\nkeep_days = 0\n", {}, "numero-nero.toml: recordings.keep_days"),
        ("[machines]\nlisten = '192.0.2.1'\n", {}, r"several machines share one PostgreSQL: name it in store\.url"),
        ("[machines]\nlisten = '127.0.0.1'\n", {}, "machines: .*cannot reach this one at 127"),
        ("[machines]\nlisten = 'here'\n", {}, "machines: .*listen: here is no address"),
        ("[machines]\nasterisk = '192.0.2.1'\n", {}, "machines: .*has an address of its own"),
        ("[recordins]\n", {}, "numero-nero.toml: recordins"),
        ("[ports]\nbase = 'many'\n", {}, "numero-nero.toml: ports.base"),
        ("ports = 5\n", {"NUMERO_NERO_PORTS__BASE": "16000"}, "numero-nero.toml: ports: every key stands in a section"),
        ("", {"NUMERO_NERO_PORTS__BASE": "many"}, "NUMERO_NERO_PORTS__BASE: ports.base"),
        ("oops", {}, "numero-nero.toml: this is not TOML"),
        ("[recordings]\nstore = 's3'\n", {}, r"recordings: .*needs the name of a bucket: s3\.bucket"),
        ("[recordings]\nkeys = ['pkcs11']\n", {}, r"recordings: .*need pkcs11\.module and pkcs11\.token"),
        ("[recordings]\nkeys = []\n", {}, "numero-nero.toml: recordings.keys"),
        ("[review.weights]\nclarity = -1\n", {}, r"review\.weights\.clarity: Input should be greater"),
        (
            "[review]\nweights = {correctness=0, completeness=0, clarity=0, proactivity=0, courtesy=0}\n",
            {},
            r"review\.weights: .*one of the weights must be more than 0",
        ),
        (
            "[tickets]\nbackend = 'rt'\n[tickets.rt]\nurl = 'http://rt.example.it'\nqueue = 'x'\n",
            {},
            r"tickets: .*rt needs url \(https, or on this machine\), queue",
        ),
        ("[tickets]\nbackend = 'rt'\n[tickets.rt]\nurl = 'https://rt.example.it'\n", {}, "tickets: .*, queue"),
        ("[tickets]\nbackend = 'zammad'\n", {}, "tickets: .*zammad needs url .*, group, customer"),
        ("[tickets]\nbackend = 'The One'\n", {}, r"tickets\.backend"),
        ("[recordings]\ns3 = 5\n", {"NUMERO_NERO_RECORDINGS__S3__BUCKET": "x"}, "S3__BUCKET: s3 is a section"),
        ("[recordings.s3]\nendpoint = 's3.example.it'\n", {}, "numero-nero.toml: recordings.s3.endpoint"),
        ("", {"NUMERO_NERO_RECORDINGS__S3__BUCKET": "a/b"}, "NUMERO_NERO_RECORDINGS__S3__BUCKET: recordings.s3.bucket"),
        ("[recordings.s3]\nbuket = 'x'\n", {}, "numero-nero.toml: recordings.s3.buket"),
        ("", {"NUMERO_NERO_RECORDINGS__MIN_FREE": "much"}, "NUMERO_NERO_RECORDINGS__MIN_FREE: recordings.min_free"),
    ],
)
def test_an_error_names_its_place(tmp_path: Path, text: str, environment: dict[str, str], wanted: str) -> None:
    (tmp_path / "numero-nero.toml").write_text(text)
    with pytest.raises(SettingsError, match=wanted):
        load(tmp_path, environment=environment)


def test_a_house_that_citizens_can_call_rehearses_nothing(tmp_path: Path) -> None:
    given = {"NUMERO_NERO_REHEARSAL__FOLDER": str(tmp_path)}
    assert load(tmp_path, environment=given).rehearsal.folder == tmp_path
    with pytest.raises(SettingsError, match=r"rehearsal\.folder is for tests"):
        load(tmp_path, environment=given | {"NUMERO_NERO_SIP__LISTEN": "0.0.0.0"})
