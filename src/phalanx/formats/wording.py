"""The sentences in which a scan states its conclusions, the same in every output."""

from __future__ import annotations

from phalanx.detect.result import ScanResult
from phalanx.formats.notation import count, e_value, minute, plural, share, short_count
from phalanx.model import (
    Campaign,
    GroupFacts,
    Judgement,
    NotJudged,
    SuspiciousParty,
    UndeclaredPool,
)

CONDITION = "if the named assumptions hold"
"""What every promise of this tool ends with."""

NOT_COVERED = (
    "The promise is about these data and the two named null hypotheses.",
    (
        "It does not cover a reference that is itself unrepresentative: if the parties that stand "
        "for honest use are unlike your honest customers, the e-values are wrong."
    ),
    (
        "It does not cover an honest way of working that nobody put into the reference, such as a "
        "new kind of evaluation or a new tool that many customers start to use on one day."
    ),
    "It does not cover someone who is paid to look like a campaign.",
    (
        "It is not about who stands behind a campaign, nor about intent: what is said of them "
        "beside it is an estimate, without this promise."
    ),
    "A campaign that is missing from the list was not shown to be honest.",
)
"""What the error rate does not cover, in plain words."""


HONEST_CLASSES = {
    "chat": "chat",
    "coding": "coding help",
    "rag": "retrieval with one fixed template",
    "classification": "bulk classification",
    "translation": "translation",
    "evaluation": "evaluation harnesses",
    "ci_review": "review loops in continuous integration",
    "agent": "agents that fan out",
    "classroom": "classrooms behind one address",
    "reseller": "resellers with many customers",
    "organisation": "organisations with many accounts",
    "framework": "users of one framework and its prompts",
}
"""Honest ways of working that the simulator plants, in words."""


def promise(result: ScanResult) -> str:
    """Say what the list of campaigns promises.

    Parameters:
        result: What the scan found.
    """
    rate = share(result.false_discovery_rate)
    if not result.campaigns and result.authorised:
        covered = plural(len(result.authorised), "group")
        verb = "is" if len(result.authorised) == 1 else "are"
        return (
            f"{covered} passed the level of the list and {verb} covered by grants; no other did. "
            "That is no proof that there was none: see what could not be judged."
        )
    if not result.campaigns:
        return (
            "No group passed the level of the list. That is no proof that there was none: see "
            "what could not be judged."
        )
    return (
        f"At most {rate} of these are expected to be false (averaged over many scans), {CONDITION}."
    )


FEWEST_PARTIES = 300
"""Below so many parties a log is said to be too small."""

NOT_EXAMINED = "\N{EN DASH}"
"""Stands for an e-value where a question was not asked."""

NEAR = 2.0
"""A pool whose evidence lacks at most so many powers of ten is said to be near its level."""


def smallness(result: ScanResult) -> str:
    """Say that a log is too small for findings, and why; empty where it is not.

    Parameters:
        result: What the scan found.
    """
    population = result.population
    if result.campaigns or population.parties >= FEWEST_PARTIES:
        return ""
    return (
        f"This log is too small to support a finding: use is judged by its rank among parties of "
        f"like volume, and {plural(population.parties, 'party')} allow e-values up to "
        f"{e_value(population.reachable_log10_e)} for one operator. Scan a log of at least a few "
        "hundred parties."
    )


def used_honestly(judged: Judgement | NotJudged) -> str:
    """Write the evidence against honest use; a dash where use was not examined.

    Parameters:
        judged: A judgement, or a group without one.
    """
    return e_value(judged.log10_e_honest) if judged.use_examined else NOT_EXAMINED


def operated_apart(group: NotJudged) -> str:
    """Write the evidence against operation apart; a dash where that was not examined.

    Parameters:
        group: A group without judgement.
    """
    return e_value(group.log10_e_apart) if group.apart_examined else NOT_EXAMINED


def level(judgement: Judgement) -> str:
    """Write the level that was needed; a dash where use was not examined.

    Parameters:
        judgement: The judgement of a group.
    """
    return e_value(judgement.threshold_log10_e) if judgement.use_examined else NOT_EXAMINED


def nearness(judgement: Judgement) -> str:
    """Say that a group is near its level; empty where it is not.

    Parameters:
        judgement: The judgement of an undeclared pool.
    """
    missing = judgement.threshold_log10_e - judgement.log10_e_honest
    if not judgement.use_examined or missing > NEAR:
        return ""
    return "near the level: look again with more days"


def privacy(result: ScanResult) -> str:
    """Say whether the accounts of this result are pseudonyms.

    Parameters:
        result: What the scan found.
    """
    key_id = result.run.key_id
    if key_id:
        return f"Accounts are pseudonyms under key {key_id}."
    return "Accounts stand in clear: handle accordingly."


def price_basis(result: ScanResult) -> str:
    """Say at what prices costs were estimated: nobody should take a guess for a bill.

    Parameters:
        result: What the scan found.
    """
    if not result.run.default_prices:
        return "at the price list that was given"
    sent, received = result.run.prices_usd_per_million_tokens["*"]
    return f"at the default USD {sent:g} and {received:g} per million tokens; set [prices]"


PARTIES = "accounts that declare one owner count as one party"
"""What a party is, said once where parties are counted."""

