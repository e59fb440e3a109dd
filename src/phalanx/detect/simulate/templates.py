"""Which prompt an honest exchange carries: skeleton, wording and seed for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import Accounts
from phalanx.detect.simulate.arrivals import Arrivals
from phalanx.detect.simulate.clients import USER_AGENTS
from phalanx.detect.simulate.exchanges import Exchanges
from phalanx.detect.simulate.grammar import Book
from phalanx.detect.simulate.grammar.hashing import Seeds, combine, key_of, mix, pick, unit
from phalanx.detect.simulate.population import LANGUAGES, class_seed
from phalanx.detect.simulate.profiles import PROFILES

_FOLLOW_UPS = {
    "chat": "chat_turn", "classroom": "chat_turn", "coding": "coding_turn", "agent": "agent_turn",
}  # fmt: skip
_BENCHMARK_ITEMS = 1200
_RESUMED_SHARE = 0.35
_PUBLIC_SHARE = {"evaluation": 0.7, "ci_review": 0.5}
_RESELLER_CUSTOMERS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The exchanges of one class, with what the choice of their prompts may depend on."""

    account: NDArray[np.int64]
    session: Seeds
    position: NDArray[np.int64]
    turn: NDArray[np.int64]
    seed: Seeds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prompts:
    """Choice of prompts."""

    skeleton: NDArray[np.int64]
    wording: Seeds
    seed: Seeds


def write_benign(accounts: Accounts, arrivals: Arrivals, book: Book, key: str) -> Exchanges:
    """Choose the prompts of honest exchanges.

    Parameters:
        accounts: Who sends.
        arrivals: When; turns of a session are neighbours.
        book: The grammar.
        key: Name that keeps the seeds of two calls apart.
    """
    size = len(arrivals.account)
    behaviour = accounts.behaviour[arrivals.account]
    seed = combine(
        accounts.seed[arrivals.account], mix(np.arange(size, dtype=np.uint64), key_of(key))
    )
    session = combine(accounts.seed[arrivals.account], arrivals.session.astype(np.uint64))
    conversation, turn = _conversations(behaviour, arrivals.position, session)
    skeleton = np.zeros(size, dtype=np.int64)
    wording = np.zeros(size, dtype=np.uint64)
    for at, name in enumerate(PROFILES):
        rows = np.flatnonzero(behaviour == at)
        if len(rows) == 0:
            continue
        chosen = _choose(
            name,
            _Rows(
                account=arrivals.account[rows],
                session=session[rows],
                position=arrivals.position[rows],
                turn=turn[rows],
                seed=seed[rows],
            ),
            accounts,
            book,
        )
        skeleton[rows], wording[rows], seed[rows] = chosen.skeleton, chosen.wording, chosen.seed
    profiles = tuple(PROFILES.values())
    return Exchanges(
        account=arrivals.account,
        time_us=arrivals.time_us,
        skeleton=skeleton,
        wording=wording,
        seed=seed,
        conversation=conversation,
        turn=turn,
        output_median=np.array([profile.output_tokens for profile in profiles])[behaviour],
        output_spread=np.array([profile.output_spread for profile in profiles])[behaviour],
        user_agent=_customer_agents(accounts, arrivals.account, behaviour, seed),
        harvest=np.zeros(size, dtype=bool),
        corpus=np.full(size, -1, dtype=np.int64),
        status=np.zeros(size, dtype=np.int64),
        repeats=np.zeros(size, dtype=np.int64),
    )


