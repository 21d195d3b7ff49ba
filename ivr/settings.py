"""Settings: one file, `numero-nero.toml`, every key overridable by the environment.

A key `section.key` is overridden by `NUMERO_NERO_SECTION__KEY` (lists comma-separated, tables as JSON),
`recordings.s3.bucket` by `NUMERO_NERO_RECORDINGS__S3__BUCKET`. Everything is validated at start; an error names the
file or the variable and the key. Durations are seconds, sizes are MiB.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ivr.flow.calendars import Calendar, open_spans
from ivr.problem import Problem
from ivr.tickets.table import DEFAULT, Row, TicketType, check

if TYPE_CHECKING:
    from ivr.tickets.clock import Terms
    from ivr.tickets.outcome import Policy

PREFIX = "NUMERO_NERO_"
FILE_NAME = "numero-nero.toml"
STATE_FILE = "installation.json"
DEFAULT_DATA = Path("data")
BAD_PORTS = {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080}
"""From 1024 on, what no browser opens: "bad port" in the Fetch standard, https://fetch.spec.whatwg.org/#port-blocking."""
LINKS = 16  # ports from `link_first` to `link_last`: as many controllers as there may be
Role = Literal["admin", "supervisor", "designer", "reviewer", "supplier-reviewer", "privacy-officer", "operator"]
"""Of users; what each may do: `ivr/web/access.py`."""
Profile = Literal["clear", "strong", "synthetic"]
"""Of anonymised copies: those of `anonymizer/profiles.py`, which takes long to load."""


def asterisk_name(number: int) -> str:
    """Of an Asterisk, counted from 1: `asterisk`, `asterisk-2`, …"""
    return "asterisk" if number == 1 else f"asterisk-{number}"


class SettingsError(Problem):
    """A setting that cannot be used; the message says where it stands and what is wrong."""

    exit_status = 2


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Ports(_Section):
    """Every port lies at a fixed distance from `base`, so that installations run side by side 1,000 apart."""

    base: Annotated[int, Field(ge=1024, le=64000)] = 15000
    sip: int = 0
    sips: int = 0
    """SIP over TLS, when `sip.tls` says so."""
    ari: int = 0
    ari_tls: int = 0
    """With `machines.listen`: ARI over TLS, for controllers on other machines."""
    ami: int = 0
    web: int = 0
    link_first: int = 0
    link_last: int = 0
    """On loopback, or over TLS on `machines.listen`, one a controller: what our own processes say to each other."""
    media: int = 0
    """With `machines.listen`: what controllers on other machines have done where Asterisk is (`ivr media`)."""
    health: int = 0
    """On loopback: `/healthz` and `/readyz` of the whole installation (`ivr watch`)."""
    listening: int = 0
    """On loopback: where Asterisk sends the voices of calls that a supervisor listens to."""
    rtp_first: int = 0
    rtp_last: int = 0
    phones: int = 0
    """On loopback, with several Asterisks: where the phones in browsers come to Kamailio."""

    @model_validator(mode="before")
    @classmethod
    def _from_base(cls, given: Any) -> Any:
        offsets = {"sip": 60, "sips": 61, "ari": 88, "ami": 38, "web": 80, "rtp_first": 100, "rtp_last": 899}
        offsets |= {"link_first": 40, "link_last": 55, "health": 56, "listening": 57, "phones": 81}
        offsets |= {"ari_tls": 89, "media": 58}
        try:
            base = int(given.get("base", 15000))
        except (AttributeError, TypeError, ValueError):
            return given  # refused below, where the key is named
        return {name: base + offset for name, offset in offsets.items()} | given

    @model_validator(mode="after")
    def _opened_by_browsers(self) -> "Ports":
        if self.web in BAD_PORTS:
            raise ValueError(f"browsers refuse to open port {self.web}: choose another ports.web or ports.base")
        return self


