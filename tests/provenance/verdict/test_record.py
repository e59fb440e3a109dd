"""What a report states follows from what stands in it, and is refused where it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.errors import VerificationError
from phalanx.provenance.tests import Plan, compare_weights
from phalanx.provenance.tests.changes import count_changes
from phalanx.provenance.verdict import (
    Asked,
    Budget,
    Conclusion,
    Family,
    How,
    Party,
    Record,
    content_of,
    judge,
    of_weights,
    record_of,
    rounded,
    sign_report,
    verify_report,
)
from phalanx.signed import sign

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(32))
Change = Callable[[Any, Any], Any]


def recorded(models: Any, ours: Any, theirs: Any, *more: Asked) -> Record:
    """Return the record of two models."""
    pair = models.held(ours), models.held(theirs)
    comparison = compare_weights(*pair, Plan(decoys=4))
    layers = len(comparison.ours.layers), len(comparison.theirs.layers)
    budget = Budget(1e-6, (Family.WEIGHTS, *(each.family for each in more)))
    party = Party(name="m", digest="", family="llama", layers=4, hidden=64)
    return Record(
        ours=party, suspect=party, verdict=judge(budget, [of_weights(comparison), *more]),
        layers=comparison.layers, changes=count_changes(*pair, *layers), notes=comparison.notes,
        made_at="2026-11-26T12:00:00+00:00", version="0.1.0",
    )  # fmt: skip


CASES: dict[str, tuple[Change, set[How]]] = {
    "identical": (lambda _, w: w, {How.IDENTICAL}),
    "tuned": (lambda m, w: m.noisy(w, 0.3), {How.CHANGED}),
    "pruned": (lambda m, w: m.pruned(w, 0.5), {How.CHANGED, How.PRUNED}),
    "three bits": (lambda m, w: m.rounded(w, 3), {How.CHANGED, How.QUANTISED}),
    "reordered": (lambda m, w: m.reordered(w), {How.CHANGED, How.REORDERED}),
    "a layer less": (lambda m, w: m.with_layers(w, [0, 2, 3]), {How.CHANGED, How.LAYERS}),
    "a layer of another": (
        lambda m, w: m.with_layers(w, [0, -1, 2, 3], m.drawn(2)),
        {How.CHANGED, How.PARTS},
    ),
    "experts": (lambda m, w: m.upcycled(w, 2), {How.CHANGED, How.EXPERTS}),
    "rotated": (lambda m, w: m.turned(m.noisy(w, 0.1)), {How.CHANGED, How.ROTATED}),
}


@pytest.mark.parametrize("case", CASES)
def test_how_it_was_made_is_said(case: str, models: Any) -> None:
    """As far as weights show it, and no further."""
    ours = models.drawn(1)
    make, expected = CASES[case]
    record = recorded(models, ours, make(models, ours))
    assert record.verdict.conclusions == (Conclusion.DERIVED,)
    assert {how for how, _ in record.made} == expected


def test_nothing_is_said_of_how_a_stranger_was_made(models: Any) -> None:
    """Neither ways nor origins, whatever was counted."""
    record = recorded(models, models.drawn(1), models.pruned(models.drawn(2), 0.3))
    assert record.verdict.conclusions == (Conclusion.NOT_DISTINGUISHABLE,)
    assert (record.made, record.origins) == ((), {})


def test_numbers_that_are_none_are_no_kin(models: Any) -> None:
    """A model of nothing but NaN could not have decided anything."""
    nothing = {name: np.full_like(w, np.nan) for name, w in models.drawn(1).items()}
    record = recorded(models, models.drawn(1), nothing)
    assert record.verdict.conclusions == (Conclusion.NOT_EVALUABLE,)


def test_a_record_is_read_back_whole(models: Any, answered: Callable[..., Asked]) -> None:
    """Through JSON, with every family that has another kind of evidence."""
    ours = models.drawn(1)
    more = answered(Family.AUDIT, -20.0), answered(Family.PLANTED_KEYS, -20.0)
    record = rounded(recorded(models, ours, models.with_layers(ours, [0, 2, 3]), *more))
    said = content_of(record)
    assert content_of(record_of(json.loads(json.dumps(said)))) == said
    assert said["conclusions"] == ["derived", "trained on our outputs"]
    assert said["layer_map"]["origins"] == {"0": "0", "1": "2", "2": "3"}


def test_a_signed_report_is_verified(models: Any) -> None:
    """By who has the public key, and nothing else."""
    record = rounded(recorded(models, models.drawn(1), models.noisy(models.drawn(1), 0.3)))
    found = verify_report(sign_report(record, SIGNER), SIGNER.public_key())
    assert content_of(found) == content_of(record)


def altered(said: dict[str, Any], where: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Return a report with one thing changed."""
    copy: dict[str, Any] = json.loads(json.dumps(said))
    *path, last = where
    at: Any = copy
    for step in path:
        at = at[step]
    at[last] = value
    return copy


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("conclusions",), ["derived"]),
        (("accuses",), True),
        (("level",), 0.5),
        (("level",), "0.5"),
        (("families", 0, "state"), "null hypothesis rejected"),
        (("families", 0, "log10_p"), -9.0),
        (("families", 0, "results", 0, "exact_log10_p"), -30.0),
        (("families", 0, "results", 0, "log10_p"), float(-30)),
        (("families", 0, "results", 0, "kind"), "other"),
        (("families", 0, "results", 0, "exact_log10_p"), "low"),
        (("families", 0, "corrected_for"), 0),
        (("families", 0, "recipients"), ["b"]),
        (("families",), None),
        (("layer_map", "origins"), {"0": "0"}),
        (("layer_map", "log10_p"), [[0.0]]),
        (("made",), [{"how": "identical", "seen": "all"}]),
        (("in_words",), ["It was stolen."]),
        (("not_said",), []),
        (("changes", "identical"), None),
        (("schema",), "phalanx.provenance/2"),
        (("ours", "digest"), 5),
        (("ours", "layers"), "four"),
        (("notes",), [1]),
        (("made_at",), None),
        (("families", 0, "results", 0, "observation"), {}),
        (("families", 0, "results", 0, "assumptions"), "none"),
        (("families", 0, "corrected_for_besides"), 0),
        (("families", 0, "references"), -1),
        (("families", 0, "recipients"), 5),
        (("layer_map", "ours"), [1, 2, 3, 4]),
        (("layer_map", "left_out"), None),
        (("more",), 1),
    ],
)
def test_a_report_that_does_not_follow_is_refused(
    models: Any, where: tuple[str | int, ...], value: object
) -> None:
    """Whoever signed it: what it concludes is computed again."""
    said = content_of(rounded(recorded(models, models.drawn(1), models.drawn(2))))
    false = sign(altered(said, where, value), SIGNER)
    with pytest.raises(VerificationError, match=r"does not follow|not of the format"):
        verify_report(false, SIGNER.public_key())


def test_another_signer_and_other_files_are_refused(models: Any) -> None:
    """The key in the file proves nothing."""
    record = rounded(recorded(models, models.drawn(1), models.drawn(2)))
    report = sign_report(record, SIGNER)
    other = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1").public_key()
    for data, reason in (
        (report.replace(b'"m"', b'"n"'), "was changed"),
        (report[:-1], "as it was written"),
        (b"no report", "no signed report of a comparison"),
        (rfc8785.dumps({"report": 1}), "no signed report"),
        (b" " * ((16 << 20) + 1), "at most"),
    ):
        with pytest.raises(VerificationError, match=reason):
            verify_report(data, SIGNER.public_key())
    with pytest.raises(VerificationError, match="somebody else"):
        verify_report(report, other)
