"""Publishing: what leaves, in which form, how often, and what stays."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from phalanx.errors import ConfigError, PolicyError
from phalanx.share.exchange.found import FoundCampaign
from phalanx.share.exchange.leaving import depart
from phalanx.share.exchange.outbox import unacknowledged
from phalanx.share.exchange.publishing import join, prepared, show
from phalanx.share.gate import decide
from phalanx.share.wire import SharedAttribution, attribution_of, member_id, signatures_of

Make = Callable[..., FoundCampaign]


def _types(items: Any) -> set[str]:
    return {each.fields["type"] for each in items}


def test_a_campaign_leaves_in_a_full_batch_of_valid_objects(alliance: Any, found: Make) -> None:
    """A first batch has 64 objects, all allowed by the gate, all valid to the OASIS validator."""
    done = alliance.publish("a", found())
    assert done.sent.refused == ()
    assert len(done.departure.leaving) + done.departure.padding == 64 == done.sent.stored
    assert _types(done.departure.leaving) >= {
        "campaign", "grouping", "indicator", "infrastructure", "relationship", "sighting",
        "llm-account-fingerprint", "prompt-template-sketch", "ipv4-addr", "domain-name",
    }  # fmt: skip
    validator = importlib.import_module("stix2validator")
    options = validator.ValidationOptions(strict=True, version="2.1")
    house = alliance.house("a")
    with alliance.collection("a") as collection:
        reply = collection.server.ask("GET", f"{collection.path}objects/")
    for item in json.loads(reply.body)["objects"]:
        result = validator.validate_instance(item, options)
        assert result.is_valid, (item, [str(each) for each in result.errors])
    assert [each.kind for each in house.audit.entries()] == ["decided"] * 64
    entry = house.audit.entries()[0].facts
    assert entry["recipients"] == sorted(
        member_id(n) for n in ("member-quiet-river", "member-grey-heron")
    )
    assert [each["id"] for each in entry["legal_bases"]] == ["us-rule-of-reason", "eu-gdpr-6-1-f"]


def test_nothing_in_clear_leaves(alliance: Any, found: Make) -> None:
    """No identifier of an account stands in what the hub has."""
    alliance.publish(
        "a", found(identifiers=(("payment", "card-4000-1234"), ("email", "op@mail.example")))
    )
    with alliance.collection("a") as collection:
        body = collection.server.ask("GET", f"{collection.path}objects/").body
    assert b"card-4000" not in body
    assert b"op@mail" not in body


def test_no_exact_moment_leaves(alliance: Any, found: Make) -> None:
    """What was seen leaves in whole hours around it, and no rule counts for longer than before."""
    campaign = found()
    left = [each.fields for each in alliance.publish("a", campaign).departure.leaving]
    said = [
        (name, datetime.fromisoformat(item[name]))
        for item in left
        for name in ("first_seen", "last_seen", "valid_from", "valid_until")
        if name in item
    ]
    assert {name for name, _ in said} == {"first_seen", "last_seen", "valid_from", "valid_until"}
    hour = timedelta(hours=1)
    assert {(at.minute, at.second, at.microsecond) for _, at in said} == {(0, 0, 0)}
    (head,) = (item for item in left if item["type"] == "campaign")
    begins, ends = (datetime.fromisoformat(head[name]) for name in ("first_seen", "last_seen"))
    assert campaign.first_seen - hour < begins <= campaign.first_seen
    assert campaign.last_seen <= ends < campaign.last_seen + hour
    # Approvals are of these bytes, so they were rounded before they waited, not on the way out.
    decided = alliance.house("a").audit.entries()
    assert {each.facts["action"] for each in decided} == {"allow"}
    places = [item for item in left if item["type"] == "infrastructure"]
    assert places
    for item in left:
        if item["type"] == "indicator" and item["name"].startswith("Network"):
            end = datetime.fromisoformat(item["valid_until"])
            assert end <= campaign.last_seen + timedelta(days=30)


def test_the_same_is_not_sent_twice(alliance: Any, found: Make) -> None:
    """A second run with the same scan sends nothing, in the same slot and in later ones."""
    campaign = found()
    alliance.publish("a", campaign)
    again = alliance.publish("a", campaign)
    assert (again.departure.leaving, again.departure.later) == ((), ())
    alliance.now += timedelta(hours=6)
    later = alliance.publish("a", campaign)
    assert (later.departure.leaving, later.departure.later, later.sent.stored) == ((), (), 0)


def test_a_change_is_a_new_version_that_waits_for_its_slot(alliance: Any, found: Make) -> None:
    """What changed keeps its identifier and `created`, and leaves with the next batch."""
    campaign = found()
    first = {each.id: each.fields for each in alliance.publish("a", campaign).departure.leaving}
    changed = replace(campaign, exchanges=50_000, log10_e=9.0)
    alliance.now += timedelta(seconds=1)
    early = alliance.publish("a", changed)
    assert early.departure.leaving == ()
    assert {each.prepared.item["type"] for each in early.departure.later} == {
        "campaign",
        "sighting",
    }
    assert early.departure.next_slot > alliance.now
    alliance.now = early.departure.next_slot
    left = alliance.publish("a", changed).departure.leaving
    assert {each.type for each in left} == {"campaign", "sighting"}
    for each in left:
        assert each.fields["created"] == first[each.id]["created"]
        assert each.version > first[each.id]["modified"]


def test_a_wave_is_spread_over_batches(alliance: Any, found: Make) -> None:
    """The first batch has one size, the next at most the next size; the order puts rules first."""
    many = tuple(("device", f"device {number}") for number in range(120))
    first = alliance.publish("a", found(identifiers=many))
    assert len(first.departure.leaving) == 64
    assert first.departure.padding == 0
    assert _types(first.departure.leaving) >= {"campaign", "indicator", "grouping"}
    alliance.now = first.departure.next_slot
    second = alliance.send("a", ())
    assert len(second.departure.leaving) + second.departure.padding == 512
    assert second.departure.later == ()


def test_a_template_that_few_accounts_share_stays(alliance: Any, found: Make) -> None:
    """Below the policy's number of accounts neither sketch nor indicator leaves, and it is said."""
    campaign = found()
    rare = replace(campaign.templates[0], accounts=19)
    done = alliance.publish("a", replace(campaign, templates=(rare,)))
    assert "prompt-template-sketch" not in _types(done.departure.leaving)
    staying = {each.prepared.item["type"] for each in done.departure.staying}
    assert staying == {"prompt-template-sketch", "indicator"}
    assert all(each.decision.findings[0].rule_id == "A8" for each in done.departure.staying)
    refused = [e for e in alliance.house("a").audit.entries() if e.facts["action"] == "refuse"]
    assert len(refused) == 2