class Sip(_Section):
    listen: str = "127.0.0.1"
    trunk_from: list[str] = ["127.0.0.1"]
    """Addresses or networks that calls of citizens come from; anybody else must be a registered phone."""
    trunk_to: str = ""
    """`host:port` that calls to the outside go to (`transfer`), `host:port;transport=tls` over TLS; empty: none are
    made."""
    phones_from: list[str] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    """Networks that operators' telephones come from, besides this machine. Anybody else is refused, whoever it is."""
    tls: Literal["off", "beside", "only"] = "off"
    """SIP over TLS on `ports.sips`: not at all, beside UDP and TCP, or alone."""
    certificate: Path = Path()
    key: Path = Path()
    """PEM, for TLS. Without them we make one that nobody vouches for, `secrets/sip-certificate.pem`."""
    srtp: Literal["off", "offered", "required"] = "off"
    """Sound is encrypted, with keys that travel in SIP: so it needs TLS."""
    per_number: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Calls at once from one number; one more is told that we are busy (486)."""

    @model_validator(mode="after")
    def _is_whole(self) -> "Sip":
        for name in ("trunk_from", "phones_from"):
            for network in getattr(self, name):
                try:
                    ip_network(network, strict=False)
                except ValueError:
                    raise ValueError(f"{name}: {network} is no address and no network, as 192.0.2.0/24") from None
        if self.srtp != "off" and self.tls == "off":
            raise ValueError('srtp needs tls = "beside" or "only": its keys travel in SIP')
        if bool(self.certificate.name) != bool(self.key.name):
            raise ValueError("a certificate needs its key, and a key its certificate")
        return self


class Web(_Section):
    listen: str = "127.0.0.1"
    address: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+)?$")] = ""
    """`https://host` under which browsers reach the pages, through a proxy of this machine that ends TLS and says in
    X-Forwarded-For who asks; empty: there is none."""
    session: Annotated[float, Field(ge=60)] = 8 * 3600
    """Seconds after which who is signed in has to sign in again."""


def is_safe(address: str) -> bool:
    """May be asked with a secret: by TLS, or on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"))


class OpenId(_Section):
    """`[openid]`: a provider at which people sign in. Our secret there is the given secret `openid-client-secret`."""

    issuer: str = ""
    """As the provider calls itself: `https://login.example.it/realms/x`; empty: there is none."""
    client_id: str = ""
    scopes: list[str] = ["openid", "profile"]
    name_claim: str = "preferred_username"
    """What a new user is called here."""
    roles_claim: str = "groups"
    """Where the provider says what somebody is; `realm_access.roles` goes a level down."""
    roles: dict[str, Role] = {}
    """`[openid.roles]`: a value of that claim → the role here. The first that fits counts; who has none stays out."""
    operator_claim: str = "operator"
    """Where an operator's code stands."""
    skew: Annotated[float, Field(ge=0, le=600)] = 60
    """Seconds by which the provider's clock may differ from ours."""

    @model_validator(mode="after")
    def _is_whole(self) -> "OpenId":
        if self.issuer and not (is_safe(self.issuer) and self.client_id and self.roles and "openid" in self.scopes):
            raise ValueError("issuer needs https, a client_id, a table [openid.roles], and the scope openid")
        return self


class Flows(_Section):
    folder: Path = Path("flows")
    """What designers edit; calls take what was published from it (`ivr flow publish`)."""


class Prompts(_Section):
    synthesiser: Literal["pico", "espeak-ng"] = "pico"
    loudness: Annotated[float, Field(ge=-30, le=-12)] = -16.0
    """dBFS over the speech, of recordings and synthesis alike."""
    workers: Annotated[int, Field(ge=1, le=16)] = 2
    """Processes that make the sentences with values while calls wait."""
    said_age: Annotated[float, Field(ge=600)] = 86400
    said_size: Annotated[float, Field(ge=1)] = 64
    """Sentences with values are kept so long, and so many, at most."""


class Http(_Section):
    """Web services that flows may ask."""

    allow: list[str] = []
    """Hosts, as `api.example.it` or `api.example.it:8443`."""
    private: list[str] = []
    """Those of them that may have an address that is not public."""

    @property
    def hosts(self) -> list[str] | None:
        """What the checker goes by: a house that has no list yet is not told of each host."""
        return self.allow or None


class Clock(_Section):
    at: AwareDatetime | None = None
    """Flows are to believe that it is this time when the controller starts (tests, rehearsals of holidays)."""


class Rehearsal(_Section):
    folder: Path | None = None
    """With the parts of designers' tests, while `ivr flow test --live` runs them; then a call to `NUMBER-tID` is one
    to NUMBER with its own time and answers. Refused where calls of citizens could come in."""


