"""Dense traffic for benchmarks of speed: long prompts, written as fast as they can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import built_in_catalogue
from phalanx.detect.simulate.columns import NATIVE_SCHEMA, AccountTexts, account_texts
from phalanx.detect.simulate.config import CampaignPlan, SimulationConfig
from phalanx.detect.simulate.grammar import open_book, parse_skeleton, render
from phalanx.detect.simulate.grammar.hashing import key_of, mix
from phalanx.detect.simulate.identifiers import Styles, hexadecimal, write_unused
from phalanx.detect.simulate.network import write_addresses
from phalanx.detect.simulate.populate import draw_scene
from phalanx.detect.simulate.scene import Scene

_ROWS_PER_BATCH = 32_768
_SENTENCES = 20_000
_PHRASES = 200_000
_WORDS_PER_PHRASE = 4
_FEWEST_PHRASES = 15
_MOST_PHRASES = 66
_CAMPAIGN_SHARE = 0.06
_TEMPLATES_PER_CAMPAIGN = 24
_DAYS = 14
_UTC = pa.timestamp("us", tz="UTC")
_HONEST_HEADS = (
    "{~answer_from} {~answer_rules}",
    "{~translate} {~target}. {~answer_rules}",
    "{~sort_into} {~labels}.",
    "{~review_this} {~review_rules} {~review_rules}",
)
_CAMPAIGN_HEADS = (
    "{~show}. {~show_rules}.", "{~invent}. {~invent_rules}.", "{~grade}. {~grade_rules}.",
    "{~harvest}. {~harvest_rules}.", "{~evolve}. {~evolve_rules}.",
)  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class _Columns:
    """What repeats for an account, ready to be taken."""

    scene: Scene
    texts: AccountTexts
    fixed: dict[str, pa.Array]
    """Column -> value of each account."""

    addresses: pa.StringArray
    """Four addresses for each account, one after the other."""

    heads: pa.StringArray
    """The empty head, then one template for each account, then those of the campaigns."""

    phrases: pa.StringArray
    edges: NDArray[np.float64]
    """Cumulative share of the accounts in the traffic."""

    campaign: NDArray[np.int64]
    """Number of each account's campaign; -1 for none."""


def dense_exchanges(rows: int, accounts: int, seed: int) -> Iterator[pa.RecordBatch]:
    """Write benchmark traffic in native columns, in order of time over two weeks.

    Prompts have 60 to 300 words. Honest accounts of the usual classes make up the traffic,
    with campaigns of 50 to 300 accounts among them; half of the honest accounts put a
    template of their own before every prompt, campaign accounts one of their campaign's.

    Parameters:
        rows: Exchanges in all, at least 0.
        accounts: Accounts that send them, at least 1.
        seed: The same seed gives the same batches.

    Yields:
        Batches of up to 32,768 rows.

    Examples:
        >>> [batch.num_rows for batch in dense_exchanges(40_000, 500, seed=1)]
        [32768, 7232]
    """
    columns = _columns(accounts, seed)
    start_us = int(SimulationConfig().start.timestamp() * 1_000_000)
    step_us = _DAYS * 86_400_000_000 / max(1, rows)
    for first in range(0, rows, _ROWS_PER_BATCH):
        number = np.arange(first, min(rows, first + _ROWS_PER_BATCH))
        rng = np.random.default_rng([seed, first])
        times = start_us + (number * step_us).astype(np.int64)
        yield _batch(columns, number, times, rng)