def test_what_is_held_waits_for_approval_of_the_same_bytes(alliance: Any, found: Make) -> None:
    """A description with an unknown word goes before the approvers, and leaves once approved."""
    house = alliance.house("a")
    made = prepared(house, [found(identifiers=())], {}, "Accounts that wrangle prompts.")
    done = alliance.send("a", made, submitter="eve")
    (held,) = done.departure.staying
    assert (held.decision.action, held.request.state) == ("hold", "pending")
    alliance.now = done.departure.next_slot
    house = alliance.house("a")
    house.queue.approve(held.request.number, "ada", "analyst", house.now)
    assert _types(alliance.send("a", ()).departure.leaving) == {"campaign"}


def test_a_run_that_was_killed_is_taken_up_with_the_same_bytes(alliance: Any, found: Make) -> None:
    """What was noted as leaving and never sent is sent by the next run."""
    house = alliance.house("a")
    left = depart(house, new=join(house, prepared(house, [found(identifiers=())], {})))
    with house.folder.writing() as connection:
        assert len(unacknowledged(connection)) == 64
    taken_up = alliance.send("a", ())
    assert taken_up.departure.leaving == ()
    assert taken_up.sent.stored == 64
    with alliance.collection("b") as collection:
        body = json.loads(collection.server.ask("GET", f"{collection.path}objects/").body)
    assert {each.id for each in left.leaving} <= {each["id"] for each in body["objects"]}


def test_a_look_keeps_nothing(alliance: Any, found: Make) -> None:
    """Showing what would leave leaves no object waiting and no entry in the log."""
    house = alliance.house("a")
    judged = show(house, prepared(house, [found(identifiers=())], {}))
    assert all(each.decision.may_leave for each in judged)
    assert house.audit.entries() == ()
    assert alliance.send("a", ()).departure.leaving == ()


def test_what_is_over_is_not_published(alliance: Any, found: Make) -> None:
    """Places and rules whose time is over by now are left out."""
    old = datetime.now(UTC) - timedelta(days=400)
    campaign = found(first_seen=old - timedelta(days=1), last_seen=old, places=(), identifiers=())
    assert "indicator" not in _types(alliance.publish("a", campaign).departure.leaving)


