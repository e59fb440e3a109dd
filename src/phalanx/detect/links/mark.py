"""Marks of shared campaigns."""

from __future__ import annotations

from phalanx.detect.links.family import Source


class SharedMark:
    """Parties carry marks of one campaign that another provider shared.

    Sees: the file of `--alliance`, which `phalanx share match` writes: whose card, mail address,
    phone, device or account is on another provider's list, and who sends its templates. A mark
    weighs log(0.7 N / K) where K of N parties carry it, a template half of that. Marks form
    groups and say which groups e-BH looks at first. They enter no e-value and make nobody a
    member: all evidence on a group is that of this log.
    Evaded by: other cards, mail addresses and phones at each provider.
    Honest look-alikes: customers whom another provider lists by mistake or against better
    knowledge; users of a template that it takes for the campaign's; second owners of a card or
    phone number.
    Hash-only logs: works.
    """

    rule_id = "PHX-D014"
    name = "Shared mark"
    source: Source = "alliance"
    columns: tuple[str, ...] = ()


SHARED_MARK = SharedMark()
