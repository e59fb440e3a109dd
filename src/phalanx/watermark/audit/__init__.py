"""Was this model trained on what we have marked, and for whom had we marked it.

plan -> read, or ask -> test every key and decoys -> conclude -> sign.
"""

from __future__ import annotations

from phalanx.watermark.audit.answers import answers_log10_e, answers_log10_p
from phalanx.watermark.audit.leaning import Leaning, lean_log10_e
from phalanx.watermark.audit.models import Model, likelihood, read
from phalanx.watermark.audit.plan import Mode, Plan, read_plan
from phalanx.watermark.audit.power import Power, imagined_field, simulate_power
from phalanx.watermark.audit.recorded import Recorded, leaning_of, parse_recorded
from phalanx.watermark.audit.report import prompts_digest, sign_report, verify_report
from phalanx.watermark.audit.verdict import Audit, KeyVerdict, conclude
from phalanx.watermark.audit.winners import Field, winners

__all__ = [
    "Audit",
    "Field",
    "KeyVerdict",
    "Leaning",
    "Mode",
    "Model",
    "Plan",
    "Power",
    "Recorded",
    "answers_log10_e",
    "answers_log10_p",
    "conclude",
    "imagined_field",
    "lean_log10_e",
    "leaning_of",
    "likelihood",
    "parse_recorded",
    "prompts_digest",
    "read",
    "read_plan",
    "sign_report",
    "simulate_power",
    "verify_report",
    "winners",
]