class Asterisks(_Section):
    count: Annotated[int, Field(ge=1, le=8)] = 1
    """How many `ivr up` starts. From two on Kamailio stands before them, at `ports.sip`, and spreads the calls."""
    place: Annotated[float, Field(ge=0, le=3600)] = 600
    """Who was cut off when one of them died, and calls again within so many seconds, keeps the place in the queue."""


class Controllers(_Section):
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many `ivr up` starts for each Asterisk: they share its calls, and when one dies the others go on."""


class Machines(_Section):
    """Controllers on other machines than Asterisk's: docs/several-machines.md."""

    listen: str = ""
    """Where this machine's processes are reached by those on the others, over TLS; empty: all are on this machine."""
    asterisk: str = ""
    """On a machine without Asterisk: the `listen` of the one that has it. `ivr controller --join` writes it."""

    @model_validator(mode="after")
    def _are_others(self) -> "Machines":
        for name in ("listen", "asterisk"):
            try:
                given = getattr(self, name) and IPv4Address(getattr(self, name))
            except ValueError:
                raise ValueError(f"{name}: {getattr(self, name)} is no address, as 192.0.2.1") from None
            if given and (given.is_unspecified or given.is_loopback):
                raise ValueError(f"{name}: the other machines cannot reach this one at {given}")
        if self.asterisk and self.listen in ("", self.asterisk):
            raise ValueError("listen: a machine without Asterisk has an address of its own at which it is reached")
        return self


class Admission(_Section):
    """How many calls are taken. Whoever calls beyond that is refused, and those who were taken keep their quality."""

    calls: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """At once, of all controllers. Fewer when there are not so many RTP ports: two a call, two an operator at work."""
    waiting: Annotated[int, Field(ge=1, le=100_000)] = 300
    """Callers in all queues, from which on no more calls are taken; who is in a call already may still come to wait."""
    lag: Annotated[float, Field(gt=0, le=5)] = 0.5
    """Seconds that Asterisk and we may take for a question and its answer: both are overloaded before it is one."""
    refuse: Literal["prompt", "503"] = "prompt"
    """A sentence in four languages; or 503 with Retry-After, so that the carrier looks for another way."""
    told: Annotated[int, Field(ge=0, le=10_000)] = 30
    """So many hear the sentence at a time; the others get 503."""
    hold: Annotated[float, Field(ge=10, le=7200)] = 600
    """Seconds that a caller is kept, with music, while no controller is there."""
    held: Annotated[int, Field(ge=0, le=10_000)] = 200
    """So many are kept at a time; the others are refused."""


class Anonymizers(_Section):
    count: Annotated[int, Field(ge=0, le=64)] = 1
    """How many `ivr up` starts to make the anonymised copies of recordings; more may run elsewhere, on the same
    database and the same recordings' store (`ivr anonymizer`)."""


class LogFiles(_Section):
    megabytes: Annotated[float, Field(gt=0)] = 100
    """How large a file in `logs/` may become; then it begins anew, and what was in it is NAME.log.1."""
    kept: Annotated[int, Field(ge=0, le=1000)] = 4
    """How many former ones of each are kept."""


class Store(_Section):
    url: str = ""
    """SQLAlchemy address; empty means SQLite in the data folder."""


class S3(_Section):
    """`[recordings.s3]`. Who we are there stands in the given secrets `s3-access-key` and `s3-secret-key`."""

    bucket: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")] = ""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "eu-south-1"
    endpoint: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+/?)?$")] = ""
    """`https://host:port` of a server that is not Amazon's."""


class Pkcs11(_Section):
    """`[recordings.pkcs11]`. The PIN is the given secret `pkcs11-pin`."""

    module: Path = Path()
    """The library that the maker of the hardware security module gives, as `/usr/lib/softhsm/libsofthsm2.so`."""
    token: str = ""
    """The label of the token on which the keys are."""


