"""Was this model trained on what we have marked, and for whom had we marked it.

plan -> read, or ask -> test every key and decoys -> conclude -> sign.
"""

from __future__ import annotations

from phalanx.watermark.audit.answers import answers_log10_e, answers_log10_p
from phalanx.watermark.audit.choices import Choices, chosen_answers, chosen_weights
from phalanx.watermark.audit.gathered import answers_excess, excess_log10_e, weights_excess
from phalanx.watermark.audit.leaning import Leaning, lean_log10_e
from phalanx.watermark.audit.models import Model, likelihood, read
from phalanx.watermark.audit.plan import Mode, Plan
from phalanx.watermark.audit.power import Power, simulate_power
from phalanx.watermark.audit.report import prompts_digest, sign_report, verify_report
from phalanx.watermark.audit.verdict import Audit, KeyVerdict, conclude
from phalanx.watermark.audit.winners import Field, winners

__all__ = [
    "Audit",
    "Choices",
    "Field",
    "KeyVerdict",
    "Leaning",
    "Mode",
    "Model",
    "Plan",
    "Power",
    "answers_excess",
    "answers_log10_e",
    "answers_log10_p",
    "chosen_answers",
    "chosen_weights",
    "conclude",
    "excess_log10_e",
    "lean_log10_e",
    "likelihood",
    "prompts_digest",
    "read",
    "sign_report",
    "simulate_power",
    "verify_report",
    "weights_excess",
    "winners",
]
