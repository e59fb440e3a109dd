"""The reasons of the gateway: what a rule of a policy may say that it acts for.

A rule names one, and has to ask for a fact that the reason is about: who reads "spent its budget"
can rely on it that a budget was looked at. Reasons for requests are numbered from 1, those of the
gateway itself from 101.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from phalanx.rules import Rule, read_rules


class CampaignMember:
    """A scan listed the account as part of a campaign.

    Sees: the campaigns that the store holds, and the accounts that the last scan found in them.
    Rests on: both nulls of the scan, "operated apart" and "used honestly", being rejected at its
    false discovery rate; the gateway adds nothing to that evidence.
    Does not say: that this request is harvest. Mixed accounts send others' requests too.
    Honest look-alikes: accounts that a scan listed wrongly, of which the rate says how many are
    expected; accounts that changed hands. An appeal is answered from the scan: `phalanx appeal`.
    """

    rule_id = "PHX-G001"
    name = "Member of a campaign"
    source = "gateway"
    facts = ("campaign_member", "campaign", "campaign_log10_e")


class SharedIndicator:
    """Another provider shared an indicator that the account, or where it comes from, matches.

    Sees: blinded fingerprints, addresses, networks and domains on the match list.
    Rests on: what its author vouches for, with its confidence; no evidence of our own.
    Honest look-alikes: everybody behind a shared address or network; the next owner of an address.
    Networks and addresses should do no more than slow, mark or verify.
    """

    rule_id = "PHX-G002"
    name = "Indicator of another provider"
    source = "gateway"
    facts = ("indicator_confidence", "shared_campaign")


class SharedTemplateInUse:
    """The prompt is like a template that another provider saw in a campaign.

    Sees: sketches under the key of the group; the estimated share of common shingles.
    Does not say: that the account belongs to the campaign.
    Evaded by: rewording each prompt.
    Honest look-alikes: users of a published prompt that a campaign uses too; whoever shares a
    template is to leave out what is public.
    """

    rule_id = "PHX-G003"
    name = "Template of a campaign"
    source = "gateway"
    facts = ("template_jaccard", "template_matches_per_day", "group_template_matches_per_day")


class InformationValueSpent:
    """The account, or its group, was served as much information value as the policy allows.

    Sees: the sum of novelty x capability x output tokens, weighted by how recent it is. Of
    requests under way, what they may still get counts.
    Does not say: that anybody distils. It limits what is taught, whoever asks.
    Evaded by: spreading over accounts that nobody links; asking for what the lexicon does not see.
    Honest look-alikes: every heavy user of new prompts: evaluations, translation of large
    collections, synthetic data. Give them grants, or a budget that fits.
    """

    rule_id = "PHX-G004"
    name = "Information value spent"
    source = "gateway"
    facts = tuple(
        f"{whose}value_per_{horizon}"
        for whose in ("", "group_")
        for horizon in ("hour", "day", "month")
    )


class RateReached:
    """The account, or its group, sends or receives more than the policy allows.

    Sees: requests and output tokens, weighted by how recent they are.
    Does not say: anything of what is asked.
    Honest look-alikes: agents that fan out, batch jobs, classrooms.
    """

    rule_id = "PHX-G005"
    name = "Rate reached"
    source = "gateway"
    facts = tuple(
        f"{whose}{what}"
        for whose in ("", "group_")
        for what in (
            "requests_per_minute", "requests_per_hour", "requests_per_day",
            "output_tokens_per_hour", "output_tokens_per_day",
        )
    )  # fmt: skip


class ContentSweep:
    """The account, or its group, hardly ever asks the same again: it sweeps.

    Sees: how many contents were new, by a sketch of 128 bytes; its standard error is 7 %.
    Honest look-alikes: classification, translation and retrieval over large collections.
    """

    rule_id = "PHX-G006"
    name = "Sweep of contents"
    source = "gateway"
    facts = (
        "new_contents_per_day", "distinct_contents",
        "group_new_contents_per_day", "group_distinct_contents",
    )  # fmt: skip


class ContinuedElsewhere:
    """What one account was turned away with, another sends moments later.

    Sees: keyed hashes of what was turned away in the last minute.
    Does not say: which of several accounts is at fault.
    Honest look-alikes: one organisation that rotates its keys (the same declared organisation does
    not count); two users of one public prompt who are turned away in the same minute.
    """

    rule_id = "PHX-G007"
    name = "Continued from another account"
    source = "gateway"
    facts = ("continues_elsewhere", "continuations_per_day", "group_continuations_per_day")


class SoftLabels:
    """The request asks for more than an answer: log-probabilities, or many answers.

    Sees: parameters of the request.
    Honest look-alikes: evaluations and calibrated classifiers.
    """

    rule_id = "PHX-G008"
    name = "Soft labels asked for"
    source = "gateway"
    facts = ("logprobs", "choices", "temperature", "max_tokens")


class TrainingMaterial:
    """The prompt asks for what students are trained on: reasoning, rubrics, sets of tasks.

    Sees: phrases of the scan's lexicon, in nine languages.
    Evaded by: other words.
    Honest look-alikes: everybody who asks for reasoning or a translation. Alone it should do
    nothing.
    """

    rule_id = "PHX-G009"
    name = "Training material asked for"
    source = "gateway"
    facts = ("capabilities",)


class NewAccount:
    """The account is young for what it does.

    Sees: days since it was registered, beside what else the rule asks for.
    Honest look-alikes: every new customer.
    """

    rule_id = "PHX-G010"
    name = "Young account"
    source = "gateway"
    facts = ("account_age_days",)


class HouseRule:
    """A rule of the provider's own, about none of the other reasons.

    Sees: what its conditions say, which the decision repeats.
    """

    rule_id = "PHX-G011"
    name = "Rule of the house"
    source = "gateway"
    facts = (
        "model", "endpoint", "organisation", "country", "asn", "user_agent", "email_domain",
        "prompt_characters", "history_turns", "stream", "tools", "code",
    )  # fmt: skip


class OnlineEvidence:
    """Between two scans, evidence grew that the account, or its undeclared pool, harvests.

    Sees: answers as they are served: first turns, long answers, new contents, what prompts ask for,
    unusual requests, information value; each account ranked among honest accounts of the logs that
    the reference was made of.
    Rests on: "used honestly" being rejected. `online_raised` holds a share of the false discovery
    rate; `online_log10_e` of x is reached by an honest account with a probability of at most
    10^-x for as long as the reference is used. That a pool is one operator rests on the scan.
    Does not say: that this request is harvest.
    Evaded by: cover traffic, which lowers every mean; spreading over accounts that no scan links.
    Honest look-alikes: evaluations, makers of synthetic data, and every class of honest accounts
    that the logs of the reference did not have. A grant says so beforehand.
    """

    rule_id = "PHX-G012"
    name = "Online evidence"
    source = "gateway"
    facts = ("online_log10_e", "group_online_log10_e", "online_raised")


class HeldOffByGrant:
    """A grant covers the account, and holds rules off.

    Sees: grants that name the account or its declared organisation, and are valid now.
    Does not say: that the rules were wrong; which ones would have acted is told beside it.
    """

    rule_id = "PHX-G101"
    name = "Held off by a grant"
    source = "gateway"


class GrantOverruled:
    """A rule acts although a grant covers the account, because the policy says so by name.

    Sees: grants of a purpose that the rule lists under `despite_grants`. It is never silent: the
    decision names the grant and the rule.
    """

    rule_id = "PHX-G102"
    name = "Grant overruled"
    source = "gateway"


class FailedOpen:
    """The gateway could not decide, and the policy lets requests pass then.

    Sees: that the state, or what is known, was not there.
    Does not say: anything of the request.
    """

    rule_id = "PHX-G103"
    name = "Not decided, let pass"
    source = "gateway"


class FailedClosed:
    """The gateway could not decide, and the policy blocks requests then.

    Sees: that the state, or what is known, was not there.
    Does not say: anything of the request.
    """

    rule_id = "PHX-G104"
    name = "Not decided, blocked"
    source = "gateway"


class KeyMissing:
    """A rule asks for a mark, and no key is known for the campaign: the output is unmarked.

    Sees: the list of campaigns and the names of their keys.
    Next: give the campaign a key, or the rule a key of its own.
    """

    rule_id = "PHX-G105"
    name = "No key for the mark"
    source = "gateway"


_REASONS = (
    CampaignMember, SharedIndicator, SharedTemplateInUse, InformationValueSpent, RateReached,
    ContentSweep, ContinuedElsewhere, SoftLabels, TrainingMaterial, NewAccount, HouseRule,
    OnlineEvidence,
)  # fmt: skip

FACTS_OF_REASON: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {reason.rule_id: reason.facts for reason in _REASONS}
)
"""Reason that a rule may name -> facts of which it has to ask for one."""


@cache
def gateway_rules() -> Sequence[Rule]:
    """Return every reason of the gateway, ordered by identifier.

    Examples:
        >>> [rule.rule_id for rule in gateway_rules()][:2]
        ['PHX-G001', 'PHX-G002']
    """
    return read_rules([Path(__file__)])
