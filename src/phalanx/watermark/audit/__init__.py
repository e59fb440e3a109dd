"""Was this model trained on what we have marked, and for whom had we marked it.

plan -> read, or ask -> test every key and decoys -> conclude -> sign. `run_audit` does it as the
plan says.
"""

from __future__ import annotations

from phalanx.watermark.audit.answers import answers_log10_e, answers_log10_p
from phalanx.watermark.audit.choices import (
    Choices,
    chosen_answers,
    chosen_recorded,
    chosen_recorded_answers,
    chosen_weights,
)
from phalanx.watermark.audit.decoys import decoy_keys
from phalanx.watermark.audit.gathered import answers_excess, excess_log10_e, weights_excess
from phalanx.watermark.audit.gathering import audit_choices, gathered_log10_e
from phalanx.watermark.audit.leaning import Leaning, lean_log10_e, leaning_between
from phalanx.watermark.audit.models import Model, likelihood, read
from phalanx.watermark.audit.modes import Mode
from phalanx.watermark.audit.opening import Opening, commitment_digest, opened_all
from phalanx.watermark.audit.plan import Plan, read_plan
from phalanx.watermark.audit.planned import refuse_other_prompts
from phalanx.watermark.audit.power import (
    Power,
    imagined_field,
    imagined_times,
    simulate_power,
)
from phalanx.watermark.audit.prompts import prompts_digest
from phalanx.watermark.audit.recorded import (
    Recorded,
    leaning_of,
    parse_recorded,
    parse_recorded_answer,
)
from phalanx.watermark.audit.report import sign_report, verify_report
from phalanx.watermark.audit.run import (
    Models,
    audit_answers,
    audit_leaning,
    run_audit,
)
from phalanx.watermark.audit.verdict import Audit, KeyVerdict, conclude, needed_log10_e
from phalanx.watermark.audit.winners import Field, winners

__all__ = [
    "Audit",
    "Choices",
    "Field",
    "KeyVerdict",
    "Leaning",
    "Mode",
    "Model",
    "Models",
    "Opening",
    "Plan",
    "Power",
    "Recorded",
    "answers_excess",
    "answers_log10_e",
    "answers_log10_p",
    "audit_answers",
    "audit_choices",
    "audit_leaning",
    "chosen_answers",
    "chosen_recorded",
    "chosen_recorded_answers",
    "chosen_weights",
    "commitment_digest",
    "conclude",
    "decoy_keys",
    "excess_log10_e",
    "gathered_log10_e",
    "imagined_field",
    "imagined_times",
    "lean_log10_e",
    "leaning_between",
    "leaning_of",
    "likelihood",
    "needed_log10_e",
    "opened_all",
    "parse_recorded",
    "parse_recorded_answer",
    "prompts_digest",
    "read",
    "read_plan",
    "refuse_other_prompts",
    "run_audit",
    "sign_report",
    "simulate_power",
    "verify_report",
    "weights_excess",
    "winners",
]
