"""From exchanges to batches of the native table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import Accounts, Catalogue
from phalanx.detect.simulate.failover import draw_statuses
from phalanx.detect.simulate.grammar import Book, render
from phalanx.detect.simulate.grammar.hashing import Seeds, combine, key_of, mix, pick, unit
from phalanx.detect.simulate.identifiers import Style, Styles
from phalanx.detect.simulate.network import write_addresses
from phalanx.detect.simulate.prompt_text import PromptWriter
from phalanx.detect.simulate.release import Release

ROWS_PER_BATCH = 32_768
"""Rows that are written at a time."""

_TIMESTAMP = pa.timestamp("us", tz="UTC")
_BYTES_PER_TOKEN = 3.9
_RESPONSES = 600
_REASONING_SHARE = 0.4
"""Share of conversations with a model that reasons."""

NATIVE_SCHEMA = pa.schema(
    {
        "timestamp": _TIMESTAMP,
        "account_id": pa.string(),
        "model": pa.string(),
        "prompt": pa.string(),
        "exchange_id": pa.string(),
        "organisation": pa.string(),
        "conversation_id": pa.string(),
        "system_prompt": pa.string(),
        "response": pa.string(),
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "status": pa.int32(),
        "client_ip": pa.string(),
        "asn": pa.string(),
        "country": pa.string(),
        "user_agent": pa.string(),
        "tls_fingerprint": pa.string(),
        "payment_fingerprint": pa.string(),
        "email_domain": pa.string(),
        "account_created_at": _TIMESTAMP,
        "temperature": pa.float64(),
        "top_p": pa.float64(),
        "max_tokens": pa.int64(),
        "n": pa.int32(),
        "logprobs": pa.bool_(),
        "stream": pa.bool_(),
        "tools_hash": pa.string(),
        "endpoint": pa.string(),
        "reasoning_signature": pa.string(),
    }
)
"""Columns and types that the simulator writes, in the order of `NATIVE_COLUMNS`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AccountTexts:
    """The texts of each account, ready to be repeated."""

    account_id: pa.StringArray
    organisation: pa.StringArray
    payment: pa.StringArray
    mail: pa.StringArray
    tools: pa.StringArray
    systems: pa.StringArray
    """Own system prompts of all accounts, then those for the harvest of campaign accounts."""


def account_texts(
    accounts: Accounts,
    account_ids: pa.StringArray,
    catalogue: Catalogue,
    systems: pa.StringArray,
    styles: Styles,
) -> AccountTexts:
    """Write what stays the same for an account.

    Parameters:
        accounts: All accounts.
        account_ids: Their identifiers.
        catalogue: Texts that their numbers stand for.
        systems: System prompts, as `AccountTexts.systems`.
        styles: What the other identifiers look like.
    """
    organisation = np.where(accounts.declared, accounts.group, -1).tolist()
    popular = catalogue.free_mail.to_pylist()
    mail = [popular[v] if v < len(popular) else _domain(v) for v in accounts.mail.tolist()]
    return AccountTexts(
        account_id=account_ids,
        organisation=pa.array(
            [f"org-{at:05d}" if at >= 0 else None for at in organisation], type=pa.string()
        ),
        payment=_where_given(accounts.payment, styles.payment),
        mail=pa.array(mail, type=pa.string()),
        tools=_where_given(accounts.tools, styles.tools),
        systems=systems,
    )


def _where_given(seeds: Seeds, style: Style) -> pa.StringArray:
    """Write identifiers, null for seed 0."""
    return pc.if_else(pa.array(seeds == 0), pa.scalar(None, type=pa.string()), style.write(seeds))


_SYLLABLES = (
    "al", "ber", "cor", "dan", "el", "fin", "gra", "hol", "in", "jor", "kel", "lum", "mar",
    "nor", "ost", "pel", "qua", "ros", "sel", "tam", "ur", "vel", "wil", "yar",
)  # fmt: skip


def _domain(seed: int) -> str:
    """Write a domain of its own, under a name that is reserved for examples."""
    word = ""
    for _ in range(4):
        seed, at = divmod(seed, len(_SYLLABLES))
        word += _SYLLABLES[at]
    return f"{word}.example"


