"""The gateway: what the campaign is still served carries the mark of its own key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from phalanx.cli.demo_full.acts import record
from phalanx.cli.demo_full.chapter import Chapter, write_json_lines, write_lines
from phalanx.cli.demo_full.language import Tokens, open_model
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.teaching import CONTEXT_WIDTH, Served
from phalanx.cli.demo_full.words import Vocabulary
from phalanx.cli.gateway_options import GatewayOptions
from phalanx.cli.gateway_work import KEY_BYTES, known_to
from phalanx.errors import PhalanxError
from phalanx.formats.notation import plural
from phalanx.logs.pseudonym import load_or_create_key, pseudonymiser
from phalanx.owned import read_or_make_secret
from phalanx.prevent.decide.decision import Decision
from phalanx.prevent.decide.gateway import Gateway
from phalanx.prevent.knowledge.campaigns import read_campaigns
from phalanx.prevent.policy.loading import read_policy
from phalanx.prevent.request import Request
from phalanx.prevent.state.online import OnlineState
from phalanx.store import database_of
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, Vault, make_vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

OTHER_CAMPAIGN = "campaign-of-last-year"
"""Another one, whose key is asked about in the audit as well."""

_SETTING = PhalanxGumbel(CONTEXT_WIDTH).setting
_WRITTEN = 512
"""Answers that are written, of each kind: the model is small, and so is the time."""

_SERVED_STATUS = 200
_POLICY = """schema = "phalanx.gateway-policy/1"
name = "demo"
stage = "enforce"
on_failure = "open"
appeals = "https://provider-a.example/appeals"

# What a campaign is still served carries the mark of its key.
[[rules]]
name = "mark-campaigns"
reason = "PHX-G001"
action = "mark"
key = "campaign"
when.campaign_member = true
"""


@dataclass(frozen=True, slots=True)
class Passed:
    """A request of the live day with what the gateway decided."""

    request: Request
    decision: Decision


def mark_what_is_served(places: Places, seed: int) -> Chapter:
    """Make the campaign's key, and let the gateway decide on every request of a day.

    Parameters:
        places: With the store of a scan that lists a campaign, the live day, and the model.
        seed: Of what the model says without a mark.
    """
    listed = read_campaigns(database_of(str(places.a.store))).of_account.values()
    campaign = max(listed, key=lambda each: each.log10_e).campaign
    keys = _make_keys(places, campaign)
    _write_policy(places, campaign, keys)
    passed = list(_decided(places))
    marked = [each for each in passed if each.decision.key_id is not None]
    free = [each for each in passed if each.decision.key_id is None]
    secret = next(iter(keys.keys)).reveal()
    words = Vocabulary(tuple(json.loads(places.words.read_text(encoding="utf-8"))))
    model = Served(open_model(places.teacher), words, np.random.default_rng(seed))
    gateway = places.gateway
    for path, some, key in (
        (gateway / "served-marked.jsonl", marked[:_WRITTEN], secret),
        (gateway / "served-unmarked.jsonl", free[:_WRITTEN], None),
    ):
        answers = model.answer([each.request.prompt for each in some], key)
        write_json_lines(path, _rows(some, answers, words))
    decisions = gateway / "decisions.jsonl"
    write_json_lines(decisions, (_decision_row(each.decision, each.request) for each in passed))
    actions = Counter(each.decision.action for each in passed)
    record(
        places.a, "decision", "gateway", campaign, decisions, requests=len(passed),
        marked=len(marked), policy=passed[0].decision.policy_digest,
    )  # fmt: skip
    accounts = len({each.request.account_id for each in marked})
    return Chapter(
        title="The gateway marks what the campaign is still served, with a key of its own",
        lines=(
            f"one day: {plural(len(passed), 'request')}, "
            + ", ".join(f"{count:,} {action}" for action, count in sorted(actions.items())),
            (
                f"marked: {plural(len(marked), 'answer')} to {plural(accounts, 'account')}, under "
                f"key {keys.ids[0]} of {campaign}"
            ),
            _labelled(places, {each.request.account_id for each in marked}),
        ),
        artefacts=(decisions, gateway / "served-marked.jsonl", gateway / "policy.toml"),
        commands=(
            "phalanx watermark keygen provider-a.example",
            (
                "phalanx gateway check REQUEST --policy policy.toml --store scans.db "
                "--campaign-keys campaign-keys.toml"
            ),
        ),
        lacks="" if marked else "no request of the campaign came by, so that nothing is marked",
    )


def tokens_in(path: Path) -> list[Tokens]:
    """Return the tokens of answers that were served, or of texts."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [np.array(json.loads(line)["tokens"], dtype=np.int64) for line in lines]


