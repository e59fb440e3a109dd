"""Who is told of which token, what cannot change it, and how often it is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.share.pool.findings import SOURCES
from phalanx.share.pool.telling import Rule, Said, Told, told_tokens


def _said(log10_apart: float, log10_use: float) -> Said:
    """Return what a member says that needs none of the sources for what it says of linkage."""
    return Said((log10_apart,) * len(SOURCES), log10_use)


_MEMBERS = [f"m{number}" for number in range(5)]
_SAID = st.builds(
    Said,
    st.lists(st.floats(-2, 8), min_size=len(SOURCES), max_size=len(SOURCES)).map(tuple),
    st.floats(-2, 5),
)
_ROUNDS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(_MEMBERS), _SAID, min_size=1),
    max_size=12,
)
_STRONG = _said(6.0, 3.0)
_RATES = (0.01, 0.05, 0.1)


def _told(said: dict[str, dict[str, Said]], **more: object) -> list[Told]:
    return told_tokens(said, Rule(), **more)  # type: ignore[arg-type]


def test_contributors_are_told_and_nobody_else() -> None:
    """A token that several members are sure of is told to those who submitted it."""
    told = _told({"t": {"a": _STRONG, "b": _STRONG}, "u": {"c": _STRONG}})
    assert [(each.token, each.member) for each in told] == [("t", "a"), ("t", "b")]


def test_one_member_alone_is_told_nothing() -> None:
    """What one member submits is never told back to it, however sure it is."""
    assert _told({"t": {"a": _said(99.0, 99.0)}}) == []


def test_a_liar_accuses_nobody() -> None:
    """The caps on every token, from one member of four, bring up nothing by themselves."""
    honest = _said(9.0, 0.4)
    said = {
        f"t{number}": {"liar": _said(99.0, 99.0), "b": honest, "c": honest, "d": honest}
        for number in range(50)
    }
    weak = {token: {**of, "b": _said(0.9, 0.9)} for token, of in said.items()}
    pairs = {token: {"liar": of["liar"], "b": of["b"]} for token, of in said.items()}
    assert _told(weak) == _told(pairs) == []


def test_a_liar_buries_nothing_that_others_are_sure_of() -> None:
    """The smallest value that can be sent takes one decade from the others, and no more."""
    said = {"t": {"a": _STRONG, "b": _STRONG, "liar": _said(-1_000.0, -1_000.0)}}
    assert {each.member for each in _told(said)} == {"a", "b", "liar"}
    assert told_tokens(said, Rule(hedge=0.0)) == []


def test_members_of_one_circle_are_not_several() -> None:
    """Two houses that see the same customers are one witness."""
    said = {"t": {"a": _STRONG, "b": _STRONG}}
    assert _told(said)
    assert _told(said, circles={"a": "cloud", "b": "cloud"}) == []


def test_decoys_are_never_told() -> None:
    """A decoy is counted, and nobody hears of it."""
    said = {"t": {"a": _STRONG, "b": _STRONG}}
    assert _told(said, decoys=frozenset("t")) == []


def test_each_hears_whether_it_stands_without_one() -> None:
    """The report says what is left if a member is left out, without naming another."""
    weak, strong = _said(1.5, 1.2), _said(6.0, 3.0)
    told = _told({"t": {"a": weak, "b": strong, "c": strong, "d": strong}})
    assert {each.member: each.without_you for each in told}["a"]
    (two,) = {each.without_any_one for each in _told({"t": {"a": _STRONG, "b": _said(4.0, 1.1)}})}
    assert not two


def test_a_token_that_somebody_knew_alone_assumes_no_independence() -> None:
    """Averages say whether a claim rests on members being independent."""
    sure = Rule(cap_log10_apart=20.0, cap_log10_use=20.0)
    weak = _said(4.0, 1.6)
    said = {"t": {"a": _said(15.0, 15.0), "b": _STRONG}, "u": {"a": weak, "b": weak}}
    told = {each.token: each.under_any_dependence for each in told_tokens(said, sure)}
    assert told == {"t": True, "u": False}


def test_with_two_members_nothing_stands_without_one() -> None:
    """Where a silent member would leave one alone, or one circle, the report does not say True."""
    said = {f"p{n:03d}": {"a": _said(5.0, 2.9), "b": _said(5.0, 2.9)} for n in range(50)}
    assert not any(each.without_you or each.without_any_one for each in _told(said))
    three = {token: {**of, "c": _said(5.0, 2.9)} for token, of in said.items()}
    told = _told(three, circles={"a": "cloud", "b": "cloud"})
    assert {each.member: each.without_you for each in told[:3]} == {
        "a": True,
        "b": True,
        "c": False,
    }


@given(_ROUNDS)
def test_it_stands_without_those_without_whom_it_is_told(said: dict[str, dict[str, Said]]) -> None:
    """What the report says of a silent member is what happens if the member is silent."""
    for each in _told(said):
        rest = {name: what for name, what in said[each.token].items() if name != each.member}
        less = {other.token for other in _told({**said, each.token: rest})}
        assert each.without_you == (each.token in less)


def test_the_flag_holds_its_rate_under_full_dependence() -> None:
    """One honest customer behind both members: of flagged tokens at most 1 % are false."""
    rng = np.random.default_rng(3)
    for use, flags_some in ((1.8, False), (3.0, True)):
        shares = []
        for _ in range(60):
            said = {f"t{n:03d}": {"a": _said(6.0, use), "b": _said(6.0, use)} for n in range(100)}
            for n in range(100):
                sharp = _said(6.0, 2.41 if rng.random() < 10**-2.41 else -3.0)
                said[f"n{n:03d}"] = {"a": sharp, "b": sharp}
            found = {
                each.token
                for each in told_tokens(said, Rule(hedge=0.0))
                if each.under_any_dependence
            }
            assert bool(found) == flags_some
            shares.append(sum(token[0] == "n" for token in found) / max(1, len(found)))
        assert np.mean(shares) <= 0.01 + 3 * np.std(shares) / np.sqrt(len(shares))


def test_support_of_use_does_not_choose_who_is_linked() -> None:
    """Of a thousand honest linked tokens, hardly one is ever told that two sharp values meet in."""
    rng = np.random.default_rng(4)
    ever = 0
    for _ in range(20):
        uses = np.where(rng.random((1_000, 2)) < 1 / 40, np.log10(40.0), -3.0)
        said = {
            f"t{n:04d}": {"a": _said(6.0, float(one)), "b": _said(6.0, float(other))}
            for n, (one, other) in enumerate(uses)
        }
        ever += bool(_told(said))
    assert ever == 0


@given(_ROUNDS, st.randoms(use_true_random=False))
def test_order_does_not_matter(said: dict[str, dict[str, Said]], chance: object) -> None:
    """Tokens and members may come in any order."""
    shuffled = [(token, list(of.items())) for token, of in said.items()]
    for _, of in shuffled:
        chance.shuffle(of)  # type: ignore[attr-defined] # of random.Random
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert told_tokens({token: dict(of) for token, of in shuffled}, Rule()) == told_tokens(
        said, Rule()
    )


@given(_ROUNDS, st.integers(0, 40), st.integers(0, 40))
def test_what_filling_says_does_not_matter(
    said: dict[str, dict[str, Said]], first: int, second: int
) -> None:
    """Filling changes nothing: not how much of it there is, whose it is, or what it says."""
    one = {f"-{n}": {"m0": _said(6.0, 3.0)} for n in range(first + second)}
    other = {f"-{n}": {f"m{n % 5}": _said(-1.0, 0.2)} for n in range(first + second)}
    alone = told_tokens(said, Rule())
    assert told_tokens(said | one, Rule()) == told_tokens(said | other, Rule()) == alone


@given(_ROUNDS)
def test_caps_make_large_numbers_equal(said: dict[str, dict[str, Said]]) -> None:
    """Beyond the caps nothing changes."""
    louder = {
        token: {
            member: Said(
                tuple(log10_e + 90 * (log10_e >= 6) for log10_e in each.log10_apart),
                each.log10_use + 90 * (each.log10_use >= 3),
            )
            for member, each in of.items()
        }
        for token, of in said.items()
    }
    assert told_tokens(louder, Rule()) == told_tokens(said, Rule())


def test_one_source_is_left_out_for_all_members_together() -> None:
    """What members are strong in may differ; what they are all strong in does not count."""
    birth, timing = (Said(_strong_in(source), 3.0) for source in ("birth", "timing"))
    assert _told({"t": {"a": birth, "b": birth}}) == []
    assert len(_told({"t": {"a": birth, "b": timing, "c": birth, "d": timing}})) == 4


def _strong_in(source: str) -> tuple[float, ...]:
    return tuple(0.0 if source == left_out else 5.0 for left_out in SOURCES)


@pytest.mark.parametrize("alike", [1, 2])
def test_that_only_common_tokens_are_counted_costs_no_rate(alike: int) -> None:
    """A card that brings strangers to the pool also testifies, and is left out for what it is.

    Those groups come to the pool whose members share a card by chance, one in fifty, and to them
    the card says 50. Births are as sharp, and know nothing of cards. Use protects nobody here.
    Four members see other strangers, or two and two the same.
    """
    rng = np.random.default_rng(alike)
    rule = Rule(false_discovery_rate=0.1, hedge=0.0, support_log10=0.0)
    ever = []
    for _ in range(300):
        is_burst = np.repeat(rng.random((25, 4 // alike)) < 1 / 50, alike, axis=1)
        births = np.where(is_burst, np.log10(50.0), -3.0)
        said = {
            f"t{n:02d}": {f"m{m}": _shared_card(float(births[n, m])) for m in range(4)}
            for n in range(25)
        }
        ever.append(bool(told_tokens(said, rule)))
    # The tenth of the rate that is spent on linkage; sharp where two and two are the same.
    assert np.mean(ever) <= 0.01 + 3 * np.sqrt(0.01 / 300)
    with_cards = {
        token: {member: _said(max(each.log10_apart), 3.0) for member, each in of.items()}
        for token, of in said.items()
    }
    assert len({each.token for each in told_tokens(with_cards, rule)}) == 25


def _shared_card(log10_birth: float) -> Said:
    card = np.log10(50.0)
    without = {"birth": card, "identity": log10_birth}
    return Said(tuple(without.get(source, card + log10_birth) for source in SOURCES), 3.0)


def test_nothing_submitted_tells_nothing() -> None:
    """An empty round is no error."""
    assert told_tokens({}, Rule()) == []


@pytest.mark.parametrize("liar", [False, True])
@pytest.mark.parametrize("rate", _RATES)
def test_the_rate_holds_on_mixtures(rate: float, liar: bool) -> None:  # noqa: FBT001
    """Of told tokens at most the rate is false: honest pools behind most, campaigns behind some.

    Honest pools are linked indeed, so that "used honestly" is all that protects them; its e-values
    are bets on uniform ranks. With a liar, who submits the caps on every token, the rate is not
    promised; what then holds is that others must show e of 10 by themselves.
    """
    rng = np.random.default_rng(round(1_000 * rate))
    false_shares = []
    for _ in range(150):
        said, guilty = {}, set()
        for number in range(80):
            token = f"t{number}"
            is_campaign = number < 8
            use = rng.normal(2.2, 0.4, 4) if is_campaign else _honest_use(rng)
            said[token] = {
                f"m{member}": _said(float(rng.uniform(3, 9)), float(use[member]))
                for member in range(4)
            }
            if liar:
                said[token]["m0"] = _said(99.0, 99.0)
            if is_campaign:
                guilty.add(token)
        found = {each.token for each in told_tokens(said, Rule(false_discovery_rate=rate))}
        false_shares.append(len(found - guilty) / max(1, len(found)))
    margin = 3 * np.std(false_shares) / np.sqrt(len(false_shares))
    assert np.mean(false_shares) <= (0.3 if liar else rate) + margin


def _honest_use(rng: np.random.Generator) -> list[float]:
    return [float(np.log10(0.5) - 0.5 * np.log10(p_value)) for p_value in rng.random(4)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"false_discovery_rate": 0.0},
        {"hedge": 1.0},
        {"cap_log10_use": -1.0},
        {"support_log10": 1e9},
    ],
)
def test_rules_are_checked(wrong: dict[str, float]) -> None:
    """A rate or a cap that cannot be is refused."""
    with pytest.raises(ValueError, match="must lie in"):
        Rule(**wrong)
