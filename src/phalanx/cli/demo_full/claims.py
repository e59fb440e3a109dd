"""What the case claims, each with its error, as the capabilities state it themselves."""

from __future__ import annotations

from phalanx.cli.demo_full.acts import digest_of
from phalanx.cli.demo_full.auditing import plan_of, report_of
from phalanx.cli.demo_full.places import Places
from phalanx.cli.demo_full.scanning import strongest
from phalanx.govern.packages import ClaimRecord
from phalanx.signed import read_public_text
from phalanx.watermark.audit import verify_report
from phalanx.watermark.audit.report import audit_of

SIMULATED = "All of this is simulated: traffic, accounts, models and the theft."


def found_claim(places: Places) -> ClaimRecord:
    """Return the claim of the scan, by the weaker of its two nulls."""
    campaign = strongest(places.a.scan)
    judged = campaign.judgement
    decisive = [each for each in judged.evidence if each.decisive]
    return ClaimRecord(
        id="one-campaign",
        statement=f"The {len(campaign.facts.members)} accounts of {campaign.campaign_id} act "
        "together to extract capabilities.",
        null_hypothesis="They are operated apart, or whoever operates them uses the model as "
        "honest operators do.",
        method="two nulls, the weaker of both counted",
        log10_e=judged.log10_e,
        sample_size=campaign.facts.parties,
        reference_size=max(each.reference_size for each in decisive),
        assumptions=tuple(sorted({line for each in decisive for line in each.assumptions})),
        limits="It does not say who operates them. Among all groups of the scan its rank is held "
        f"by the false discovery rate, and needed 10^{judged.threshold_log10_e:.1f}. {SIMULATED}",
        items=("scan",),
    )


def trained_claim(places: Places) -> ClaimRecord:
    """Return the claim of the audit, with the evidence that its report states."""
    signer = read_public_text((places.audit / "auditor.pub").read_text(encoding="ascii").strip())
    report = report_of(places, "student").read_bytes()
    audit = audit_of(verify_report(report, signer, digest_of(plan_of(places, "student"))))
    evidence = audit.evidence()[0]
    return ClaimRecord(
        id="trained-on-the-harvest",
        statement="The suspect learnt from texts that were served to the campaign under its key "
        f"{audit.keys[0].key_id}.",
        null_hypothesis=evidence.null_hypothesis,
        method=evidence.method,
        log10_e=evidence.log10_e,
        sample_size=evidence.sample_size,
        reference_size=evidence.reference_size,
        assumptions=evidence.assumptions,
        limits=f"It does not say who carried the texts there, nor that this was forbidden. "
        f"{SIMULATED}",
        items=("decisions", "student-plan", "student-commitment", "student-report"),
    )