class Recordings(_Section):
    store: Literal["folder", "s3"] = "folder"
    """Where they lie, sealed: in `recordings/` of the data folder, or in a bucket of S3."""
    s3: S3 = S3()
    keys: Annotated[list[Literal["files", "environment", "pkcs11"]], Field(min_length=1)] = ["files"]
    """Where the keys are that wrap the recordings' own: in the first place they are in use, in the others they were.
    Files lie in `secrets/recordings/`; variables are named `NUMERO_NERO_KEY_ORIGINAL_1`."""
    pkcs11: Pkcs11 = Pkcs11()
    profile: Profile = "clear"
    """How far the voices of anonymised copies are taken from their own; docs/privacy.md has what each protects. It
    holds for copies that are made from then on. In live calls, where nobody can wait, a bent voice stands for `strong`
    and `synthetic`."""
    speech: bool = True
    """Names, codes, numbers and addresses that are said are looked for and covered; with profile `synthetic` always. It
    takes most of the time there is: about as long as the conversation lasts."""
    originals: Literal["keep", "destroy"] = "keep"
    """Originals are kept as long as the recording, to be heard when two agree; or each is destroyed when its anonymised
    copy is there. It holds for copies that are made from then on."""
    keep_days: Annotated[int, Field(ge=1)] = 180
    """Days after the day of the call through which a recording is kept."""
    originals_for: Annotated[float, Field(ge=60, le=86400)] = 3600
    """Seconds from an approval within which the original of a recording may be heard."""
    supervisors_hear: bool = False
    """Supervisors hear originals without asking, of recordings and of live calls; each time is in the audit all the
    same. Otherwise they listen to live calls with other voices."""
    pseudonyms_after: Annotated[int, Field(ge=1)] = 180
    """Days after the day of the call through which the caller's number is kept; then a pseudonym takes its place."""
    purge_at: time = time(2, 30)
    """When the nightly run begins, by the clock of `timezone`."""
    timezone: str = "Europe/Rome"
    min_free: Annotated[int, Field(ge=0)] = 200
    """MiB that must be free on the spool's disk; below it a loud line in the log warns before it is full."""

    @model_validator(mode="after")
    def _is_whole(self) -> "Recordings":
        if self.store == "s3" and not self.s3.bucket:
            raise ValueError('store = "s3" needs the name of a bucket: s3.bucket')
        if "pkcs11" in self.keys and not (self.pkcs11.token and self.pkcs11.module.name):
            raise ValueError("keys on a token need pkcs11.module and pkcs11.token")
        return self


class Weights(_Section):
    """`[review.weights]`: how much each mark of an evaluation counts."""

    correctness: Annotated[float, Field(ge=0)] = 1
    completeness: Annotated[float, Field(ge=0)] = 1
    clarity: Annotated[float, Field(ge=0)] = 1
    proactivity: Annotated[float, Field(ge=0)] = 1
    courtesy: Annotated[float, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _counts(self) -> "Weights":
        if not any(self.model_dump().values()):
            raise ValueError("one of the weights must be more than 0")
        return self


class Review(_Section):
    """Evaluations of recordings."""

    weights: Weights = Weights()


Address = Annotated[str, Field(pattern=r"^(https?://[^ ?#]+)?$")]
States = dict[str, Literal["new", "open", "waiting", "closed"]]


class RequestTracker(_Section):
    """`[tickets.rt]`: Request Tracker 5. The token of our user there is the given secret `rt-token`."""

    url: Address = ""
    """Where RT's pages are: `https://rt.example.it`."""
    queue: str = ""
    key: str = "call_id"
    """The custom field that holds the call's id."""
    fields: dict[str, str] = {}
    """`[tickets.rt.fields]`: a field of our tickets (`type`, `outcome`, `language` …) → the custom field there."""
    states: States = {}
    """`[tickets.rt.states]`: what the statuses of a lifecycle of your own mean."""


class Zammad(_Section):
    """`[tickets.zammad]`. The token of our user there is the given secret `zammad-token`."""

    url: Address = ""
    group: str = ""
    customer: str = ""
    """The e-mail address of the user in whose name all tickets are."""
    key: str = "call_id"
    """The attribute of tickets that holds the call's id."""
    fields: dict[str, str] = {}
    """`[tickets.zammad.fields]`: a field of our tickets → the attribute there."""
    states: States = {}


class Glpi(_Section):
    """`[tickets.glpi]`. The tokens are the given secrets `glpi-app-token` and `glpi-user-token`."""

    url: Address = ""
    """Where `apirest.php` lies below."""
    entity: Annotated[int, Field(ge=0)] = 0
    category: Annotated[int, Field(ge=0)] = 0
    """Ids there; 0 is the root entity, and no category."""


Price = Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=4)]