def _columns(accounts: int, seed: int) -> _Columns:
    """Draw the accounts, and write all that repeats."""
    hidden = int(accounts * _CAMPAIGN_SHARE)
    sizes = (50, 80, 120, 300) * (1 + hidden // 550)
    kept = [size for size, total in zip(sizes, np.cumsum(sizes), strict=True) if total <= hidden]
    plans = tuple(
        CampaignPlan(name=f"dense-{at}", accounts=size, attack_class="reasoning")
        for at, size in enumerate(kept)
    )
    config = SimulationConfig(
        benign_accounts=accounts - sum(kept), campaigns=plans, days=1, seed=seed, evasion="E1"
    )
    book = open_book()
    scene = draw_scene(config, book)
    people = scene.accounts
    catalogue, styles = built_in_catalogue(), Styles()
    ids = write_unused(hexadecimal("acct_"), people.seed, set())
    texts = account_texts(people, ids, catalogue, scene.systems, styles)
    volume = people.exchanges_per_active_day * people.active_day_share
    names = [name or "" for name in scene.campaigns]
    numbers = {plan.name: at for at, plan in enumerate(plans)}
    fixed = {
        "account_id": ids,
        "organisation": texts.organisation,
        "payment_fingerprint": texts.payment,
        "email_domain": texts.mail,
        "tools_hash": texts.tools,
        "system_prompt": texts.systems[: len(people)],
        "model": catalogue.models.take(pa.array(people.model)),
        "asn": catalogue.providers.take(pa.array(people.provider)),
        "country": catalogue.countries.take(pa.array(people.country)),
        "user_agent": catalogue.user_agents.take(pa.array(people.user_agent)),
        "tls_fingerprint": catalogue.fingerprints.take(pa.array(people.fingerprint)),
        "endpoint": catalogue.endpoints.take(pa.array(people.endpoint)),
        "account_created_at": pa.array(people.created_us).cast(_UTC),
        "temperature": pa.array(people.temperature, from_pandas=True),
        "top_p": pa.array(people.top_p, from_pandas=True),
        "max_tokens": pa.array(people.max_tokens, mask=people.max_tokens == 0),
        "n": pa.array(people.samples.astype(np.int32)),
        "logprobs": pa.array(people.logprobs),
        "stream": pa.array(people.stream),
    }
    return _Columns(
        scene=scene,
        texts=texts,
        fixed=fixed,
        addresses=write_addresses(people.addresses.ravel()),
        heads=_heads(len(people), len(plans), seed),
        phrases=_phrases(seed),
        edges=np.cumsum(volume) / volume.sum(),
        campaign=np.array([numbers.get(name, -1) for name in names]),
    )


def _phrases(seed: int) -> pa.StringArray:
    """Write phrases of four words, drawn as often as Zipf's law has it.

    Prompts are made of phrases, not of the grammar's sentences: those have so few word
    triples in all that unrelated prompts would look alike.
    """
    sentences = open_book().plain.compose("passage", _SENTENCES).to_pylist()
    counts = Counter(word for sentence in sentences for word in sentence.split() if word.isalpha())
    words = np.array([word for word, _ in counts.most_common()])
    share = 1.0 / np.arange(1, len(words) + 1)
    rng = np.random.default_rng([seed, _PHRASES])
    drawn = rng.choice(words, (_PHRASES, _WORDS_PER_PHRASE), p=share / share.sum())
    return pa.array([" ".join(phrase) for phrase in drawn], type=pa.string())


def _heads(accounts: int, campaigns: int, seed: int) -> pa.StringArray:
    """Write the templates that stand before prompts."""
    book = open_book()
    written = [pa.array([""], type=pa.string())]
    for texts, size in (
        (_HONEST_HEADS, accounts), (_CAMPAIGN_HEADS, campaigns * _TEMPLATES_PER_CAMPAIGN),
    ):  # fmt: skip
        skeletons = tuple(parse_skeleton(text) for text in texts)
        seeds = mix(np.arange(size, dtype=np.uint64), key_of("heads", texts[0], seed))
        choice = (seeds % np.uint64(len(skeletons))).astype(np.int64)
        written.append(render(skeletons, choice, seeds, seeds, book.plain))
    return pa.concat_arrays(written)


def _batch(
    columns: _Columns, number: NDArray[np.int64], times: NDArray[np.int64], rng: np.random.Generator
) -> pa.RecordBatch:
    """Write the exchanges with the given numbers."""
    size = len(number)
    account = np.minimum(
        np.searchsorted(columns.edges, rng.random(size), side="right"), len(columns.edges) - 1
    )
    at = pa.array(account)
    prompt = _prompts(columns, account, rng)
    sent = pc.binary_length(prompt).to_numpy(zero_copy_only=False)
    failed = rng.random(size) < 0.03
    output = np.exp(5.2 + 0.9 * rng.standard_normal(size)).astype(np.int64)
    made = {
        "timestamp": pa.array(times).cast(_UTC),
        "prompt": prompt,
        "exchange_id": pc.binary_join_element_wise("req-", pa.array(number).cast(pa.string()), ""),
        "conversation_id": pa.nulls(size, pa.string()),
        "response": pa.nulls(size, pa.string()),
        "reasoning_signature": pa.nulls(size, pa.string()),
        "input_tokens": pa.array((sent / 4.2).astype(np.int64)),
        "output_tokens": pa.array(np.where(failed, 0, output)),
        "status": pa.array(np.where(failed, 429, 200).astype(np.int32)),
        "client_ip": columns.addresses.take(pa.array(account * 4 + rng.integers(0, 4, size))),
    }
    arrays = [
        made[name] if name in made else columns.fixed[name].take(at) for name in NATIVE_SCHEMA.names
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=NATIVE_SCHEMA)


def _prompts(
    columns: _Columns, account: NDArray[np.int64], rng: np.random.Generator
) -> pa.StringArray:
    """Write prompts: a head where there is one, then phrases."""
    size = len(account)
    campaign = columns.campaign[account]
    own = np.where(account % 2 == 0, 1 + account, 0)
    private = 1 + len(columns.campaign) + campaign * _TEMPLATES_PER_CAMPAIGN
    head = np.where(campaign >= 0, private + rng.integers(0, _TEMPLATES_PER_CAMPAIGN, size), own)
    lengths = rng.integers(_FEWEST_PHRASES, _MOST_PHRASES + 1, size)
    edges = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    phrases = columns.phrases.take(pa.array(rng.integers(0, len(columns.phrases), edges[-1])))
    body = pc.binary_join(pa.ListArray.from_arrays(pa.array(edges), phrases), " ")
    headed = pc.binary_join_element_wise(columns.heads.take(pa.array(head)), body, " ")
    return pc.if_else(pa.array(head == 0), body, headed)