def derived_keys(places: Places, by: str) -> DerivedKeys:
    """Derive the keys of both campaigns once more, which the vault notes."""
    vault = Vault(places.vault, Seal(key_file=places.vault_key))
    names = places.key_names.read_text(encoding="utf-8").split()
    return vault.derive("campaign", names, _SETTING, Act(by, datetime.now(UTC)))


def _make_keys(places: Places, campaign: str) -> DerivedKeys:
    act = Act("release-manager", datetime.now(UTC))
    make_vault(places.vault, "provider-a.example", Seal(key_file=places.vault_key), act)
    write_lines(places.key_names, f"{campaign}\n{OTHER_CAMPAIGN}\n")
    keys = derived_keys(places, "gateway")
    record(places.a, "key", "gateway", campaign, key_id=keys.ids[0], scheme=keys.scheme)
    return keys


def _write_policy(places: Places, campaign: str, keys: DerivedKeys) -> None:
    write_lines(places.gateway / "policy.toml", _POLICY)
    named = zip((campaign, OTHER_CAMPAIGN), keys.ids, strict=True)
    lines = "".join(f'"{name}" = "{key_id}"\n' for name, key_id in named)
    write_lines(places.gateway / "campaign-keys.toml", f"[keys]\n{lines}")


def _decided(places: Places) -> Iterator[Passed]:
    folder = places.gateway
    options = GatewayOptions(
        policy=folder / "policy.toml",
        key=folder / "gateway.key",
        store=str(places.a.store),
        campaign_keys=folder / "campaign-keys.toml",
    )
    policy, knowledge = read_policy(options.policy), known_to(options)
    secret = read_or_make_secret(options.key, "gateway key", KEY_BYTES)
    gateway = Gateway(lambda: policy, lambda: knowledge, OnlineState(), secret, _refuse)
    for row, request in _requests(places):
        now = row["timestamp"]
        decided = gateway.check(request, now)
        if decided.under_way is not None:
            turned_away = row["status"] != _SERVED_STATUS
            gateway.settle(
                decided.under_way, row["output_tokens"] or 0, now, turned_away=turned_away
            )
        yield Passed(request, decided.decision)


def _requests(places: Places) -> Iterator[tuple[Mapping[str, Any], Request]]:
    """Yield the requests of the live day, accounts named as the store names them."""
    columns = ["timestamp", "exchange_id", "account_id", "model", "prompt", "organisation",
               "max_tokens", "n", "temperature", "logprobs", "stream", "status",
               "output_tokens"]  # fmt: skip
    hide = pseudonymiser(load_or_create_key(places.a.pseudonym_key), "account_id")
    asked = ("exchange_id", "model", "prompt", "organisation", "max_tokens", "n", "temperature",
             "logprobs", "stream")  # fmt: skip
    for row in pq.read_table(places.a.live, columns=columns).to_pylist():
        (account,) = hide([row["account_id"]])
        said = {name: row[name] for name in asked}
        yield row, Request(account_id=str(account), **said)


def _rows(some: list[Passed], answers: list[Tokens], words: Vocabulary) -> Iterator[dict[str, Any]]:
    for each, tokens in zip(some, answers, strict=True):
        yield {
            "exchange_id": each.request.exchange_id,
            "account_id": each.request.account_id,
            "text": words.text(tokens),
            "tokens": tokens.tolist(),
        }


def _decision_row(decision: Decision, request: Request) -> dict[str, Any]:
    return {
        "exchange_id": decision.exchange_id,
        "account_id": request.account_id,
        "decided_at": decision.decided_at.isoformat(),
        "action": decision.action,
        "key_id": decision.key_id,
        "reasons": [each.code for each in decision.reasons],
        "policy_digest": decision.policy_digest,
    }


def _labelled(places: Places, marked: set[str]) -> str:
    """Compare with what was planted: nobody in the story could."""
    labels = pq.read_table(places.labels)
    names, planted = (labels[each].to_pylist() for each in ("account_id", "campaign"))
    hidden = pseudonymiser(load_or_create_key(places.a.pseudonym_key), "account_id")(names)
    theirs = {name for name, campaign in zip(hidden, planted, strict=True) if campaign}
    return f"as it was planted: {len(marked & theirs)} of these accounts are the campaign's"


def _refuse(error: PhalanxError) -> None:
    raise error
