"""The audit: whose key went into the student, by a plan that was fixed before anything was read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from phalanx.cli.demo_full.acts import record
from phalanx.cli.demo_full.chapter import Chapter, write_json_lines, write_lines
from phalanx.cli.demo_full.language import Reader, Tokens, open_model
from phalanx.cli.demo_full.marking import derived_keys
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.teaching import ANSWER_TOKENS, CONTEXT_WIDTH
from phalanx.cli.demo_full.theft import SUSPECTS
from phalanx.cli.signing import signer_of, write_signed
from phalanx.cli.watermark_audit_options import ModelOptions
from phalanx.cli.watermark_audit_plan import make_plan, write_plan
from phalanx.cli.watermark_audit_read import Material
from phalanx.cli.watermark_audit_run import Done, Task, audited
from phalanx.cli.watermark_options import KeyOptions
from phalanx.cli.watermark_work import commitment_text, committed, digest_of
from phalanx.signed import public_text
from phalanx.watermark.audit import Plan, sign_report
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

_DOCUMENTS = 96
_CANDIDATES = 16
_DECOYS = 1_000
_LEVEL = 1e-6
_DIGITS = 6
"""Of recorded logarithms."""


def audit_students(places: Places, seed: int) -> Chapter:
    """Audit both students for the keys of two campaigns, and sign the reports.

    Parameters:
        places: With the vault and the models.
        seed: Of the texts that all models read.
    """
    signer = signer_of(places.audit / "auditor.key", places.vault_key)
    public = signer.public_key()
    write_lines(places.audit / "auditor.pub", f"{public_text(public)}\n")
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_lines(places.audit / "auditor.pem", pem.decode("ascii"))
    prompts = places.audit / "documents.jsonl"
    documents = _written(Reader(open_model(places.teacher)), np.random.default_rng([seed, 2]))
    write_json_lines(prompts, ({"tokens": each.tolist()} for each in documents))
    done = {name: _audited(places, name, prompts, documents, signer) for name in SUSPECTS}
    campaign, other = (done["student"].audit.keys[at] for at in (0, 1))
    innocent = not other.named and not any(key.named for key in done["honest"].audit.keys)
    lacks = "" if campaign.named else "the student is not found out"
    return Chapter(
        title="Both students are audited for the keys of two campaigns",
        lines=tuple(line for name, each in done.items() for line in _said(name, each)),
        artefacts=tuple(report_of(places, name) for name in SUSPECTS),
        commands=(
            "phalanx watermark audit plan NAMES --mode weights-gathered ...",
            "phalanx watermark keys commit NAMES --plan PLAN ...",
            "phalanx watermark audit run PLAN RECORDED --recorded ...",
        ),
        lacks=lacks if innocent else "a key is named that went into nothing",
    )


def report_of(places: Places, suspect: str) -> Path:
    """Return where the signed report on a suspect stands."""
    return places.audits / f"{suspect}.json"


def plan_of(places: Places, suspect: str) -> Path:
    """Return where the plan of its audit stands."""
    return places.audit / f"{suspect}.plan.json"


def commitment_of(places: Places, suspect: str) -> Path:
    """Return where the commitment to the keys of its audit stands."""
    return places.audit / f"{suspect}.commitment.json"


def _written(model: Reader, random: np.random.Generator) -> list[Tokens]:
    """Let the served model write texts without a mark that nobody has seen."""
    rows = np.zeros((_DOCUMENTS, ANSWER_TOKENS), dtype=np.int64)
    for at in range(2, rows.shape[1]):
        logs = np.log(model.chances(rows[:, at - 2 : at]))
        rows[:, at] = (logs + random.gumbel(size=logs.shape)).argmax(axis=1)
    return list(rows[:, 2:])


def _audited(
    places: Places,
    suspect: str,
    prompts: Path,
    documents: list[Tokens],
    signer: Ed25519PrivateKey,
) -> Done:
    plan = _planned(places, suspect, prompts)
    _commit(places, suspect)
    recorded = places.audit / f"{suspect}.recorded.jsonl"
    models = [
        Reader(open_model(path))
        for path in (places.teacher, places.thief / f"{suspect}.npz", places.thief / "base.npz")
    ]
    write_json_lines(recorded, (_recorded(each, models) for each in documents))
    task = Task(
        plan=plan_of(places, suspect), names=places.key_names, purpose="campaign", epoch=None,
        commitment=commitment_of(places, suspect), audit_keys=None, seed=None,
        material=Material(
            given=recorded, prompts=prompts, tokenizer=None, models=ModelOptions(recorded=True)
        ),
    )  # fmt: skip
    done = audited(task, lambda: _vault(places), _auditor(), lambda _stage, _share: None)
    write_signed(sign_report(done.audit, signer), signer, report_of(places, suspect))
    record(
        places.a, "report", "auditor", f"audit of {suspect}", report_of(places, suspect),
        plan=plan.digest(), named=sum(key.named for key in done.audit.keys),
    )  # fmt: skip
    return done


def _planned(places: Places, suspect: str, prompts: Path) -> Plan:
    which = KeyOptions(scheme=PhalanxGumbel(CONTEXT_WIDTH).setting.name, purpose="campaign")
    plan = make_plan(
        _vault(places), places.key_names, which, _auditor(),
        suspect=f"{suspect}, as it was found", prompts=prompts, tokenizer=None, answers_each=1,
        least_read=0.95, mode="weights-gathered",
        reference="the open model that both were tuned from, which learnt from no marked text",
        reference_model=None, marked_model=None, candidates=_CANDIDATES, places=20_000,
        level=_LEVEL, decoys=_DECOYS, decoy_seed=None,
    )  # fmt: skip
    write_plan(plan, plan_of(places, suspect))
    record(places.a, "report", "auditor", f"plan of the audit of {suspect}",
           plan_of(places, suspect))  # fmt: skip
    return plan


def _commit(places: Places, suspect: str) -> None:
    keys, plan = derived_keys(places, "auditor"), digest_of(plan_of(places, suspect))
    made = committed(keys, plan, places.audit / f"{suspect}.seed")
    write_lines(commitment_of(places, suspect), commitment_text(made))
    record(places.a, "key", "auditor", f"commitment for the audit of {suspect}",
           commitment_of(places, suspect), keys=made.keys)  # fmt: skip


def _recorded(document: Tokens, models: list[Reader]) -> dict[str, Any]:
    """Record what the marked model, the suspect and the reference say of a text."""
    said = [model(document) for model in models]
    return {"tokens": document.tolist(), "places": list(_places(document.size, said))}


def _places(size: int, said: list[np.ndarray[Any, np.dtype[np.float64]]]) -> Iterator[Any]:
    for at in range(CONTEXT_WIDTH, size):
        likeliest = np.argpartition(-said[0][at - 1], _CANDIDATES - 1)[:_CANDIDATES]
        logs = [each[at - 1][likeliest].round(_DIGITS).tolist() for each in said]
        names = ("marked", "suspect", "reference")
        yield {"at": at, "candidates": likeliest.tolist(), **dict(zip(names, logs, strict=True))}


def _vault(places: Places) -> Vault:
    return Vault(places.vault, Seal(key_file=places.vault_key))


def _auditor() -> Act:
    return Act("auditor", datetime.now(UTC))


def _said(name: str, done: Done) -> Iterator[str]:
    audit = done.audit
    yield f"{name}: a key needs 10^{audit.needed_log10_e:.1f}, and more than {_DECOYS:,} decoys"
    for key, what in zip(audit.keys, done.names, strict=True):
        verdict = "NAMED" if key.named else "not named"
        yield (f"  {what}: 10^{key.log10_e:.1f}, reached by {key.decoys_ahead:,} decoys: {verdict}")
    yield f"  the strongest decoy has 10^{audit.largest_decoy_log10_e or 0.0:.1f}"
