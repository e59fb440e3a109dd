"""What is refused because the plan says something else."""

from __future__ import annotations

from collections.abc import Sequence

from phalanx.watermark.audit.opening import refuse
from phalanx.watermark.audit.plan import Plan
from phalanx.watermark.audit.prompts import prompts_digest
from phalanx.watermark.audit.winners import Integers
from phalanx.watermark.draws import Draws
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.schemes.scheme import Scheme


def refuse_other_prompts(plan: Plan, documents: bytes | Sequence[Integers]) -> None:
    """Refuse what the suspect was asked or read, if the plan says something else.

    Parameters:
        plan: The plan.
        documents: What `prompts_digest` took when the plan was made.

    Raises:
        VerificationError: If the plan says something else.
    """
    if prompts_digest(documents) != plan.prompts_digest:
        refuse("these are not the documents of the plan")


def refuse_mode(plan: Plan, mode: str) -> None:
    """Refuse a plan of another mode.

    Raises:
        ValueError: If it is one.
    """
    if plan.mode != mode:
        message = f"the plan asks for {plan.mode}, not for {mode}"
        raise ValueError(message)


def scheme_of(plan: Plan, draws: Draws) -> Scheme:
    """Return the scheme of a plan, whose contexts the draws must have.

    Raises:
        VerificationError: If it has another name, or contexts are of another.
        InputError: If there is none.
    """
    scheme = open_scheme(plan.scheme)
    if scheme.setting.name != plan.scheme:
        refuse(f"the plan calls its scheme {plan.scheme}, which is {scheme.setting.name}")
    if draws.context_width != scheme.setting.context_width:
        refuse("what was read has contexts of another scheme than the plan's")
    return scheme
