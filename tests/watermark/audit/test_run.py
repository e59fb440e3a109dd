"""An audit is the one that its plan says, or it is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from phalanx.errors import InputError, VerificationError
from phalanx.watermark.audit import (
    Leaning,
    Models,
    Opening,
    Plan,
    answers_log10_e,
    audit_answers,
    audit_leaning,
    commitment_digest,
    decoy_keys,
    lean_log10_e,
    likelihood,
    prompts_digest,
    read,
    run_audit,
    simulate_power,
)
from phalanx.watermark.audit.models import likeliest, logs_of, said_by
from phalanx.watermark.draws import draw
from phalanx.watermark.keys.commitment import commit, open_key
from phalanx.watermark.keys.listing import DerivedKeys
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

SCHEME = PhalanxGumbel(2)
KEYS = {"a": b"a" * 32, "b": b"b" * 32}
RANDOM = np.random.default_rng(1)
DOCUMENTS = [RANDOM.integers(0, 20, 60) for _ in range(3)]
ANSWERS = [RANDOM.integers(0, 20, 40) for _ in range(3)]
PLAN = Plan(
    suspect="model-x",
    mode="weights",
    scheme="phalanx-gumbel-v1?context_width=2",
    key_ids=("a", "b"),
    key_commitment="",
    prompts_digest=prompts_digest(DOCUMENTS),
    prompts=3,
    reference="base",
    reference_digest="22" * 32,
    level=1e-6,
    decoys=4,
    decoy_seed=7,
    candidates=8,
    places=100,
    made_at="2026-11-25T12:00:00Z",
)
ASKED = replace(PLAN, mode="answers")


def table(seed: int) -> Any:
    """Return a model of the last token."""
    logs = np.log(np.random.default_rng(seed).dirichlet(np.full(20, 0.5), 20))
    return lambda tokens: logs[tokens]


MODELS = Models(marked=table(1), suspect=table(2), reference=table(3), reference_digest="22" * 32)


def test_the_first_places_count_under_the_keys_and_decoys_of_the_plan() -> None:
    """As many candidates, and as many places, as it says."""
    audit = run_audit(PLAN, DOCUMENTS, MODELS, KEYS)
    assert MODELS.marked is not None
    assert MODELS.suspect is not None
    assert MODELS.reference is not None
    leaning = read(DOCUMENTS, MODELS.marked, MODELS.suspect, MODELS.reference, 2, candidates=8)
    assert leaning.field.draws.count > 100
    everything = replace(PLAN, places=10_000)
    whole = run_audit(everything, DOCUMENTS, MODELS, KEYS)
    assert (audit.places, whole.places) == (100, leaning.field.draws.count)
    found = lean_log10_e(leaning, SCHEME, [*KEYS.values(), *decoy_keys(PLAN, 32)])
    assert [each.log10_e for each in whole.keys] == found[:2].tolist()
    assert whole.decoys_log10_e == tuple(found[2:])
    assert [each.log10_e for each in audit.keys] != found[:2].tolist()
    # What comes after the last place that counts changes nothing.
    assert audit == audit_leaning(PLAN, leaning, KEYS, documents=3)


def test_order_of_the_keys_is_that_of_the_plan() -> None:
    """However they are handed over."""
    turned = dict(reversed(KEYS.items()))
    assert run_audit(PLAN, DOCUMENTS, MODELS, turned) == run_audit(PLAN, DOCUMENTS, MODELS, KEYS)


def test_answers_count_without_what_their_prompts_hold() -> None:
    """The reference knows the prompt; of the prompt itself nothing counts."""
    echo = [
        np.concatenate([each[:20], said]) for each, said in zip(DOCUMENTS, ANSWERS, strict=True)
    ]
    audit = run_audit(ASKED, DOCUMENTS, MODELS, KEYS, answers=echo)
    whole = [np.concatenate(each) for each in zip(DOCUMENTS, echo, strict=True)]
    draws = draw(whole, 2, known=DOCUMENTS)
    assert draws.count < sum(each.size for each in ANSWERS) + 6
    assert MODELS.reference is not None
    log_p = likelihood(draws, whole, MODELS.reference)
    everything = replace(ASKED, places=10_000)
    found = answers_log10_e(draws, log_p, SCHEME, [*KEYS.values(), *decoy_keys(PLAN, 32)])
    wide = run_audit(everything, DOCUMENTS, MODELS, KEYS, answers=echo)
    assert [*(each.log10_e for each in wide.keys), *wide.decoys_log10_e] == found.tolist()
    assert audit.answers_digest == prompts_digest(echo)
    assert audit.places == min(100, draws.count)


def test_sums_need_no_model() -> None:
    """And take the scheme as it counts."""
    plan = replace(ASKED, mode="sums", reference="none", reference_digest="")
    audit = run_audit(plan, DOCUMENTS, Models(), KEYS, answers=ANSWERS)
    assert audit.places == 100
    assert not any(each.named for each in audit.keys)
    kgw = replace(plan, scheme="kgw-transformers-v1?vocabulary=32")
    short = {name: key[:7] for name, key in KEYS.items()}
    assert not any(
        e.named for e in run_audit(kgw, DOCUMENTS, Models(), short, answers=ANSWERS).keys
    )


def test_what_the_plan_does_not_say_is_refused() -> None:
    """Documents, reference, keys, candidates, contexts."""
    with pytest.raises(VerificationError, match="not the documents"):
        run_audit(PLAN, DOCUMENTS[:2], MODELS, KEYS)
    joined = [np.concatenate(DOCUMENTS)]
    with pytest.raises(VerificationError, match="not the documents"):
        run_audit(PLAN, joined, MODELS, KEYS)
    with pytest.raises(VerificationError, match="not the documents"):
        run_audit(
            replace(ASKED, prompts_digest="00" * 32), DOCUMENTS, MODELS, KEYS, answers=ANSWERS
        )
    with pytest.raises(VerificationError, match="other numbers of documents"):
        run_audit(replace(PLAN, prompts=4), DOCUMENTS, MODELS, KEYS)
    with pytest.raises(VerificationError, match="tokenizer is not"):
        run_audit(replace(PLAN, tokenizer_digest="44" * 32), DOCUMENTS, MODELS, KEYS)
    with pytest.raises(VerificationError, match="marked model is not"):
        run_audit(replace(PLAN, marked_digest="44" * 32), DOCUMENTS, MODELS, KEYS)
    with pytest.raises(VerificationError, match="reference is not"):
        run_audit(PLAN, DOCUMENTS, replace(MODELS, reference_digest="33" * 32), KEYS)
    with pytest.raises(VerificationError, match="not the keys"):
        run_audit(PLAN, DOCUMENTS, MODELS, {"a": b"a" * 32})
    with pytest.raises(VerificationError, match="not the keys"):
        run_audit(PLAN, DOCUMENTS, MODELS, KEYS | {"c": b"c" * 32})
    leaning = read(DOCUMENTS, table(1), table(2), table(3), 2, candidates=9)
    with pytest.raises(VerificationError, match="more candidates"):
        audit_leaning(PLAN, leaning, KEYS, documents=3)
    wider = read(DOCUMENTS, table(1), table(2), table(3), 3, candidates=8)
    with pytest.raises(VerificationError, match="another scheme"):
        audit_leaning(PLAN, wider, KEYS, documents=3)
    with pytest.raises(VerificationError, match="another scheme"):
        audit_answers(ASKED, wider.field.draws, np.zeros(wider.field.draws.count), KEYS, answers=3)
    usual = replace(PLAN, scheme="phalanx-gumbel-v1?context_width=4")
    with pytest.raises(VerificationError, match="which is phalanx-gumbel-v1"):
        audit_leaning(usual, leaning, KEYS, documents=3)
    with pytest.raises(InputError, match="no scheme"):
        run_audit(replace(PLAN, scheme="nobody-v1"), DOCUMENTS, MODELS, KEYS)


def test_another_mode_than_the_plan_says_is_refused() -> None:
    """Each mode is another statistic."""
    with pytest.raises(ValueError, match="all modes but"):
        run_audit(PLAN, DOCUMENTS, MODELS, KEYS, answers=ANSWERS)
    with pytest.raises(ValueError, match="all modes but"):
        run_audit(ASKED, DOCUMENTS, MODELS, KEYS)
    with pytest.raises(ValueError, match="three models"):
        run_audit(PLAN, DOCUMENTS, replace(MODELS, suspect=None), KEYS)
    with pytest.raises(ValueError, match="reference says"):
        run_audit(ASKED, DOCUMENTS, replace(MODELS, reference=None), KEYS, answers=ANSWERS)
    with pytest.raises(ValueError, match="2 answers, where the plan asks for 3"):
        run_audit(ASKED, DOCUMENTS, MODELS, KEYS, answers=ANSWERS[:2])
    leaning = read(DOCUMENTS, table(1), table(2), table(3), 2, candidates=8)
    draws = leaning.field.draws
    with pytest.raises(ValueError, match="asks for answers, not for weights"):
        audit_leaning(ASKED, leaning, KEYS, documents=3)
    with pytest.raises(ValueError, match="asks for answers, not for sums"):
        audit_answers(ASKED, draws, None, KEYS, answers=3)
    divided = replace(ASKED, scheme="kgw-transformers-v1?vocabulary=32")
    with pytest.raises(ValueError, match="lets no tokens race"):
        run_audit(divided, DOCUMENTS, MODELS, KEYS, answers=ANSWERS)


def test_answers_are_counted_and_missing_ones_too() -> None:
    """Two to each prompt; one without a token is missing, and too many are not evaluable."""
    plan = replace(ASKED, answers_each=2, least_read=0.8, places=10_000)
    none = np.empty(0, np.int64)
    six = [*ANSWERS, *(each[::-1].copy() for each in ANSWERS)]
    whole = run_audit(plan, DOCUMENTS, MODELS, KEYS, answers=six)
    assert (whole.read, whole.plan.asked, whole.evaluable) == (6, 6, True)
    few = run_audit(plan, DOCUMENTS, MODELS, KEYS, answers=[*six[:5], none])
    assert (few.read, few.evaluable) == (5, True)
    assert few.places < whole.places
    assert few.answers_digest != whole.answers_digest
    fewer = run_audit(plan, DOCUMENTS, MODELS, KEYS, answers=[none, *six[1:5], none])
    assert (fewer.read, fewer.evaluable) == (4, False)
    with pytest.raises(ValueError, match="no answer has a token"):
        run_audit(plan, DOCUMENTS, MODELS, KEYS, answers=[none] * 6)


SEED = Secret(bytes(range(32)))


def derived(keys: dict[str, bytes], scheme: str = PLAN.scheme) -> DerivedKeys:
    """Return keys as a vault gives them."""
    return DerivedKeys(
        purpose="audit",
        epoch=1,
        begins=datetime(2026, 1, 1, tzinfo=UTC),
        ends=None,
        scheme=scheme,
        names=tuple(keys),
        ids=tuple(keys),
        keys=SecretKeys([Secret(key) for key in keys.values()]),
    )


def opening(keys: DerivedKeys, digest: str) -> Opening:
    """Commit to keys, and open them all."""
    return Opening(
        commitment=commit(keys, digest, SEED),
        opened=tuple(open_key(keys, digest, SEED, at) for at in range(len(keys.ids))),
    )


def test_keys_are_those_that_were_committed_to() -> None:
    """Whether the plan names the commitment, or the commitment alone the plan."""
    made = opening(derived(KEYS), PLAN.digest())
    plain = run_audit(PLAN, DOCUMENTS, MODELS, KEYS)
    assert run_audit(PLAN, DOCUMENTS, MODELS, KEYS, opening=made) == plain
    bound = replace(PLAN, key_commitment=commitment_digest(made.commitment))
    audit = run_audit(bound, DOCUMENTS, MODELS, KEYS, opening=made)
    assert audit.keys == plain.keys
    with pytest.raises(VerificationError, match="was not opened"):
        run_audit(bound, DOCUMENTS, MODELS, KEYS)


def test_other_keys_than_those_committed_to_are_refused() -> None:
    """Another key, order, plan, scheme or number of keys; or one that was not opened."""
    made = opening(derived(KEYS), PLAN.digest())
    bound = replace(PLAN, key_commitment=commitment_digest(made.commitment))

    def refused(match: str, plan: Plan, given: Opening, keys: dict[str, bytes] = KEYS) -> None:
        with pytest.raises(VerificationError, match=match):
            run_audit(plan, DOCUMENTS, MODELS, keys, opening=given)

    refused("in its place", bound, made, KEYS | {"b": b"c" * 32})
    refused("in its place", PLAN, opening(derived(dict(reversed(KEYS.items()))), PLAN.digest()))
    another = opening(derived(KEYS | {"b": b"c" * 32}), PLAN.digest())
    refused("another commitment", bound, another)
    refused("in its place", PLAN, another)
    refused("another plan", PLAN, opening(derived(KEYS), "ab" * 32))
    refused("another plan", PLAN, opening(derived(KEYS, "phalanx-gumbel-v1"), PLAN.digest()))
    refused("not all were opened", bound, replace(made, opened=made.opened[:1]))
    refused("not all were opened", bound, replace(made, opened=made.opened[::-1]))
    more = opening(derived(KEYS | {"c": b"c" * 32}), PLAN.digest())
    refused("not all were opened", PLAN, replace(more, opened=more.opened[:2]))
    swapped = replace(made.opened[1], key=Secret(b"c" * 32))
    fake = replace(made, opened=(made.opened[0], swapped))
    refused("not the key that was committed to", bound, fake, KEYS | {"b": b"c" * 32})


def truncated(model: Any, most: int) -> Any:
    """Return what an interface gives that shows the likeliest tokens alone."""

    def said(tokens: Any) -> Any:
        logs = model(tokens).copy()
        logs[logs < np.sort(logs, axis=1)[:, -most][:, None]] = -np.inf
        return logs - np.logaddexp.reduce(logs, axis=1, keepdims=True)

    return said


@pytest.mark.parametrize(
    "cut", ["suspect reference", "marked suspect reference", "suspect", "marked"]
)
def test_truncated_models_give_e_values_with_a_mean_of_at_most_one(cut: str) -> None:
    """What nobody gives mass to is dropped, whatever the key is."""
    marked, suspect, reference = (
        truncated(table(seed), 3) if name in cut.split() else table(seed)
        for seed, name in enumerate(("marked", "suspect", "reference"), 1)
    )
    leaning = read([DOCUMENTS[0][:12]], marked, suspect, reference, 2, candidates=16)
    assert 0 < leaning.field.draws.count <= 10
    random = np.random.default_rng(2)
    keys = [random.bytes(32) for _ in range(4_000)]
    e = 10.0 ** lean_log10_e(leaning, SCHEME, keys)
    assert np.isfinite(e).all()
    assert e.mean() <= 1.0 + 4.0 * e.std() / np.sqrt(e.size)
    assert (e >= 20.0).mean() <= 0.05


@pytest.mark.parametrize("mode", ["weights", "answers"])
def test_power_is_simulated_where_the_marked_model_is_truncated(mode: Any) -> None:
    """Candidates without mass make no number of the simulation none."""
    cut = truncated(table(1), 3)
    field = read(DOCUMENTS, cut, table(2), table(3), 2, candidates=8).field
    assert np.isneginf(field.log_p).any()
    random = np.random.default_rng(3)
    curve = simulate_power(field, mode, SCHEME, (0.0, 1.0), 3.0, runs=10, random=random)
    assert [each.power for each in curve] == [0.0, 1.0]
    assert all(np.isfinite(each.median_log10_e) for each in curve)


def test_places_where_nobody_has_mass_do_not_count() -> None:
    """They say nothing, and are not among the places of the report."""

    def one(tokens: Any) -> Any:
        logs = np.full((tokens.size, 20), -np.inf)
        logs[:, 19] = 0.0
        return logs

    def sometimes(tokens: Any) -> Any:
        logs = one(tokens)
        logs[::2, :5], logs[::2, 19] = np.log(0.2), -np.inf
        return logs

    document = np.arange(50)
    leaning = read([document], sometimes, one, one, 2, candidates=5)
    assert leaning.field.draws.positions.tolist() == list(range(2, 50, 2))
    assert leaning.field.draws.tokens.tolist() == list(range(2, 50, 2))
    assert leaning.log_lean.shape == leaning.field.log_p.shape == (24, 5)
    assert lean_log10_e(leaning, SCHEME, [bytes(32)]).tolist() == [0.0]
    nowhere = read([document], lambda tokens: sometimes(np.append(0, tokens))[1:], one, one, 2)
    assert nowhere.field.draws.positions.tolist() == list(range(3, 50, 2))


def test_a_model_that_says_no_number_is_refused() -> None:
    """Before anything follows from it."""

    def broken(value: float) -> Any:
        def said(tokens: Any) -> Any:
            logs = table(1)(tokens).copy()
            logs[-1, 3] = value
            return logs

        return said

    for at in range(3):
        for value in (np.nan, np.inf):
            marked, suspect, reference = (
                broken(value) if at == number else table(number) for number in range(3)
            )
            with pytest.raises(ValueError, match="logarithms"):
                read(DOCUMENTS, marked, suspect, reference, 2, candidates=20)
    with pytest.raises(ValueError, match="shape"):
        read(DOCUMENTS, table(1), table(2), lambda tokens: table(3)(tokens)[1:], 2)
    draws = draw(DOCUMENTS, 2)
    with pytest.raises(ValueError, match="logarithms"):
        likelihood(draws, DOCUMENTS, broken(np.nan))
    for log_p in (np.full(draws.count, np.nan), np.full(draws.count, 5.0), np.zeros(3)):
        with pytest.raises(ValueError, match="a probability for each draw"):
            answers_log10_e(draws, log_p, SCHEME, [bytes(32)])
    leaning = read(DOCUMENTS, table(1), table(2), table(3), 2)
    lean = leaning.log_lean.copy()
    lean[0, 0] = np.nan
    with pytest.raises(ValueError, match="no number"):
        lean_log10_e(Leaning(leaning.field, lean), SCHEME, [bytes(32)])


def test_documents_have_one_digest() -> None:
    """Tokens, their order, and where a document ends."""
    ones = [np.array([1, 2]), np.array([3])]
    others: list[Any] = [
        [np.array([1, 2, 3])],
        [np.array([1]), np.array([2, 3])],
        [*ones, np.array([], dtype=np.int64)],
        [np.array([2, 1]), np.array([3])],
        [],
    ]
    digests = {prompts_digest(each) for each in [ones, *others]}
    assert len(digests) == 6
    assert prompts_digest([each.astype(np.uint32) for each in ones]) in digests
    for bad in ([np.array([-1])], [np.array([0.5])], [np.array([[1]])]):
        with pytest.raises(ValueError, match="token"):
            prompts_digest(bad)


def test_what_a_model_says_is_not_copied_and_put_in_order_in_parts() -> None:
    """A long document of a large vocabulary is held once, as exactly as the model said it."""
    logs = np.log(np.random.default_rng(3).dirichlet(np.ones(500), 200)).astype(np.float32)
    document = np.arange(200)
    said = said_by(lambda _: logs, document)
    assert np.shares_memory(said, logs)
    rows = np.arange(3, 200, 2)
    chosen = likeliest(said, rows, 7)
    assert np.array_equal(np.sort(chosen), np.sort(np.argsort(-logs[rows])[:, :7]))
    assert np.array_equal(logs_of(said, rows, chosen), np.take_along_axis(logs[rows], chosen, 1))
    assert likeliest(said, rows[:0], 7).shape == (0, 7)
    assert likeliest(said, rows, 501).shape == (rows.size, 500)
    assert said_by(lambda _: np.zeros((200, 3), dtype=np.int64), document).dtype == np.float64