class Prices(_Section):
    """`[tickets.prices]`: euros without VAT for a ticket that an operator closed, by its type (§ 7 of the contract)."""

    Q: Price = Decimal("3.20")
    PQ: Price = Decimal("3.20")
    A: Price = Decimal("6.00")
    I: Price = Decimal("6.00")  # noqa: E741 the contract's own name
    PA: Price = Decimal("6.00")
    PI: Price = Decimal("6.00")
    specialist: Price = Decimal("0.90")
    """Of a ticket for which the buyer's specialists were needed, whatever its type."""
    specialist_is: Literal["instead", "besides"] = "instead"
    """That price is paid instead of the type's own, or besides it."""


class Tickets(_Section):
    backend: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] = "embedded"
    """`embedded`, `rt`, `zammad`, `glpi`, or the name of one that was installed (`ivr tickets conformance`)."""
    rt: RequestTracker = RequestTracker()
    zammad: Zammad = Zammad()
    glpi: Glpi = Glpi()
    options: dict[str, Any] = {}
    """`[tickets.options]`: what an installed backend wants to know."""
    timeout: Annotated[float, Field(ge=1, le=300)] = 20
    """Seconds that an answer of the backend may take."""
    parallel: Annotated[int, Field(ge=1, le=32)] = 4
    """How many tickets are on their way at once."""
    look_every: Annotated[float, Field(ge=1)] = 60
    """Seconds after which the state of each open ticket is read again."""
    alarm_after: Annotated[float, Field(ge=1)] = 300
    """Seconds a ticket may be due; then the log, the metrics and the pages say so."""
    table: tuple[Row, ...] = DEFAULT
    """Which ticket a call makes: `[[tickets.table]]` once a row, see `ivr/tickets/table.py`."""
    caller: Literal["none", "digits", "pseudonym", "whole"] = "pseudonym"
    """How much of a caller's number a ticket may show: nothing, its last digits, what stands for it, or all of it."""
    digits: Annotated[int, Field(ge=1, le=6)] = 3
    targets: dict[TicketType, Annotated[float, Field(gt=0, le=10_000)]] = {}
    """`[tickets.targets]`: hours within which a ticket of a type is to be resolved; a type without one has no clock."""
    opening: Calendar | None = None
    """`[tickets.opening]`: when these hours count, written as in `calendars.yaml`; without it they always do."""
    prices: Prices = Prices()

    @model_validator(mode="after")
    def _is_whole(self) -> "Tickets":
        needs = {"rt": ("queue",), "zammad": ("group", "customer"), "glpi": ()}.get(self.backend)
        if needs is not None:
            given = getattr(self, self.backend)
            missing = [name for name in needs if not getattr(given, name)]
            if missing or not is_safe(given.url):
                raise ValueError(f"{self.backend} needs {', '.join(('url (https, or on this machine)', *needs))}")
        check(self.table)
        return self

    def policy(self, key: str) -> "Policy":
        """`key`: of callers' pseudonyms."""
        from ivr.tickets.outcome import Policy  # it needs the store, which takes long to import

        return Policy(self.table, self.caller, self.digits, key)

    def terms(self) -> "Terms":
        from ivr.tickets.clock import Terms

        seconds: dict[str, float] = {name: hours * 3600 for name, hours in self.targets.items()}
        if (opening := self.opening) is None:
            return Terms(seconds)
        return Terms(seconds, lambda day: open_spans(opening, day), ZoneInfo(opening.timezone))


class Callbacks(_Section):
    """Calling back over `sip.trunk_to`; without it wishes are kept and nobody is called."""

    again: Annotated[list[Annotated[float, Field(ge=1)]], Field(max_length=2)] = [900.0, 7200.0]
    """Seconds from an unsuccessful try to the next; so two of them make three tries, which is the most there are."""
    ring: Annotated[float, Field(ge=5, le=120)] = 30
    """How long a citizen's phone rings."""
    least: Annotated[float, Field(ge=0, le=60)] = 8
    """A conversation shorter than this that the operator ended counts as one with an answering machine."""


