"""What a policy may ask of a request: the names, kinds and units of all facts.

A fact may be unknown: the gateway does not pass everything on, and the state knows nothing of an
account that it never saw. Of what is unknown, nothing holds: neither "one of" nor "none of".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

FactKind = Literal["number", "flag", "text", "set"]
"""A number is compared, a flag is true or false, a text is matched by patterns, a set by names."""

FactSource = Literal["request", "state", "knowledge"]
"""Whether the request says it, the state has counted it, or it was learned from elsewhere."""

MOST_TEXT_CHARACTERS = 1_000
"""Of a text that is matched; what follows is not looked at."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that may be known of a request."""

    name: str
    kind: FactKind
    source: FactSource
    meaning: str
    """In a sentence, with the unit."""


def _facts(source: FactSource, kind: FactKind, named: Mapping[str, str]) -> tuple[Fact, ...]:
    return tuple(Fact(name, kind, source, meaning) for name, meaning in named.items())


RATES = {
    "requests_per_minute": "Requests, as of a steady sender, weighted by how recent they are.",
    "requests_per_hour": "As `requests_per_minute`, over hours.",
    "requests_per_day": "As `requests_per_minute`, over days.",
    "output_tokens_per_hour": "Output tokens, weighted by how recent they are; those that a "
    "request under way may still get count until it ends.",
    "output_tokens_per_day": "As `output_tokens_per_hour`, over days.",
    "value_per_hour": "Information value (novelty x capability x output tokens) that was served "
    "or is under way, weighted by how recent it is.",
    "value_per_day": "As `value_per_hour`, over days.",
    "value_per_month": "As `value_per_hour`, over 30 days.",
    "new_contents_per_day": "Contents that were answered for the first time, estimated, weighted "
    "by how recent they are.",
    "distinct_contents": "Contents that were ever answered, each counted once, estimated.",
    "continuations_per_day": "Requests that another account had sent and been turned away with "
    "moments before, weighted by how recent they are.",
    "template_matches_per_day": "Requests that matched a shared template, weighted by how recent "
    "they are.",
}
"""What the state counts of an account, and of its group: name -> meaning."""

FACTS: tuple[Fact, ...] = (
    *_facts(
        "request",
        "number",
        {
            "prompt_characters": "Characters of the prompt.",
            "history_turns": "Turns of the conversation before the prompt.",
            "max_tokens": "Most output tokens that the request asks for.",
            "choices": "Answers that it asks for.",
            "temperature": "Temperature that it asks for.",
            "account_age_days": "Days since the account was registered.",
        },
    ),
    *_facts(
        "request",
        "flag",
        {
            "logprobs": "Whether log-probabilities are asked for.",
            "stream": "Whether the answer is streamed.",
            "tools": "Whether tools are offered to the model.",
            "code": "Whether the prompt quotes code.",
            "continues_elsewhere": "Whether another account sent the same and was turned away "
            "moments before.",
        },
    ),
    *_facts("state", "number", RATES),
    *_facts(
        "state",
        "number",
        {
            f"group_{name}": f"Of the whole group of the account. {text}"
            for name, text in RATES.items()
        },
    ),
    *_facts(
        "knowledge",
        "flag",
        {"campaign_member": "Whether a scan listed the account as part of a campaign."},
    ),
    *_facts(
        "knowledge",
        "number",
        {
            "campaign_log10_e": "Evidence for that campaign, a base-10 logarithm.",
            "indicator_confidence": "Confidence, 0 to 100, of the surest indicator of another "
            "provider that matches the account or where the request comes from.",
            "template_jaccard": "Estimated share of common shingles, 0 to 1, with the shared "
            "template that is most alike.",
        },
    ),
    *_facts(
        "knowledge",
        "number",
        {
            "online_log10_e": "Evidence since the last epoch began that the account is not used as "
            "honest accounts are, a base-10 logarithm; 0 for none.",
            "group_online_log10_e": "As `online_log10_e`, of the undeclared pool that the last "
            "scan lists the account in, since that scan.",
        },
    ),
    *_facts(
        "knowledge",
        "flag",
        {
            "online_raised": "Whether the account, or that pool, is on the list of online "
            "detection, which holds its share of the false discovery rate."
        },
    ),
    *_facts(
        "request",
        "set",
        {"capabilities": "Capabilities that the prompt names, as the scan reads them."},
    ),
    *_facts(
        "request",
        "text",
        {
            "model": "Model that is asked.",
            "endpoint": "Endpoint of the API.",
            "organisation": "Declared owner of the account.",
            "country": "Country that the request comes from.",
            "asn": "Autonomous system that the request comes from.",
            "user_agent": "Client, as it names itself.",
            "email_domain": "Domain of the address that the account was registered with.",
        },
    ),
    *_facts(
        "knowledge",
        "text",
        {
            "campaign": "Campaign of the account, by its identifier.",
            "shared_campaign": "Campaign of another provider whose indicator or template matches.",
        },
    ),
)
"""All facts, in the order in which columns hold them."""

ONLINE = ("online_log10_e", "group_online_log10_e", "online_raised")
"""Facts of online detection, which a replay does not know: they rest on answers as they were
served, in the order in which a gateway served them."""

FACT: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in FACTS})
"""Name -> fact."""

COLUMN: Mapping[str, int] = MappingProxyType(
    {fact.name: place for place, fact in enumerate(each for each in FACTS if each.kind != "text")}
)
"""Name of a fact that is no text -> its column in an array of numbers. Not a number: unknown. A
flag is 0 or 1, a set is the mask of its names."""

TEXT_COLUMN: Mapping[str, int] = MappingProxyType(
    {fact.name: place for place, fact in enumerate(each for each in FACTS if each.kind == "text")}
)
"""Name of a text -> its place among the texts. None: unknown."""
