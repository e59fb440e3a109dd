"""Forbidden values in any place, and objects that are none."""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.gate import Context, Policy, decide
from phalanx.share.wire import (
    EXTENSION_ID,
    Authorship,
    observable,
    relationship,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in an object, and of it."""
    found = [path]
    if isinstance(value, dict):
        for name, inner in value.items():
            found += _places(inner, (*path, name))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            found += _places(inner, (*path, place))
    return found


def _wrapped(secret: str, wraps: list[str]) -> Any:
    value: Any = secret
    for wrap in wraps:
        name = value if isinstance(value, str) else "x_value"
        value = {"list": [value], "object": {"x_value": value}, "name": {name: 1}}[wrap]
    return value


MUTATIONS = st.fixed_dictionaries(
    {
        "item": st.integers(0, 4),
        "place": st.integers(0, 10**6),
        "secret": st.integers(0, 10**6),
        "how": st.sampled_from(["replace", "append", "add", "name"]),
        "wraps": st.lists(st.sampled_from(["list", "object", "name"]), max_size=3),
    }
)


@given(mutation=MUTATIONS)
def test_a_forbidden_value_never_leaves_anywhere(
    corpus: ModuleType,
    context: Context,
    policy: Policy,
    by: Authorship,
    mutation: dict[str, Any],
) -> None:
    """In any field, list, name or extension, at any depth, a forbidden text stays."""
    secrets = [
        text for rule_id, texts in corpus.TEXTS.items() if rule_id != "A16" for text in texts
    ]
    secret = _wrapped(secrets[mutation["secret"] % len(secrets)], mutation["wraps"])
    how = mutation["how"]
    items = [
        corpus.rule_of(by),
        corpus.campaign_of(by),
        observable(corpus.fingerprint("a"), by.handling.references),
        observable(corpus.sketch("a"), by.handling.references),
        relationship(corpus.rule_of(by)["id"], "indicates", corpus.campaign_of(by)["id"], by),
    ]
    item = copy.deepcopy(items[mutation["item"]])
    places = _places(item)
    path = places[mutation["place"] % len(places)]
    holder: Any = item
    for step in path[:-1]:
        holder = holder[step]
    if not path or how == "add":
        target = holder if not path else holder[path[-1]]
        (target if isinstance(target, dict) else item)["x_added"] = secret
    elif how == "name" and isinstance(holder, dict):
        holder[secret if isinstance(secret, str) else "x_named"] = holder.pop(path[-1])
    elif how == "append" and isinstance(holder[path[-1]], list):
        holder[path[-1]].append(secret)
    elif how == "append" and isinstance(holder[path[-1]], str) and isinstance(secret, str):
        holder[path[-1]] += " " + secret
    else:
        holder[path[-1]] = secret
    decision = decide(item, context, policy)
    assert not decision.may_leave
    assert decision.item is None or decision.action in {"hold", "delay"}


@given(
    item=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_object_is_decided(
    corpus: ModuleType, context: Context, policy: Policy, by: Authorship, item: Any
) -> None:
    """Whatever is submitted, there is a decision, and it is no, unless nothing was added."""
    counted = corpus.statistic_of(by, [context.member, *context.recipients], [4] * 6)
    assert not decide(item, context, policy).may_leave
    for submitted in ({"type": item}, {"x": item}, {**corpus.rule_of(by), "pattern": item},
                      {**corpus.campaign_of(by), "extensions": item},
                      {**corpus.rule_of(by), "object_marking_refs": item},
                      {**counted, "extensions": {EXTENSION_ID: item}},
                      {**corpus.rule_of(by), "modified": item}):  # fmt: skip
        assert item == {} or not decide(submitted, context, policy).may_leave
