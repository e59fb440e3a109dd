"""The sentences of a page about one account, for readers who know neither tests nor e-values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from phalanx.detect.appeals import Appeal
from phalanx.detect.appeals.result import ListName
from phalanx.formats.appeal_outcomes import chance, look_alikes
from phalanx.formats.notation import count, e_value, minute, plural, share
from phalanx.formats.wording import CONDITION, NOT_COVERED
from phalanx.model.grant import GrantPurpose

HEADLINES: dict[ListName, str] = {
    "campaign": "Listed as part of a campaign",
    "authorised": "Listed as part of an authorised group",
    "undeclared_pool": "Listed as part of an undeclared pool",
    "suspicious_party": "Listed as a suspicious party",
    "not_judged": "In a group that was not judged",
    "none": "On no list",
}

HOW_TO_READ = (
    "An e-value is a bet against innocence: if nothing were wrong it would be 1 on average, and "
    "would reach 10^3 at most once in 1,000 times."
)

TWO_NULLS = (
    "Two innocent explanations had to be refuted: that these parties have nothing to do with each "
    "other (“operated apart”), and that they use the model as honest operators of like volume do "
    "(“used honestly”)."
)
ONE_NULL = (
    "One innocent explanation had to be refuted: that the model is used as honest operators of "
    "like volume use it (“used honestly”)."
)

RECOMPUTED = (
    "This is a recomputation of the evidence that the scan recorded, with the scan's own rules; "
    "nothing was tested anew. A line takes out all that the link said about the group; a fact "
    "about one value takes away no more than that, give or take a factor of two. Membership is "
    "that of this account alone: a fact about its own value lowers it, and below 90 % the account "
    "is not listed."
)

NOT_EVALUABLE = (
    (
        "Whether groups would have formed, been joined and been split in the same way without a "
        "link: where the forming decides, both outcomes are given."
    ),
    (
        "The evidence against honest use without this account: members are ranked together, and "
        "the record holds the outcome only."
    ),
    (
        "What a fact about one value takes away, where the group shares several of that kind: the "
        "record holds the sum."
    ),
    "Who else would be listed: only this account's place was recomputed.",
)
"""What the record cannot answer."""

MARKS_ARE_NO_EVIDENCE = (
    "Marks are no evidence: none is in any e-value or in a membership. They say which groups were "
    "looked at first; what would be listed without them stands under “Shared mark”."
)

ROLES = {
    "harvester": "At least half of its exchanges carry content that the group shares.",
    "mixed": "Less than half of its exchanges carry content that the group shares.",
    "dormant": "It was silent after the group was formed.",
}
"""What a role says of the traffic of a member."""


def standing(appeal: Appeal) -> str:
    """Say on which list an account stands and what that means.

    Parameters:
        appeal: The page.
    """
    placing = appeal.placing
    accounts = plural(placing.accounts, "account")
    belongs = (
        ""
        if placing.confidence is None
        else f" The probability that it belongs to them is {chance(placing.confidence)}. "
        f"{ROLES.get(placing.role or '', '')}"
    )
    match placing.list_name:
        case "campaign":
            return (
                f"It is one of {accounts} that are shown to act together without declaring it and "
                f"to use the model unlike honest operators of like volume.{belongs}"
            )
        case "authorised":
            return (
                f"It is one of {accounts} that would be a campaign by their traffic, and all of "
                f"them are covered by grants. Nothing is proposed against them.{belongs}"
            )
        case "undeclared_pool":
            return (
                f"It is one of {accounts} that are shown to be operated together without declaring "
                "it. That they take the model's abilities was not shown: this is a matter of "
                f"terms, not a campaign.{belongs}"
            )
        case "suspicious_party":
            return (
                "Its owner alone uses the model unlike honest operators of like volume. Nobody "
                "else is involved and nothing is hidden: this is no campaign."
            )
        case "not_judged":
            return (
                f"It was in a group of {accounts} on which the data could not decide: "
                f"{placing.reason}. Nothing follows from that."
            )
    return (
        "The scan reports nothing on this account. If it was restricted, this scan gives no "
        "ground for it."
    )


def marks(appeal: Appeal) -> tuple[str, ...]:
    """Say which marks of other providers an account carries, and what they are worth.

    Parameters:
        appeal: The page.

    Returns:
        Sentences; none where it carries none.
    """
    seen = appeal.seen.marks
    if not seen:
        return ()
    return (
        *(
            f"It carries a mark ({mark.kind}"
            + (f", {plural(mark.matches, 'exchange')}" if mark.matches > 1 else "")
            + f") of {mark.campaign}, a campaign that another provider shared; "
            f"{plural(mark.others, 'other account')} of the log "
            f"{'carries' if mark.others == 1 else 'carry'} one."
            for mark in seen
        ),
        MARKS_ARE_NO_EVIDENCE,
    )


def promise(appeal: Appeal) -> str:
    """Say what error the list states.

    Parameters:
        appeal: The page.
    """
    match appeal.placing.list_name:
        case "campaign" | "authorised":
            return (
                "Of the campaigns that the scan lists, at most "
                f"{share(appeal.false_discovery_rate)} are expected to be false (averaged over "
                f"many scans), {CONDITION}. That is a rate of the list, not a probability about "
                "this account."
            )
        case "undeclared_pool" | "suspicious_party":
            return (
                f"Its evidence passed a level that allows {share(appeal.false_discovery_rate)} of "
                "false findings, but the stated rate is about campaigns: this list carries no "
                "promise of its own."
            )
    return ""


def required(appeal: Appeal) -> str:
    """Say what had to be refuted, what was reached, and what the list required.

    Parameters:
        appeal: The page.
    """
    placing = appeal.placing
    said = [TWO_NULLS if placing.tested_parties > 1 else ONE_NULL]
    if placing.log10_e_apart is not None and placing.level_apart_log10_e is not None:
        said.append(
            f"Against “operated apart”: {e_value(placing.log10_e_apart)}, needed "
            f"{e_value(placing.level_apart_log10_e)}."
        )
    if placing.log10_e_honest is not None and placing.level_honest_log10_e is not None:
        suffices = (
            "" if placing.log10_e_honest >= placing.level_honest_log10_e else " It did not suffice."
        )
        said.append(
            f"Against “used honestly”: {e_value(placing.log10_e_honest)}, needed "
            f"{e_value(placing.level_honest_log10_e)}.{suffices}"
        )
    if placing.tested_parties > 1:
        said.append(
            f"{plural(placing.tested_parties, 'party')} were tested together, on what followed "
            f"{minute(placing.formed_at)} UTC; {plural(appeal.groups_opened, 'group')} were opened "
            f"in this log, and {plural(appeal.reference_parties, 'party')} could stand for honest "
            "use."
        )
    return " ".join(said)


def limits(appeal: Appeal) -> str:
    """Say what the page does not cover.

    Parameters:
        appeal: The page.
    """
    if appeal.evidence:
        return " ".join((*NOT_COVERED, "Nothing is done automatically: people decide."))
    return (
        "It speaks of one scan of one log. That nothing was found on an account does not show "
        "that there was nothing; it is no ground for a step against it either."
    )


def assumptions(appeal: Appeal) -> tuple[str, ...]:
    """Return what must hold for the evidence to mean what it says, each once.

    Parameters:
        appeal: The page.
    """
    said = (text for line in appeal.evidence for text in line.assumptions)
    return tuple(dict.fromkeys(said))


def clearings(appeal: Appeal) -> Iterator[tuple[str, str]]:
    """Yield what would clear an account, and what it would change; nothing where nothing need be.

    Parameters:
        appeal: The page.
    """
    placing = appeal.placing
    if placing.list_name in {"none", "not_judged", "authorised"}:
        return
    seen = appeal.seen
    everyone = plural(placing.accounts, "account")
    span = f"{seen.first_seen:%Y-%m-%d} to {seen.last_seen:%Y-%m-%d}"
    purposes = ", ".join(get_args(GrantPurpose))
    if appeal.grant_ids:
        covered = f"Grants that cover this account already: {', '.join(appeal.grant_ids)}. "
    else:
        covered = "No grant of this scan covers this account for all its exchanges. "
    if placing.list_name == "campaign":
        effect = (
            f"{covered}One that names it and spans {span} keeps every step away from it that it "
            f"would notice; the group is authorised once grants cover all {everyone}."
        )
    else:
        effect = (
            f"{covered}One that names it and spans {span} says that the use is allowed; it matters "
            "for campaigns, so this list stays as it is."
        )
    yield f"A grant ({purposes})", effect
    if placing.list_name == "suspicious_party":
        yield (
            "A fact about its use",
            f"Honest use looks like this too: {look_alikes('PHX-D020')}",
        )
        return
    alone = appeal.log10_e_one_operator
    as_one = (
        ""
        if alone is None
        else f" Taken as one operator, their use gives {e_value(alone)} against honest use."
    )
    yield (
        "A declaration (organisation, or a line of the party file)",
        (
            "Accounts that declare one owner are one party, and one party is no group. If all "
            f"{everyone} declared it, the finding would be void.{as_one} If this account belongs "
            "to somebody else who is declared, it is tested as part of that party."
        ),
    )
    if placing.list_name == "campaign":
        yield (
            "A fact about its use",
            (
                f"Honest use looks like this too: {look_alikes('PHX-D020')} If the group's use "
                "were honest, it would be an undeclared pool."
            ),
        )
    yield (
        "A fact about a link",
        (
            "The table above says what explains each link honestly. A fact about the values that "
            "the group shares takes away that evidence; one about this account's own value lowers "
            "its membership only."
        ),
    )


def seen_in_words(appeal: Appeal) -> str:
    """Say when and how much an account was seen.

    Parameters:
        appeal: The page.
    """
    seen = appeal.seen
    party = (
        f" Its owner declares {plural(seen.accounts_of_party, 'account')}; habits and shared "
        "values are the owner's."
        if seen.accounts_of_party > 1
        else ""
    )
    return (
        f"{plural(seen.exchanges, 'exchange')} on {count(seen.active_days)} of "
        f"{plural(appeal.days, 'day')}, {minute(seen.first_seen)} to {minute(seen.last_seen)} UTC, "
        f"{count(seen.input_tokens)} tokens sent, {count(seen.output_tokens)} received.{party}"
    )
