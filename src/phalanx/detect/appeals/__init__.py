"""One page for one account: what was seen, what counted, and what would change the judgement."""

from __future__ import annotations

from phalanx.detect.appeals.docket import Docket
from phalanx.detect.appeals.placing import Judged, evidence_of, find, placing_of
from phalanx.detect.appeals.recompute import Case, recompute
from phalanx.detect.appeals.result import APPEAL_SCHEMA, Appeal
from phalanx.detect.appeals.seen import seen_of
from phalanx.detect.appeals.tables import account_row, look_rows, reference_table
from phalanx.detect.result import ScanResult
from phalanx.errors import InputError

__all__ = ["Appeal", "appeal", "has_account"]


def has_account(result: ScanResult, account_id: str) -> bool:
    """Return whether a scan saw an account.

    Parameters:
        result: A scan.
        account_id: As it stands there.

    Raises:
        InputError: If the scan's tables are not what this version writes.
    """
    return account_row(result.accounts, account_id) is not None


def appeal(result: ScanResult, account_id: str) -> Appeal:
    """Say all that one account may be told about a scan, and what would change it.

    Nothing is tested anew: the evidence that the scan recorded is combined again without some
    of it. What it names of others is counts.

    Parameters:
        result: A scan, as returned or read back.
        account_id: The account as it stands there: a pseudonym where the scan made them.

    Raises:
        InputError: If the scan did not see the account, or its tables are not what this
            version writes.
    """
    row = account_row(result.accounts, account_id)
    if row is None:
        message = f"the scan saw no account {account_id!r}"
        raise InputError(message, next_step="Check the spelling, and that it is the right scan.")
    docket = Docket(look_rows(result.looks), result.false_discovery_rate)
    population = result.population
    if len(docket) != population.groups_opened:
        message = (
            f"looks.parquet: holds {len(docket)} groups, and campaigns.json says "
            f"{population.groups_opened} were opened"
        )
        raise InputError(message, next_step="Scan again; the files do not fit together.")
    places = find(result, row.account_id)
    first = places[0] if places else None
    judged = first if isinstance(first, Judged) else None
    return Appeal(
        schema=APPEAL_SCHEMA,
        account_id=row.account_id,
        key_id=result.run.key_id,
        phalanx_version=result.run.phalanx_version,
        scanned_at=result.run.started_at,
        first_exchange=population.first_exchange,
        last_exchange=population.last_exchange,
        days=population.days,
        parties=population.parties,
        groups_opened=population.groups_opened,
        reference_parties=population.reference_parties,
        false_discovery_rate=result.false_discovery_rate,
        seen=seen_of(result, row, reference_table(result.accounts, row)),
        placing=placing_of(places, row, docket),
        evidence=evidence_of(judged, docket) if judged else (),
        recomputed=None
        if judged is None or judged.judgement.track is None
        else recompute(Case(row, judged.list_name, judged.judgement.track, docket)),
        log10_e_one_operator=judged.judgement.log10_e_one_operator if judged else None,
        grant_ids=row.grant_ids,
    )
