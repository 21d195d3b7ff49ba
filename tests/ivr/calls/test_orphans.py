from ivr.ari import ids
from ivr.ari.events import Bridge
from ivr.calls.orphans import is_ours, nobodys

LIVE, OVER = ids.new_call(), ids.new_call()


def test_a_bridge_is_nobodys_when_it_is_empty_or_its_call_is_over() -> None:
    talk, empty = Bridge(ids.bridge(LIVE, 1), ["a", "b"]), Bridge(ids.bridge(LIVE, 2))
    old, strange = Bridge(ids.bridge(OVER, 1), ["c"]), Bridge("somebody-elses")
    listens = Bridge(f"{ids.supervisor_channel(LIVE, 1)}-bridge")
    assert nobodys([talk, empty, old, strange, listens], {LIVE}) == {empty.id, old.id, listens.id}


def test_what_is_named_after_a_call_is_ours() -> None:
    assert is_ours(ids.operator_channel(ids.consult(LIVE, 1), 2)) and is_ours(ids.outside_channel(LIVE, 0))
    assert not is_ours("1764368000.12") and not is_ours("conference-1")
