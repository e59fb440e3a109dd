"""The policy file, the agreement, disguises, statistics and batches."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import ConfigError
from phalanx.share.gate import (
    SHIPPED,
    decoy,
    discrete_laplace,
    load_agreement,
    load_policy,
    plan_batch,
    slot_at_or_after,
)
from phalanx.share.gate.disguise import readings
from phalanx.share.gate.policy import RULE_IDS
from phalanx.share.gate.vocabulary import found_in

TEXT = SHIPPED.read_text(encoding="utf-8")
AGREEMENT = """
schema = "phalanx.agreement/1"
version = "1"
[[member]]
pseudonym = "member-amber-falcon"
names = ["Northwind Labs"]
jurisdictions = ["us"]
from = 2026-01-01
until = 2027-01-01
[[group]]
name = "affected"
criterion = "members that saw the campaign"
members = ["member-amber-falcon"]
[[approver]]
person = "ada"
role = "analyst"
"""


def test_the_shipped_policy_is_whole() -> None:
    """Every rule has a text, a source and a date, and is in force."""
    policy = load_policy()
    rules = policy.in_force(datetime(2026, 12, 1, tzinfo=UTC))
    assert set(rules) == set(RULE_IDS)
    assert all(rule.text and rule.source and rule.title for rule in rules.values())


def test_the_allowed_words_are_no_forbidden_ones() -> None:
    """No word that passes by itself is one that a rule keeps back."""
    rules = load_policy().in_force(datetime(2026, 12, 1, tzinfo=UTC))
    kept_back = [word for rule_id in ("A1", "A2", "A3", "A4", "A8", "A10", "A11")
                 for word in rules[rule_id].words]  # fmt: skip
    assert [word for word in rules["A15"].words if found_in(word, kept_back)] == []


def test_lapsed_bases_hold_no_longer() -> None:
    """The act of 2015 holds until the last day that is known, and not on the day after."""
    policy = load_policy()
    last = datetime(2026, 10, 1, tzinfo=UTC)
    assert "us-cisa-2015" in policy.bases_in_force(last - timedelta(seconds=1))
    assert "us-cisa-2015" not in policy.bases_in_force(last)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('schema = "phalanx.disclosure/1"', 'schema = "other"'),
        ('id = "A3"', 'id = "A99"'),
        ('action = "bucket"', 'action = "publish"'),
        ("from = 2026-01-01", "from = 2026-01-01T00:00:00Z"),
        ("from = 2026-01-01", "since = 2026-01-01"),
        ('approvals = ["analyst"]', 'approvals = ["sales"]'),
        ('name = "text"', 'name = "anything"'),
        ("[fields.pattern]", "[fields.patterns]"),
        ("contributors = 5", "contributors = "),
        ('text = "How often', 'note = "How often'),
        ('action = "refuse"', 'action = "hold"'),
        ('action = "delay"', 'action = "allow"'),
        ("days = 90", "days = 0"),
        ("period_hours = 6", ""),
        ("sizes = [64, 512, 4096]", "sizes = []"),
        ('confidence = "integer:0:100"', 'confidence = "integer:0"'),
        ('value = "address:4"', 'value = "address"'),
    ],
)
def test_a_slip_of_the_pen_stops_the_gate(tmp_path: Path, old: str, new: str) -> None:
    """A policy that is not understood is refused as a whole, with the place."""
    path = tmp_path / "policy.toml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match="no disclosure policy"):
        load_policy(path)


def test_a_file_without_end_is_not_read_to_it() -> None:
    """Its first bytes say that it is no policy, and no agreement."""
    for load in (load_policy, load_agreement):
        with pytest.raises(ConfigError, match="longer than"):
            load(Path("/dev/zero"))


@given(raw=st.binary(max_size=300))
def test_any_file_is_a_policy_or_refused(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    """Whatever bytes are named as policy or agreement, the answer is a plain message."""
    path = tmp_path_factory.mktemp("policy") / "any.toml"
    for content in (raw, raw + TEXT.encode()[:200], b'schema = "phalanx.agreement/1"\n' + raw):
        path.write_bytes(content)
        with pytest.raises(ConfigError):
            load_policy(path)
        with pytest.raises(ConfigError):
            load_agreement(path)


def test_an_agreement_says_who_and_when(tmp_path: Path) -> None:
    """Members have their dates, groups their criterion, approvers their role."""
    path = tmp_path / "agreement.toml"
    path.write_text(AGREEMENT, encoding="utf-8")
    agreement = load_agreement(path)
    (member,) = agreement.members
    assert member.id in agreement.members_at(datetime(2026, 12, 31, tzinfo=UTC))
    assert agreement.members_at(datetime(2027, 1, 1, tzinfo=UTC)) == {}
    assert agreement.holds_role("ada", "analyst")
    assert not agreement.holds_role("ada", "counsel")
    path.write_text(AGREEMENT.replace('"analyst"', '"sales"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="approve"):
        load_agreement(path)


@given(text=st.text(max_size=80))
def test_any_text_has_readings(text: str) -> None:
    """No text stops the look for words."""
    assert readings(text)
    found_in(text, ("pric*", "market share", "价格"))


@given(
    letters=st.tuples(
        st.sampled_from("pP\u0440\uff50\U0001d4f9"),
        st.sampled_from("rR\uff52\u0280"),
        st.sampled_from("iI1\u0456\uff49\u0131"),
        st.sampled_from("cC\u0441\uff43\u1d04"),
        st.sampled_from("eE3\u0435\u03b5\uff45"),
    ),
    between=st.sampled_from(["", "\u200b", "\u2060", "\u00ad", " ", ".", "-", " - ", "\u0301"]),
)
def test_disguises_are_undone(letters: tuple[str, ...], between: str) -> None:
    """Look-alike letters, spaces and invisible characters between them hide nothing."""
    text = between.join(letters)
    assert found_in(f"the {text} of it", ("price",))


@pytest.mark.parametrize("scale", [1, 3])
def test_noise_follows_its_law(scale: int) -> None:
    """Frequencies of the drawn noise are those of the two-sided geometric law."""
    draw = random.Random(5)
    total = 20_000
    counts = Counter(discrete_laplace(scale, draw.randrange) for _ in range(total))
    ratio = math.exp(-1 / scale)
    for value in range(-4, 5):
        expected = (1 - ratio) / (1 + ratio) * ratio ** abs(value)
        # Six standard deviations of a count.
        assert abs(counts[value] - total * expected) < 6 * math.sqrt(total * expected) + 1


@given(waiting=st.integers(0, 10_000), previous=st.sampled_from([0, 64, 512, 4096]))
def test_a_batch_is_one_of_the_sizes(waiting: int, previous: int) -> None:
    """A batch is filled up, holds what waits as far as it may grow, and grows by one size."""
    sizes = (64, 512, 4096)
    plan = plan_batch(waiting, previous, sizes)
    assert plan.objects in sizes
    assert plan.real <= waiting
    assert previous == 0 or plan.objects <= 8 * previous
    assert plan.padding == 0 or plan.real == waiting


def test_slots_are_the_same_for_everybody() -> None:
    """Batches leave at the same hours, whenever a member started."""
    period = timedelta(hours=6)
    for minute in (0, 1, 359):
        moment = datetime(2026, 3, 1, 6, tzinfo=UTC) - timedelta(minutes=minute)
        assert slot_at_or_after(moment, period) == datetime(2026, 3, 1, 6, tzinfo=UTC)


def test_decoys_look_like_fingerprints() -> None:
    """Padding has the shape of what it hides among."""
    draw = random.Random(1)
    assert len(decoy(7, draw.randbytes).value) == 86
