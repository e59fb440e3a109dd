"""Objects drawn from those of the corpora, changed in places, and how a decision is recorded."""

from __future__ import annotations

import copy
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from phalanx.share.gate import Approval, Context, Decision, Policy
from phalanx.share.wire import Object, content_hash

ODD: tuple[Any, ...] = (
    None, True, 0, 1, -1, 7, 10, 3_000, 4_321, 2**53, 2**60, 0.5, 1.0, 1e300, float("nan"), "",
    "\ud800", "2026-11-20T00:00:00.000Z", "2027-11-20T00:00:00Z", [], {}, [[]], [None],
    {"share": 1}, {"a.b": 1}, {1: 2}, ("x",), {"x"}, b"x", [1, "x"],
    {"deeper": {"deeper": {"deeper": {"deeper": {"deeper": 1}}}}},
    "192.0.2.0/24", "192.0.2.1/24", "2001:db8::1", "fe80::1%lo", "relay.example.net",
    "xn--a.example.net",
)  # fmt: skip
"""Values that stand where others were expected."""

SIGNS = (
    " ", " ", " ", " ", " ", ", ", ". ", "; ", ": ", " (", ") ", "\n", "-", "_", "/", "\u00a0", "'",
    '"', "%", "$", " \u20ac", " @ ", "|", " 7 ", " 12 usd ", " 2026-11-20 ", " 2027-01-02 ",
    " 3rd march ", " campaign-1a2b3c ", " AML.T0024 ", " TLP:RED ", " acct_1 ", " a@b.example ",
    " 192.0.2.1 ", "\u200b", "{{x}}", "```", "\nuser: ", "<|x|>", " per cent ", " \u0967 ",
)  # fmt: skip
"""What stands between two words."""


def words_of(policy: Policy) -> tuple[list[str], list[str]]:
    """Return the words that a text may hold, and those that rules look for."""
    plain = [word for rule in policy.rules if rule.id == "A15" for word in rule.words]
    return plain, [word for rule in policy.rules if rule.id != "A15" for word in rule.words]


def drawn(
    items: Sequence[Object], context: Context, policy: Policy, count: int
) -> Iterator[tuple[Object, Context]]:
    """Yield objects, each in circumstances of its own; the same ones each time.

    Parameters:
        items: That are changed.
        context: That is changed.
        policy: Whose words the texts are made of.
        count: How many.
    """
    chance = random.Random(20_261_125)
    words = words_of(policy)
    for _ in range(count):
        item = copy.deepcopy(chance.choice(items))
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            item = _changed(item, items, words, chance)
        yield item, _moved(context, item, chance)


def _changed(
    item: Object, items: Sequence[Object], words: tuple[list[str], list[str]], chance: random.Random
) -> Object:
    holder: Any = item
    while True:
        steps = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not steps:
            return item
        step = chance.choice(steps)
        if not (isinstance(holder[step], dict | list) and holder[step]) or chance.random() < 0.2:
            break
        holder = holder[step]
    match chance.randrange(8):
        case 0:
            del holder[step]
        case 1:
            holder[step] = copy.deepcopy(chance.choice(ODD))
        case 2:
            holder[step] = _domain(words, chance)
        case 3 if isinstance(holder, dict):
            holder[chance.choice(words[1])] = holder.pop(step)
        case 4 if isinstance(holder, dict):
            other = chance.choice(items)
            holder |= {name: copy.deepcopy(other[name]) for name in chance.choices(list(other))}
        case _:
            names = [name for name in ("name", "description", "explanation") if name in item]
            text = _text(words, chance)
            if names:
                item[chance.choice(names)] = text
            else:
                holder[step] = text
    return item


def _text(words: tuple[list[str], list[str]], chance: random.Random) -> str:
    said = ""
    for _ in range(chance.randrange(1, 12)):
        word = chance.choice(words[chance.random() < 0.08]).replace("*", chance.choice(("", "s")))
        said += _disguised(word, chance) if chance.random() < 0.05 else word
        said += chance.choice(SIGNS) if chance.random() < 0.2 else " "
    return said.strip() if chance.random() < 0.9 else said


def _disguised(word: str, chance: random.Random) -> str:
    match chance.randrange(6):
        case 0:
            return word.translate(str.maketrans("oieastbl", "013457@!"))
        case 1:
            return " ".join(word)
        case 2:
            place = chance.randrange(len(word))
            return word[:place] + chance.choice(".- _\u200b") + word[place:]
        case 3:
            return word.translate(str.maketrans("aeopc", "\u0430\u0435\u043e\u0440\u0441"))
        case 4:
            return "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in word)
        case _:
            return word.upper()


def _domain(words: tuple[list[str], list[str]], chance: random.Random) -> str:
    some = chance.choices(words[0], k=2) + chance.choices(words[1], k=chance.randrange(2))
    chance.shuffle(some)
    joined = chance.choice(("", "-", ".")).join(some).replace("*", "").replace(" ", "-")
    return f"{joined}{chance.choice(('', '-2027', '.r0ad'))}.example"


def _moved(context: Context, item: Object, chance: random.Random) -> Context:
    """Return circumstances that are, one time in three, not the ordinary ones."""
    if chance.random() < 0.67:
        return context
    assert context.batch is not None
    changes: dict[str, Any] = chance.choice(
        (
            {"purpose": "sell"}, {"batch": None}, {"noise": 7}, {"template_accounts": 1},
            {"recipients": frozenset()}, {"legal_bases": ("us-cisa-2015",)},
            {"member": "identity--x"}, {"now": context.now + timedelta(hours=1)},
            {"now": context.now - timedelta(days=4_000)},
            {"batch": replace(context.batch, objects=65)},
            {"taken_back": {**item, "revoked": False}},
        )
    )  # fmt: skip
    if chance.random() < 0.3:
        approved = _approvals(item, context, chance)
        changes = {**changes, "approvals": approved} if approved else changes
    return replace(context, **changes)


def _approvals(item: Object, context: Context, chance: random.Random) -> tuple[Approval, ...]:
    try:
        named = content_hash(item)
    except Exception:  # noqa: BLE001 - whatever has no hash cannot be approved
        return ()
    return tuple(
        Approval(
            person=person,
            role=role,  # type: ignore[arg-type] # one of two
            object_hash=named,
            approved_at=context.now - timedelta(hours=2),
            valid_until=context.now + timedelta(days=2),
        )
        for person, role in chance.sample([("ada", "analyst"), ("bo", "counsel")], 2)
    )


def record(decision: Decision) -> str:
    """Return a hash over everything that a decision says, save the words of the policy."""
    said = {
        "action": decision.action,
        "findings": [
            (each.rule_id, each.action, each.path, each.reason, each.approvals, each.release_at)
            for each in decision.findings
        ],
        "hashes": (decision.before, decision.after, decision.difference),
        "item": None if decision.item is None else repr(decision.item),
        "release_at": decision.release_at,
        "approvals": decision.approvals,
        "may_leave": decision.may_leave,
    }
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]
