"""An audit of choices that were gathered by context, as its plan says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from phalanx.errors import InputError
from phalanx.watermark.audit.answers import answers_log10_p
from phalanx.watermark.audit.choices import Choices
from phalanx.watermark.audit.decoys import decoy_keys
from phalanx.watermark.audit.gathered import answers_excess, excess_log10_e, weights_excess
from phalanx.watermark.audit.modes import Mode
from phalanx.watermark.audit.opening import Opening, keys_in_order, refuse
from phalanx.watermark.audit.plan import Plan
from phalanx.watermark.audit.planned import scheme_of
from phalanx.watermark.audit.verdict import Audit, conclude
from phalanx.watermark.audit.winners import Floats, Integers
from phalanx.watermark.draws import draw
from phalanx.watermark.schemes.scheme import Scheme

_LOG10_REFUSED = -6.0
"""p-value of a key's mark in what is read, over the keys, from which it is refused."""


def gathered_log10_e(choices: Choices, mode: Mode, scheme: Scheme, keys: Sequence[bytes]) -> Floats:
    """Return the e-values of a mode that gathers, see `excess_log10_e`.

    Parameters:
        choices: What was gathered.
        mode: `answers-gathered` or `weights-gathered`.
        scheme: One whose tokens race.
        keys: The keys.
    """
    excess = answers_excess if mode == "answers-gathered" else weights_excess
    return excess_log10_e(choices, excess(choices), scheme, keys)


def audit_choices(  # noqa: PLR0913 - each is one thing that was promised, or its answer
    plan: Plan,
    choices: Choices,
    unmarked: Sequence[Integers],
    keys: Mapping[str, bytes],
    *,
    read: int,
    opening: Opening | None = None,
    answers_digest: str = "",
) -> Audit:
    """Conclude from what was gathered, as `run_audit` does.

    The winner after a context is a draw from the probabilities with which its race is run, whatever
    they are, as long as nobody who made them, or anything else that was gathered, knew the key's
    numbers. So the marked model's own make the test strong, and its digest in the plan keeps them
    from being chosen; neither they nor the reference can make it wrong. What the key has marked
    can: where a suspect reads it, or is asked with it, it repeats what the key has chosen. A test
    of that text is the least that is done; it can only refuse.

    Parameters:
        plan: Of a mode that gathers.
        choices: What was gathered of the documents of the plan: see `refuse_other_prompts`.
        unmarked: What the suspect has read, or was asked.
        keys: Name -> key.
        read: Answers, or documents, that were there.
        opening: Of the commitment to the keys.
        answers_digest: `prompts_digest` of the answers.

    Raises:
        VerificationError: If keys or commitment are not those of the plan, more candidates race or
            more contexts were kept than it says, or contexts are not those of its scheme.
        InputError: If what was read, or asked, shows the mark of a key; or there is no such scheme.
        ValueError: If the plan has another mode, or the scheme has no races.
    """
    if not plan.gathered:
        message = f"the plan asks for {plan.mode}, which gathers nothing"
        raise ValueError(message)
    scheme = scheme_of(plan, choices.field.draws)
    contexts, candidates = choices.field.candidates.shape
    if candidates > plan.candidates or contexts > plan.places:
        refuse("more candidates race, or more contexts count, than the plan says")
    chosen = keys_in_order(plan, keys, opening)
    _refuse_marked(unmarked, scheme, chosen)
    found, decoys = (
        gathered_log10_e(choices, plan.mode, scheme, each)
        for each in (chosen, decoy_keys(plan, scheme.setting.key_bytes))
    )
    return conclude(plan, contexts, found, decoys, read=read, answers_digest=answers_digest)


def _refuse_marked(documents: Sequence[Integers], scheme: Scheme, keys: Sequence[bytes]) -> None:
    draws = draw([*documents], scheme.setting.context_width, scheme.setting.unit)
    if not draws.count:
        return
    least = float(answers_log10_p(draws, scheme, keys).min())
    if least + math.log10(len(keys)) <= _LOG10_REFUSED:
        message = f"what is read or asked shows the mark of a key (p = 10^{least:.1f})"
        advice = "Plan with texts that no key has marked, or with a mode that does not gather."
        raise InputError(message, next_step=advice)