def _conversations(
    behaviour: NDArray[np.int64], position: NDArray[np.int64], session: Seeds
) -> tuple[Seeds, NDArray[np.int64]]:
    """Cut sessions into conversations; single prompts get conversation 0 and turn 0."""
    conversation = np.zeros(len(position), dtype=np.uint64)
    turn = np.zeros(len(position), dtype=np.int64)
    for at, profile in enumerate(PROFILES.values()):
        if profile.turns == (1,):
            continue
        rows = np.flatnonzero(behaviour == at)
        lengths = np.array(profile.turns)[pick(session[rows], key_of("turns"), len(profile.turns))]
        turn[rows] = position[rows] % lengths
        conversation[rows] = combine(session[rows], (position[rows] // lengths).astype(np.uint64))
    return conversation, turn


def _choose(name: str, rows: _Rows, accounts: Accounts, book: Book) -> _Prompts:
    """Choose the prompts of one class."""
    profile = PROFILES[name]
    if name == "evaluation":
        return _benchmark(rows, accounts, book)
    if name == "reseller":
        return _resold(rows, accounts, book)
    if profile.wording == "public":
        chosen = _public(profile.kinds[0], rows, accounts, book)
    elif profile.wording == "account":
        chosen = _own_template(name, rows, accounts, book)
    else:
        chosen = _free(profile.kinds[0], rows, accounts, book)
    if name == "classroom":
        chosen = _worksheets(rows, accounts, book, chosen)
    if name == "ci_review":
        return _reruns(rows, chosen)
    if name in _FOLLOW_UPS:
        return _follow_ups(_FOLLOW_UPS[name], rows, accounts, book, chosen)
    return chosen


def in_language(
    kind: str, language: NDArray[np.int64], seed: Seeds, book: Book
) -> NDArray[np.int64]:
    """Choose a skeleton of the kind in each row's language."""
    skeleton = np.empty(len(seed), dtype=np.int64)
    for at, name in enumerate(LANGUAGES):
        rows = np.flatnonzero(language == at)
        options = book.of(kind, name)
        skeleton[rows] = options[pick(seed[rows], key_of("skeleton"), len(options))]
    return skeleton


def _free(kind: str, rows: _Rows, accounts: Accounts, book: Book) -> _Prompts:
    """Every exchange in words of its own."""
    skeleton = in_language(kind, accounts.language[rows.account], rows.seed, book)
    return _Prompts(skeleton=skeleton, wording=mix(rows.seed, key_of("words")), seed=rows.seed)


def _own_template(name: str, rows: _Rows, accounts: Accounts, book: Book) -> _Prompts:
    """From one to four templates of the account; some accounts use a published one."""
    owner = accounts.template_seed[rows.account]
    published = unit(owner, key_of("published")) < _PUBLIC_SHARE.get(name, 0.0)
    owner = np.where(published, key_of("published template", name), owner)
    count = 1 + pick(owner, key_of("templates"), 4)
    which = (unit(rows.seed, key_of("which")) ** 2 * count).astype(np.uint64)
    template = combine(owner, which)
    language = np.where(published, 0, accounts.language[rows.account])
    skeleton = in_language(PROFILES[name].kinds[0], language, template, book)
    return _Prompts(skeleton=skeleton, wording=template, seed=rows.seed)


def _public(kind: str, rows: _Rows, accounts: Accounts, book: Book) -> _Prompts:
    """One or two templates that thousands of strangers use word by word."""
    options = book.of(kind)
    own = accounts.template_seed[rows.account]
    which = pick(rows.seed, key_of("public"), 2).astype(np.uint64)
    popular = (unit(combine(own, which), key_of("popular")) ** 1.5 * len(options)).astype(np.int64)
    wording = mix(popular.astype(np.uint64), key_of("public wording"))
    return _Prompts(skeleton=options[popular], wording=wording, seed=rows.seed)


def _benchmark(rows: _Rows, accounts: Accounts, book: Book) -> _Prompts:
    """Run public items in order, in a harness that others use too or in one's own."""
    kinds = PROFILES["evaluation"].kinds
    own = accounts.template_seed[rows.account]
    choice = unit(combine(own, rows.session % np.uint64(2)), key_of("bench"))
    bench = (choice**1.6 * len(kinds)).astype(np.int64)
    # Most runs begin at the first item; some resume, or take a part.
    resumed = unit(rows.session, key_of("resumed")) < _RESUMED_SHARE
    offset = np.where(resumed, pick(rows.session, key_of("offset"), _BENCHMARK_ITEMS), 0)
    item = (offset + rows.position) % _BENCHMARK_ITEMS
    common = unit(own, key_of("harness")) < _PUBLIC_SHARE["evaluation"]
    harness = np.where(common, np.uint64(1) + own % np.uint64(3), own)
    wording = combine(harness, bench.astype(np.uint64))
    skeleton = np.empty(len(item), dtype=np.int64)
    for at, kind in enumerate(kinds):
        options = book.of(kind)
        chosen = np.flatnonzero(bench == at)
        skeleton[chosen] = options[pick(wording[chosen], key_of("skeleton"), len(options))]
    seed = combine(mix(item.astype(np.uint64), key_of("item")), bench.astype(np.uint64))
    return _Prompts(skeleton=skeleton, wording=wording, seed=seed)


def _resold(rows: _Rows, accounts: Accounts, book: Book) -> _Prompts:
    """Requests of many customers: each with a purpose, a language and templates of its own."""
    kinds = PROFILES["reseller"].kinds
    customer = _customers(accounts, rows.account, rows.seed)
    purpose = pick(customer, key_of("purpose"), len(kinds))
    spoken = unit(customer, key_of("language"))
    language = np.where(spoken < 0.5, 0, (spoken * 2 % 1 * len(LANGUAGES)).astype(np.int64))
    chatty = purpose < 2
    seed = np.where(chatty, rows.seed, customer)
    skeleton = np.empty(len(rows.account), dtype=np.int64)
    for at, kind in enumerate(kinds):
        chosen = np.flatnonzero(purpose == at)
        skeleton[chosen] = in_language(kind, language[chosen], seed[chosen], book)
    wording = np.where(chatty, mix(rows.seed, key_of("words")), customer)
    return _Prompts(skeleton=skeleton, wording=wording, seed=rows.seed)


def _customers(accounts: Accounts, account: NDArray[np.int64], seed: Seeds) -> Seeds:
    """Return the customer of each resold exchange; a few customers send most."""
    number = (unit(seed, key_of("customer")) ** 2 * _RESELLER_CUSTOMERS).astype(np.uint64)
    return combine(class_seed(accounts, account), number)


def _worksheets(rows: _Rows, accounts: Accounts, book: Book, chosen: _Prompts) -> _Prompts:
    """Let pupils of one class paste the same exercises, word by word."""
    pasted = (unit(rows.seed, key_of("pasted")) < 0.5) & (rows.turn == 0)
    sheet = combine(
        class_seed(accounts, rows.account), pick(rows.seed, key_of("exercise"), 6).astype(np.uint64)
    )
    frame = np.where(pasted, sheet, rows.seed)
    # The skeleton follows the exercise, so that the same exercise reads the same.
    skeleton = chosen.skeleton.copy()
    options = book.of("classroom")
    skeleton[pasted] = options[pick(sheet[pasted], key_of("skeleton"), len(options))]
    return _Prompts(skeleton=skeleton, wording=mix(frame, key_of("words")), seed=frame)


def _reruns(rows: _Rows, chosen: _Prompts) -> _Prompts:
    """Repeat a quarter of the review requests unchanged, as a pipeline that is run again does."""
    again = (unit(rows.seed, key_of("again")) < 0.25) & (rows.position > 0)
    source = np.arange(len(again))
    source[again] -= 1
    return _Prompts(
        skeleton=chosen.skeleton[source], wording=chosen.wording[source], seed=chosen.seed[source]
    )


def _follow_ups(
    kind: str, rows: _Rows, accounts: Accounts, book: Book, chosen: _Prompts
) -> _Prompts:
    """Replace the prompts after the first turn by follow-ups."""
    later = np.flatnonzero(rows.turn > 0)
    skeleton = chosen.skeleton.copy()
    language = accounts.language[rows.account[later]]
    skeleton[later] = in_language(kind, language, rows.seed[later], book)
    return _Prompts(skeleton=skeleton, wording=chosen.wording, seed=chosen.seed)


def _customer_agents(
    accounts: Accounts,
    account: NDArray[np.int64],
    behaviour: NDArray[np.int64],
    seed: Seeds,
) -> NDArray[np.int64]:
    """Let the clients of resold exchanges be those of the customers."""
    agent = np.full(len(account), -1, dtype=np.int64)
    rows = np.flatnonzero(behaviour == list(PROFILES).index("reseller"))
    customer = _customers(accounts, account[rows], seed[rows])
    agent[rows] = pick(customer, key_of("client"), len(USER_AGENTS))
    return agent