@dataclass(frozen=True, eq=False, kw_only=True)
class TableWriter:
    """Writes exchanges as batches of the native table, in order of time."""

    accounts: Accounts
    texts: AccountTexts
    catalogue: Catalogue
    prompts: PromptWriter
    benign_accounts: int
    """Accounts before the first campaign account."""

    salt: np.uint64
    """Keeps the identifiers of two simulations apart."""

    responses: pa.StringArray
    """Texts of responses, by rising length."""

    styles: Styles
    """What identifiers look like."""

    release: Release | None = None
    """The model that comes out within the log, if one does."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Write all exchanges."""
        order = np.argsort(self.prompts.exchanges.time_us, kind="stable")
        for start in range(0, len(order), ROWS_PER_BATCH):
            yield self.batch(order[start : start + ROWS_PER_BATCH])

    def batch(self, rows: NDArray[np.int64]) -> pa.RecordBatch:
        """Write the exchanges at `rows`."""
        exchanges, accounts = self.prompts.exchanges, self.accounts
        account = exchanges.account[rows]
        at = pa.array(account)
        noise = mix(rows.astype(np.uint64), self.salt)
        prompt = self.prompts.write(rows)
        own = account + np.where(exchanges.harvest[rows], len(accounts) - self.benign_accounts, 0)
        system = self.texts.systems.take(pa.array(own))
        given = exchanges.status[rows].astype(np.int32)
        status = np.where(given > 0, given, draw_statuses(noise))
        output = self._output_tokens(rows, account, noise, status)
        second = unit(noise, key_of("model")) < 0.12
        model = np.where(second, accounts.second_model[account], accounts.model[account])
        if self.release is not None:
            chosen = self.release.chosen(
                account, exchanges.time_us[rows], exchanges.harvest[rows], noise
            )
            model = np.where(chosen, self.release.model, model)
        agent = exchanges.user_agent[rows]
        agent = np.where(agent < 0, accounts.user_agent[account], agent)
        slot = pick(noise, key_of("address"), 1 << 16) % accounts.address_count[account]
        columns = [
            pa.array(exchanges.time_us[rows]).cast(_TIMESTAMP),
            self.texts.account_id.take(at),
            self.catalogue.models.take(pa.array(model)),
            prompt,
            self.styles.exchange.write(noise),
            self.texts.organisation.take(at),
            _where_given(exchanges.conversation[rows], self.styles.conversation),
            system,
            self._responses(output),
            _input_tokens(prompt, system, noise),
            pa.array(output),
            pa.array(status),
            write_addresses(accounts.addresses[account, slot]),
            self.catalogue.providers.take(pa.array(accounts.provider[account])),
            self.catalogue.countries.take(pa.array(accounts.country[account])),
            self.catalogue.user_agents.take(pa.array(agent)),
            self.catalogue.fingerprints.take(pa.array(accounts.fingerprint[account])),
            self.texts.payment.take(at),
            self.texts.mail.take(at),
            pa.array(accounts.created_us[account]).cast(_TIMESTAMP),
            pa.array(accounts.temperature[account], from_pandas=True),
            pa.array(accounts.top_p[account], from_pandas=True),
            _absent_at_zero(accounts.max_tokens[account]),
            pa.array(accounts.samples[account].astype(np.int32)),
            pa.array(accounts.logprobs[account]),
            pa.array(accounts.stream[account]),
            self.texts.tools.take(at),
            self.catalogue.endpoints.take(pa.array(accounts.endpoint[account])),
            _where_given(self._reasoning(rows), self.styles.signature),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=NATIVE_SCHEMA)

    def _output_tokens(
        self,
        rows: NDArray[np.int64],
        account: NDArray[np.int64],
        noise: Seeds,
        status: NDArray[np.int32],
    ) -> NDArray[np.int64]:
        """Draw the length of each response, cut at the request's limit."""
        exchanges, accounts = self.prompts.exchanges, self.accounts
        habit = 0.35 * _normal(accounts.seed[account], key_of("habit"))
        spread = exchanges.output_spread[rows] * _normal(noise, key_of("output"))
        tokens = np.exp(np.log(exchanges.output_median[rows]) + habit + spread)
        limit = accounts.max_tokens[account]
        tokens = np.minimum(tokens, np.where(limit > 0, limit, 16_384))
        return np.where(status == 200, np.maximum(tokens, 1).astype(np.int64), 0)

    def _reasoning(self, rows: NDArray[np.int64]) -> Seeds:
        """Return the seed of the reasoning that each request hands back, 0 for none.

        It is that of the turn before, whichever account was issued it.
        """
        said = rows - self.prompts.exchanges.repeats[rows]
        talk, turn = self.prompts.exchanges.conversation[said], self.prompts.exchanges.turn[said]
        reasons = (turn > 0) & (unit(talk, key_of("reasons")) < _REASONING_SHARE)
        return np.where(reasons, combine(talk, turn.astype(np.uint64)), np.uint64(0))

    def _responses(self, output_tokens: NDArray[np.int64]) -> pa.StringArray:
        """Take a text of about the right length for each response, none for failures."""
        place = np.log(np.maximum(output_tokens, 1)) / np.log(4096.0) * (len(self.responses) - 1)
        chosen = np.minimum(place, len(self.responses) - 1).astype(np.int64)
        return self.responses.take(pa.array(chosen, mask=output_tokens == 0))


def response_pool(book: Book) -> pa.StringArray:
    """Write texts of 1 to 4,096 tokens, by rising length, that stand for responses."""
    seeds = mix(np.arange(2000, dtype=np.uint64), key_of("responses"))
    kind = book.of("chat_reply", "en")
    choice = kind[pick(seeds, key_of("skeleton"), len(kind))]
    text = " ".join(render(book.skeletons, choice, seeds, seeds, book.plain).to_pylist())
    lengths = (np.exp(np.linspace(0.0, np.log(4096.0), _RESPONSES)) * _BYTES_PER_TOKEN).astype(int)
    starts = (np.arange(_RESPONSES) * 977) % max(1, len(text) - int(lengths[-1]))
    return pa.array([text[s : s + n] for s, n in zip(starts, lengths, strict=True)])


def _input_tokens(prompt: pa.StringArray, system: pa.StringArray, noise: Seeds) -> pa.Array:
    """Estimate the tokens of what was sent from its bytes."""
    sent = pc.add(pc.binary_length(prompt), pc.fill_null(pc.binary_length(system), 0))
    rate = _BYTES_PER_TOKEN * np.exp(0.08 * _normal(noise, key_of("input")))
    return pa.array((sent.to_numpy(zero_copy_only=False) / rate).astype(np.int64) + 3)


def _normal(seeds: Seeds, key: np.uint64) -> NDArray[np.float64]:
    """Return one standard normal number for each seed (Box and Muller)."""
    first, second = unit(seeds, key), unit(seeds, key ^ np.uint64(1))
    return np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second)


def _absent_at_zero(values: NDArray[np.int64]) -> pa.Array:
    return pa.array(values, mask=values == 0)