def test_an_attribution_leaves_with_its_campaign(alliance: Any, found: Make) -> None:
    """The gate lets grade and kinds through, and the receiver reads them."""
    told = SharedAttribution(grade="D", hypotheses=(("reseller", 0.7), ("distiller", 0.3)))
    left = alliance.publish("a", found(identifiers=(), attribution=told)).departure.leaving
    (campaign,) = (each.fields for each in left if each.type == "campaign")
    assert attribution_of(campaign) == told
    (read,) = alliance.pull("b").standing.of("campaign")
    assert attribution_of(read.item) == told


def test_a_policy_without_a_line_for_attributions_keeps_them(alliance: Any, found: Make) -> None:
    """The campaign leaves without, as under the policy of before."""
    lines = alliance.settings["a"].policy.read_text().splitlines(keepends=True)
    path = alliance.folder / "policy.toml"
    kept = (line for line in lines if "attribution_grade" not in line)
    path.write_text("".join(line for line in kept if "operator_hypotheses" not in line))
    alliance.settings["a"] = replace(alliance.settings["a"], policy=path)
    told = SharedAttribution(grade="D", hypotheses=())
    left = alliance.publish("a", found(identifiers=(), attribution=told)).departure.leaving
    (campaign,) = (each.fields for each in left if each.type == "campaign")
    assert attribution_of(campaign) is None


def test_a_lapsed_basis_keeps_everything_in_the_house(alliance: Any, found: Make) -> None:
    """Without a basis in force for a jurisdiction nothing leaves."""
    house = alliance.house("a", bases=("eu-gdpr-6-1-f",))
    judged = show(house, prepared(house, [found(identifiers=())], {}))
    assert not any(each.decision.may_leave for each in judged)


def test_padding_that_may_not_leave_stops_the_batch(alliance: Any, found: Make) -> None:
    """Where a batch cannot be filled up nothing leaves, and it is said."""
    policy = alliance.settings["a"].policy.read_text()
    mended = policy.replace("word:voprf-r255-v1", "word:another")
    path = alliance.folder / "policy.toml"
    path.write_text(mended)
    alliance.settings["a"] = replace(alliance.settings["a"], policy=path)
    with pytest.raises(PolicyError, match="filled up"):
        alliance.publish("a", found(identifiers=()))


def test_padding_that_would_need_approval_says_so(alliance: Any, found: Make) -> None:
    """Under TLP:RED without a basis in force, approvals release objects and never a batch."""
    alliance.settings["a"] = replace(alliance.settings["a"], tlp="red", bases=("eu-gdpr-6-1-f",))
    house = alliance.house("a")
    join(house, prepared(house, [found(identifiers=())], {}))
    gate, agreement = house.queue, house.agreement
    people = {each.role: each.person for each in agreement.approvers}
    for each in depart(house, "eve").staying:
        for role in each.decision.approvals:
            assert each.request is not None
            gate.approve(each.request.number, people[role], role, house.now)
    with pytest.raises(PolicyError, match="nobody can approve it") as refused:
        depart(alliance.house("a"))
    assert "A13" in refused.value.next_step


def test_one_gate_decides_as_many_do(alliance: Any, found: Make) -> None:
    """What a batch decides with one gate is what each object alone is told."""
    house = alliance.house("a")
    for each in show(house, prepared(house, [found(identifiers=())], {})):
        alone = decide(each.prepared.item, each.context, house.policy)
        assert alone == each.decision


def test_two_members_may_both_publish(alliance: Any, found: Make) -> None:
    """Definitions that are the same for all are taken once, and refused to nobody's harm."""
    assert alliance.publish("a", found()).sent.refused == ()
    assert alliance.publish("b", found(1)).sent.refused == ()
    assert alliance.send("b", ()).sent.stored == 0
    assert alliance.pull("c").received.rejected == []
    assert len(set(alliance.pull("c").matches.table["campaign"].to_pylist())) == 2


def test_signatures_go_before_what_they_sign(alliance: Any, found: Make) -> None:
    """The first object of a batch carries the signatures of all others."""
    alliance.publish("a", found())
    with alliance.collection("b") as collection:
        body = json.loads(collection.server.ask("GET", f"{collection.path}objects/").body)
    signed = {each.object_id for each in signatures_of(body["objects"][0])}
    assert {each["id"] for each in body["objects"][1:]} == signed


def test_a_member_whose_key_is_not_in_the_agreement_cannot_speak(alliance: Any) -> None:
    """A house is opened only with a key that others know."""
    path = alliance.folder / "agreement.toml"
    path.write_text(path.read_text().replace("keys = [", "was = [", 1))
    with pytest.raises(ConfigError, match="public key"):
        alliance.house("a")
