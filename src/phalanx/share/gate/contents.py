"""What is judged of an object beyond its single fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from phalanx.share.gate.aggregation import noisy_total, suppressed_because
from phalanx.share.gate.desk import Desk
from phalanx.share.gate.findings import Finding
from phalanx.share.gate.moments import moment_of
from phalanx.share.wire import (
    EXTENSION_ID,
    Object,
    bucket_name,
    identifier_of,
    properties_of,
    read_pattern,
)
from phalanx.sketches.shape import PERMUTATIONS


def judge_content(desk: Desk, after: Object) -> tuple[list[Finding], Object]:
    """Return what is found in an object whose fields are all allowed, and what takes its place.

    Parameters:
        desk: Policy and circumstances, with the object as it was.
        after: The object as its fields left it.
    """
    found = [*_names(desk), *_lifetime(desk, after), *_attribution(desk), *_template(desk)]
    if after["type"] == "sighting":
        more, after = _volumes(desk, after)
        found += more
    if after["type"] == "note":
        more, after = _statistic(desk, after)
        found += more
    return found, after


def _names(desk: Desk) -> Iterator[Finding]:
    """Rule A16: an identifier says no more than the object, and the sender stands behind it."""
    item = desk.item
    if identifier_of(item) not in {None, item.get("id")}:
        reason = "an identifier that does not follow from what the observable says"
        yield desk.find("A16", "id", reason, action="refuse")
    allowed = desk.share.fields_of(item["type"]) or {}
    if "created_by_ref" in allowed and "created_by_ref" not in item and item["type"] != "identity":
        yield desk.find("A16", "created_by_ref", "nobody stands behind it", action="refuse")


def _lifetime(desk: Desk, after: Object) -> Iterator[Finding]:
    """Rule A9: what is about a person or place ends."""
    if after["type"] != "indicator":
        return
    modified, end = moment_of(after.get("modified")), moment_of(after.get("valid_until"))
    if modified is None or end is None or "pattern" not in after:
        reason = "an indicator without a version, an end or a pattern"
        yield desk.find("A9", "valid_until", reason, action="refuse")
        return
    lifetimes = desk.rules["A9"].parameters["lifetime_days"]
    kinds = {each.path.partition(":")[0] for each in read_pattern(after["pattern"])}
    days = min(lifetimes.get(kind, 0) for kind in kinds)
    if end > modified + timedelta(days=days):
        yield desk.find("A9", "valid_until", f"valid for more than {days} days", action="refuse")


def _attribution(desk: Desk) -> Iterator[Finding]:
    """Rule A11: who is behind it, with evidence, confidence and two persons."""
    item, rule = desk.item, desk.rules["A11"]
    types = rule.parameters["types"]
    # An opinion of an attribution that left names nobody anew; of a party it would.
    naming = {"identity"} if item["type"] == "opinion" else {"identity", *types}
    if (
        item["type"] not in types
        and item.get("relationship_type") not in rule.parameters["relations"]
        and not naming & {each.partition("--")[0] for each in _referred(item)}
    ):
        return
    if "confidence" not in item or not item.get("external_references"):
        reason = "an attribution without a confidence and a reference to evidence"
        yield desk.find("A11", "", reason, action="refuse")
    elif not desk.released("A11"):
        yield desk.find("A11", "", "an attribution")


def _referred(item: Object) -> Iterator[str]:
    """Yield the identifiers of what an object is about."""
    for name in ("source_ref", "target_ref", "sighting_of_ref"):
        if name in item:
            yield str(item[name])
    if isinstance(item.get("object_refs"), list):
        yield from map(str, item["object_refs"])


def _template(desk: Desk) -> Iterator[Finding]:
    """Rule A8: a template that few accounts share is theirs, in a sketch or in a pattern."""
    item, least = desk.item, desk.rules["A8"].parameters["template_accounts"]
    told = [item["type"]]
    if item["type"] == "indicator" and "pattern" in item:
        told = [each.path.partition(":")[0] for each in read_pattern(item["pattern"])]
    if "prompt-template-sketch" in told and desk.template_accounts < least:
        yield desk.find("A8", "", f"a template that fewer than {least} accounts share")
    if item["type"] == "prompt-template-sketch":
        bits, minhash = item.get("minhash_bits"), item.get("minhash", "")
        if bits not in (1, 2, 4, 8, 16) or len(minhash) != PERMUTATIONS * bits // 4:
            yield desk.find("A0", "minhash", "it is not as long as a sketch of so many bits")


def _volumes(desk: Desk, after: Object) -> tuple[list[Finding], Object]:
    """Rule A5: the bucket in words says no more than the count."""
    said = properties_of(after).get("count_bucket")
    expected = bucket_name(after["count"]) if "count" in after else None
    if said is None or said == expected:
        return [], after
    if expected is None:
        return [desk.find("A5", "extensions", "a bucket without a count", action="refuse")], after
    extension = {**properties_of(after), "count_bucket": expected}
    after = {**after, "extensions": {**after["extensions"], EXTENSION_ID: extension}}
    return [desk.find("A5", "extensions.share.count_bucket", "not the bucket of the count")], after


def _statistic(desk: Desk, after: Object) -> tuple[list[Finding], Object]:
    """Rules A6 and A7: a total over enough members, long enough ago."""
    properties = properties_of(after)
    given = properties.get("contributions")
    end = moment_of(properties.get("period_end"))
    if not isinstance(given, list) or end is None:
        return [desk.find("A6", "", "a note that is no statistic", action="refuse")], after
    members = [each.get("member_ref") for each in given]
    counts = [each.get("count", 0) for each in given]
    present = desk.share.members
    rule = desk.rules["A6"].parameters
    reason = suppressed_because(counts, rule)
    if len(set(members)) < len(members) or not set(members) <= set(present):
        reason = "contributions that are not one of each member"
    if desk.context.noise is None:
        reason = "no noise was drawn for it"
    if reason or desk.context.noise is None:
        return [desk.find("A6", "", reason, action="refuse")], after
    found = [desk.find("A6", "extensions.share.contributions", "contributions of single members")]
    free = end + timedelta(days=desk.rules["A7"].parameters["days"])
    if free > desk.context.now:
        found.append(desk.find("A7", "", "its period is not over long enough", release_at=free))
    kept = {name: value for name, value in properties.items() if name != "contributions"}
    kept["total_bucket"] = noisy_total(counts, desk.context.noise, rule)
    return found, {**after, "extensions": {EXTENSION_ID: kept}}