REACH = (
    "for one operator alone; a pool of several parties reaches further, and its line of PHX-D020 "
    "says how far"
)
"""What the largest e-value that a reference allows is about."""


def how_lines_add_up(judgement: Judgement, parties: int) -> str:
    """Say why the lines of evidence do not add up to the totals.

    Parameters:
        judgement: The judgement that they belong to.
        parties: Parties of the group.
    """
    return (
        "The lines do not add up to the totals: lines of one source are averaged; all sources but "
        "the strongest are multiplied, because strangers may share one thing by a common cause; "
        "the product is taken to the power √(2/n), because large groups of like programs differ a "
        f"little in everything. n is the number of parties tested, here about "
        f"{count(parties)}. The looks at different times are averaged too. Only what followed "
        f"{minute(judgement.formed_at)} UTC counts, unless standing values alone formed the group."
    )


def whose_evidence(judgement: Judgement) -> str:
    """Say whose evidence it is where a group was split or joined; empty where it is its own.

    Parameters:
        judgement: Of a listed group.
    """
    if judgement.evidence_of_parties is None:
        return ""
    parties = plural(judgement.evidence_of_parties, "party")
    return f"Evidence of a group of {parties} that it was split from, or that was joined to it."


def against_known_set(fraction: float) -> str:
    """Compare exchanges with the examples of a set that students were trained on.

    Parameters:
        fraction: Exchanges divided by examples.

    Examples:
        >>> against_known_set(0.63)
        'as many exchanges as 63 % of its examples'
    """
    return f"as many exchanges as {share(fraction)} of its examples"


def summary(result: ScanResult) -> str:
    """Say in one sentence what was read and what was found.

    Parameters:
        result: What the scan found.
    """
    seen = (
        f"among {plural(result.population.accounts, 'account')} "
        f"on {plural(result.population.days, 'day')}."
    )
    if not result.campaigns:
        without = " without a grant" if result.authorised else ""
        return f"No campaign{without} in {plural(result.population.exchanges, 'exchange')}, {seen}"
    accounts = sum(len(campaign.facts.members) for campaign in result.campaigns)
    taken = sum(campaign.facts.exchanges for campaign in result.campaigns)
    total = result.population.exchanges
    part = f" ({share(taken / total)} of all)" if total and taken else ""
    return (
        f"{plural(len(result.campaigns), 'campaign')} with {plural(accounts, 'account')} and "
        f"{count(taken)} exchanges{part}, {seen}"
    )


def campaign_sentence(campaign: Campaign, false_discovery_rate: float) -> str:
    """State one campaign in one sentence, with its evidence.

    Parameters:
        campaign: The campaign.
        false_discovery_rate: Rate that its list was held to, in (0, 1).
    """
    judgement = campaign.judgement
    return (
        f"{plural(len(campaign.facts.members), 'account')} act together and use the model unlike "
        f"honest operators: e-value {e_value(judgement.log10_e)} (operated apart: "
        f"{e_value(judgement.log10_e_apart)}; used honestly: {e_value(judgement.log10_e_honest)}; "
        f"level {e_value(judgement.threshold_log10_e)}). They were "
        f"served {short_count(campaign.facts.output_tokens)} output tokens. In the list that this "
        f"stands in, at most {share(false_discovery_rate)} are expected to be false, {CONDITION}."
    )


def grants_sentence(campaign: Campaign) -> str:
    """Say which grants cover part of a campaign; empty where none does.

    Parameters:
        campaign: The campaign.
    """
    if not campaign.grants:
        return ""
    names = ", ".join(campaign.grants)
    return (
        f"{names}: covers {count(campaign.granted_accounts)} of "
        f"{plural(len(campaign.facts.members), 'account')}; authorises nobody else"
    )


def pool_sentence(pool: UndeclaredPool) -> str:
    """State one undeclared pool in one sentence.

    Parameters:
        pool: The pool.
    """
    judgement = pool.judgement
    return (
        f"{plural(len(pool.facts.members), 'account')} are operated together without declaring "
        f"it (e-value {e_value(judgement.log10_e_apart)}); their use is not shown to be unlike "
        f"honest use (e-value {used_honestly(judgement)}, needed {level(judgement)}"
        f"{'; ' + nearness(judgement) if nearness(judgement) else ''}). A matter of terms, not a "
        "campaign."
    )


MIXED_MEANING = "many programs behind one key, such as resold keys and gateways; no accusation"
"""What a list of mixed accounts is."""


def mixed_sentence(facts: GroupFacts) -> str:
    """Say how many accounts of a group many principals seem to use; empty for none.

    Parameters:
        facts: Of the group.
    """
    if not facts.mixed_accounts:
        return ""
    carries = "carries" if facts.mixed_accounts == 1 else "carry"
    return (
        f"{plural(facts.mixed_accounts, 'account')} {carries} the traffic of many programs, as "
        "resold keys and gateways do"
    )


def party_sentence(party: SuspiciousParty) -> str:
    """State one suspicious party in one sentence.

    Parameters:
        party: The party.
    """
    return (
        f"One party with {plural(len(party.facts.members), 'account')} uses the model "
        f"unlike honest operators of like volume (e-value "
        f"{e_value(party.judgement.log10_e_honest)}). It hides nothing about who it is."
    )
