"""Whose text is it: accounts whose keys a text carries, and codes that many accounts share."""

from __future__ import annotations

from phalanx.evidence.codes import Code, CodePlan, plan_code
from phalanx.watermark.tracing.accounts import Trace, Traced, trace, trace_asked
from phalanx.watermark.tracing.accusation import Accusation, accuse
from phalanx.watermark.tracing.code_file import CodeFile, code_setting, read_code_file
from phalanx.watermark.tracing.register import ServedKey, read_register, write_register
from phalanx.watermark.tracing.slots import SlotKeys, SlotReading, read_slots

__all__ = [
    "Accusation",
    "Code",
    "CodeFile",
    "CodePlan",
    "ServedKey",
    "SlotKeys",
    "SlotReading",
    "Trace",
    "Traced",
    "accuse",
    "code_setting",
    "plan_code",
    "read_code_file",
    "read_register",
    "read_slots",
    "trace",
    "trace_asked",
    "write_register",
]