class Mail(_Section):
    """`[alarms.mail]`: the mail server. The password, when it wants one, is the given secret `mail-password`."""

    server: Annotated[str, Field(pattern=r"^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]+$|^$")] = ""
    """`host:port`; empty: no mail is sent."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls`: from the first byte, as at port 465."""
    user: str = ""
    sender: str = ""
    to: list[str] = []

    @model_validator(mode="after")
    def _is_whole(self) -> "Mail":
        if self.server and not (self.sender and self.to):
            raise ValueError("a server needs a sender, and whom to send to")
        if self.security == "none" and self.user:
            raise ValueError('a password needs security = "starttls" or "tls"')
        return self


class Alarms(_Section):
    """What people are told of when they must see to it: `ivr watch`, docs/observability.md."""

    mail: Mail = Mail()
    webhook: Address = ""
    """Is sent each message as JSON, signed with the given secret `alarms-webhook`."""
    after: Annotated[float, Field(ge=0, le=600)] = 15
    """Seconds that something must be wrong before it is told; with the looks and the sending, within a minute."""
    over_after: Annotated[float, Field(ge=0)] = 60
    """Seconds that it must be well again before that is told."""
    repeat: Annotated[float, Field(ge=0.1)] = 4
    """Hours after which what is still wrong is told again."""
    recordings_after: Annotated[float, Field(ge=60)] = 1800
    """Seconds that a recording may lie in the spool, or wait for its anonymised copy."""
    disk_free: Annotated[int, Field(ge=0)] = 1000
    """MiB that must be free on the disk of the data folder."""
    certificates: list[Path] = []
    """PEM files whose ends are watched: those of the proxy before the pages. That of SIP over TLS is, too."""
    certificate_days: Annotated[int, Field(ge=1)] = 21
    """Days before a certificate's end from which it is told."""


