"""What the commands of the exchange say, as text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from phalanx.cli.gate_view import decision_lines
from phalanx.cli.share_exchange_lists import PulledAll
from phalanx.cli.share_exchange_work import Left, TookBack
from phalanx.formats.notation import plural, share
from phalanx.printable import printable
from phalanx.share.exchange.leaving import Judged
from phalanx.share.exchange.standing import Standing
from phalanx.share.wire import (
    Object,
    attribution_of,
    document,
    joined,
    object_id,
    signatures_of,
)

_MOST_SHOWN = 20


def shown_text(judged: Sequence[Judged]) -> str:
    """Return what would leave, and what the gate says of each object.

    Parameters:
        judged: All objects.
    """
    return "".join(f"{line}\n" for line in _shown(judged))


def _shown(judged: Sequence[Judged]) -> Iterator[str]:
    for each in judged:
        yield from decision_lines(each.prepared.item, each.decision)
    yield f"{_counted(each.prepared.item for each in judged)}; nothing was sent"


def bundle_text(judged: Sequence[Judged]) -> str:
    """Return a bundle of objects, as they wait.

    Parameters:
        judged: All objects.
    """
    items = [each.prepared.item for each in judged]
    name = object_id("bundle", *(str(item["id"]) for item in items))
    return joined(name, (document(item).raw for item in items)).decode() + "\n"


def departure_text(left: Left) -> str:
    """Return what left, what waits until when, and what stays and why.

    Parameters:
        left: What a run came to.
    """
    return "".join(f"{line}\n" for line in _departed(left))


def _departed(left: Left) -> Iterator[str]:
    departure, sent = left.departure, left.sent
    leaving = [each.fields for each in departure.leaving]
    if leaving:
        yield f"left: {_counted(leaving)}, and {plural(departure.padding, 'object')} of padding"
    else:
        yield "left: nothing"
    if left.from_before:
        yield f"signed in an earlier run, and sent now: {plural(left.from_before, 'object')}"
    others = {
        "it had already, from another member": sent.there,
        "it refused": sum(not signatures_of(each.document.fields) for each in sent.refused),
    }
    more = "".join(f"; {number:,} {what}" for what, number in others.items() if number)
    yield f"of {plural(sent.offered, 'object')} the hub took {sent.stored:,}{more}"
    for refused in sent.refused[:_MOST_SHOWN]:
        yield f"the hub refused {printable(refused.document.id)}: {printable(refused.reason)}"
    for item in sent.campaigns:
        yield f"campaign: {item['id']} ({item['name']})"
    if departure.later:
        number = plural(len(departure.later), "object")
        yield f"waiting: {number}, until {departure.next_slot:%Y-%m-%d %H:%M} UTC or later"
    for each in departure.staying:
        yield from decision_lines(each.prepared.item, each.decision, each.request)


def pulled_text(done: PulledAll) -> str:
    """Return what came in, what stands, and what others say.

    Parameters:
        done: What a pull came to.
    """
    return "".join(f"{line}\n" for line in _pulled(done))


def _pulled(done: PulledAll) -> Iterator[str]:
    received, matches = done.pulled.received, done.pulled.matches
    new, padding = done.new
    yield f"new: {_listed(new)}"
    if padding:
        yield f"padding, or told of no campaign: {plural(padding, 'fingerprint')}"
    for _, reason in received.rejected[:_MOST_SHOWN]:
        yield f"rejected: {printable(reason)}"
    if len(received.rejected) > _MOST_SHOWN:
        yield f"rejected: {len(received.rejected):,} in all"
    taken_back = [name for name in received.retracted if name.startswith("campaign--")]
    yield from (f"taken back: {printable(name)}" for name in taken_back)
    gone = plural(len(received.retracted), "object")
    yield f"removed: {gone}; acknowledged: {plural(done.acknowledged, 'removal')}"
    yield (
        f"match list: {plural(matches.table.num_rows, 'value')}; left out as over "
        f"{matches.expired}, in quarantine {matches.quarantined}, not readable "
        f"{matches.unreadable}"
    )
    for gone_out in done.pulled.uncounted:
        yield (
            f"counts no longer: {plural(gone_out.objects, 'object')} of "
            f"{printable(gone_out.member)}, with {plural(gone_out.values, 'value')} to match: "
            f"{gone_out.reason}"
        )
    yield from _campaigns(done.pulled.standing, {each.object_id for each in done.pulled.own})
    for own in done.pulled.own:
        said = own.summary
        yield (
            f"yours: {own.object_id} ({printable(own.name)}): {said.verdict}, "
            f"{said.agreeing} agree, {said.disagreeing} disagree, {own.sightings} saw it too"
        )
    for each in done.heard:
        if each.object_id.startswith("campaign--"):
            told = each.told
            yield (
                f"taken back by you: {each.object_id}: of {plural(told.readers, 'reader')} "
                f"{told.removed} removed it, {told.kept} kept it, {told.not_held} never held it"
            )


def _campaigns(standing: Standing, own: set[str]) -> Iterator[str]:
    for each in standing.of("campaign"):
        if each.id not in own:
            said = standing.verdict([each.id], each.member)
            yield f"campaign: {each.id} ({printable(str(each.item['name']))[:60]}): {said.verdict}"
            if (behind := attribution_of(each.item)) is not None:
                kinds = ", ".join(f"{kind} {share(part)}" for kind, part in behind.hypotheses)
                yield f"  its author's attribution: grade {behind.grade}; {kinds or 'no kinds'}"


def matches_text(found: pa.Table) -> str:
    """Return how many accounts match each campaign, by kind.

    Parameters:
        found: In `ALLIANCE_SCHEMA`.
    """
    counted = Counter((row["campaign"], row["kind"]) for row in found.to_pylist())
    lines = [
        f"{printable(campaign)}: {plural(number, 'account')} by {kind}"
        for (campaign, kind), number in sorted(counted.items())
    ]
    return "".join(f"{line}\n" for line in lines) or "no matches\n"


def retraction_text(done: TookBack) -> str:
    """Return what was taken back.

    Parameters:
        done: What a retraction came to.
    """
    retraction = done.retraction
    lines = [f"taken back: {_counted(each.item for each in retraction.objects)}"]
    if retraction.erased:
        lines.append(f"deleted from the hub: {plural(len(retraction.erased), 'observable')}")
    if retraction.unsent:
        lines.append(f"never sent: {plural(retraction.unsent, 'object')}")
    for each in retraction.objects:
        if not each.decision.may_leave:
            lines += decision_lines(each.item, each.decision)
    for refused in done.sent.refused[:_MOST_SHOWN]:
        lines.append(f"the hub refused {refused.document.id}: {printable(refused.reason)}")
    return "".join(f"{line}\n" for line in lines)


def _counted(items: Iterable[Object]) -> str:
    return _listed(Counter(str(item["type"]) for item in items))


def _listed(counted: Counter[str]) -> str:
    listed = ", ".join(f"{kind} {number}" for kind, number in sorted(counted.items()))
    return f"{plural(counted.total(), 'object')}" + (f" ({listed})" if listed else "")