class Traces(_Section):
    """Calls as OpenTelemetry traces, sent when they have ended (`ivr traces`)."""

    endpoint: Address = ""
    """Of a collector that speaks OTLP over HTTP: `http://127.0.0.1:4318`; empty: none are sent."""
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Of the calls, drawn by their ids."""


class Settings(_Section):
    data: Path = DEFAULT_DATA
    ports: Ports = Ports.model_validate({})
    sip: Sip = Sip()
    web: Web = Web()
    openid: OpenId = OpenId()
    flows: Flows = Flows()
    prompts: Prompts = Prompts()
    http: Http = Http()
    clock: Clock = Clock()
    rehearsal: Rehearsal = Rehearsal()
    asterisks: Asterisks = Asterisks()
    controllers: Controllers = Controllers()
    machines: Machines = Machines()
    admission: Admission = Admission()
    anonymizers: Anonymizers = Anonymizers()
    log_files: LogFiles = LogFiles()
    store: Store = Store()
    recordings: Recordings = Recordings()
    review: Review = Review()
    tickets: Tickets = Tickets()
    callbacks: Callbacks = Callbacks()
    alarms: Alarms = Alarms()
    traces: Traces = Traces()

    @model_validator(mode="after")
    def _rehearses_alone(self) -> "Settings":
        if self.rehearsal.folder and not self.sip.listen.startswith("127."):
            raise ValueError("rehearsal.folder is for tests: it needs sip.listen on loopback (127.0.0.1)")
        return self

    @model_validator(mode="after")
    def _is_one_machine(self) -> "Settings":
        if self.asterisks.count == 1:
            return self
        if self.asterisks.count * self.controllers.count > LINKS:
            raise ValueError(f"asterisks.count times controllers.count may be {LINKS} at most")
        if self.sip.listen in ("0.0.0.0", "::"):  # noqa: S104 a setting that is compared with
            raise ValueError("asterisks.count: Kamailio writes its address into calls: name it in sip.listen")
        return self

    @model_validator(mode="after")
    def _share_a_store(self) -> "Settings":
        if self.machines.listen and not self.store.url.startswith("postgresql"):
            raise ValueError("machines.listen: several machines share one PostgreSQL: name it in store.url")
        if self.machines.listen and self.proxied:
            raise ValueError("machines.listen: controllers on other machines go with one Asterisk (asterisks.count)")
        return self

    @property
    def proxied(self) -> bool:
        """Kamailio stands before the Asterisks."""
        return self.asterisks.count > 1

    @property
    def asterisk_names(self) -> list[str]:
        return [asterisk_name(number) for number in range(1, self.asterisks.count + 1)]

    def ports_of(self, asterisk: int) -> Ports:
        """Those of one of the Asterisks, counted from 1. The first has them as they are set; but of several, all have a
        SIP port and a share of the RTP ports of their own."""
        ports = self.ports
        if not self.proxied:
            return ports
        share = (ports.rtp_last + 1 - ports.rtp_first) // self.asterisks.count // 2 * 2
        first = ports.rtp_first + (asterisk - 1) * share
        own = {"sip": ports.base + 61 + asterisk, "rtp_first": first, "rtp_last": first + share - 1}
        if asterisk > 1:
            own |= {"ari": ports.base + 88 + asterisk, "ami": ports.base + 20 + asterisk}
        return ports.model_copy(update=own)

    def asterisk_folder(self, name: str) -> Path:
        """Its configuration, and what it keeps."""
        return self.data.resolve() / name

    @property
    def database_url(self) -> str:
        return self.store.url or f"sqlite:///{self.data.resolve() / 'database.sqlite3'}"

    @property
    def recordings_folder(self) -> Path:
        return self.data.resolve() / "recordings"

    @property
    def backlog(self) -> Path:
        """What could not be written while the database was away."""
        return self.data.resolve() / "backlog"

    @property
    def spool(self) -> Path:
        return self.data.resolve() / "spool"

    @property
    def logs(self) -> Path:
        return self.data.resolve() / "logs"

    @property
    def secrets(self) -> Path:
        return self.data.resolve() / "secrets"

    @property
    def flow_versions(self) -> Path:
        """The published versions of the flows that were run here, by number."""
        return self.data.resolve() / "flows"

    @property
    def prompts_folder(self) -> Path:
        """Prompts as they are played, by content."""
        return self.data.resolve() / "prompts"

    @property
    def state_file(self) -> Path:
        """What `ivr up` wrote about the programs it started (JSON)."""
        return self.data.resolve() / STATE_FILE


def load(
    data: Path | None = None,
    *,
    base_port: int | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Settings of the installation in `data`: defaults, then its file, then the environment, then arguments."""
    folder = data or Path(environment.get(f"{PREFIX}DATA", DEFAULT_DATA))
    path = folder / FILE_NAME
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: this is not TOML: {error}") from error
    if flat := next((key for key, value in values.items() if not isinstance(value, dict)), None):
        raise SettingsError(f"{path}: {flat}: every key stands in a section, as in [ports]")
    sources = _overlay(values, environment)
    running = _running_base_port(folder)
    if base_port is None and running is not None:
        values.setdefault("ports", {})["base"] = running
    if base_port is not None:
        values.setdefault("ports", {})["base"] = base_port
        sources["ports.base"] = "--base-port"
    try:
        return Settings.model_validate(values | {"data": folder})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(f"row {part + 1}" if isinstance(part, int) else part for part in first["loc"])
        where = sources.get(key, str(path))
        raise SettingsError(": ".join(part for part in (where, key, first["msg"]) if part)) from error


def _overlay(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Put the environment's values over `values`; returns key -> name of the variable it came from."""
    sources = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        *sections, key = name.removeprefix(PREFIX).lower().split("__")
        usual: Any = Settings()
        into: Any = values
        for section in sections:
            into, usual = into.setdefault(section, {}), getattr(usual, section, None)
            if not isinstance(into, dict):
                raise SettingsError(f"{name}: {section} is a section, and the file has a value for it")
        into[key] = _given(text, getattr(usual, key, None), name)
        sources[".".join((*sections, key))] = name
    return sources


def _given(text: str, usual: Any, name: str) -> Any:
    """What a variable says, by what the key's value usually is."""
    if isinstance(usual, list):
        return [part.strip() for part in text.split(",")]
    if isinstance(usual, tuple | dict):
        try:
            return json.loads(text)
        except ValueError as error:
            raise SettingsError(f"{name}: this is not JSON, in which tables are written here: {error}") from error
    return text


def _running_base_port(folder: Path) -> int | None:
    """The base port that `ivr up` was last given for this installation, so that every other command finds it."""
    try:
        return int(json.loads((folder / STATE_FILE).read_text("utf-8"))["base_port"])
    except (FileNotFoundError, KeyError, ValueError):
        return None
