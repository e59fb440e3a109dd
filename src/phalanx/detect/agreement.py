"""What the scans of one store must agree in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from phalanx.detect.config import ScanConfig
from phalanx.errors import ConfigError
from phalanx.logs.pseudonym import key_id, pseudonym
from phalanx.store import Manifest


def evidence_parameters(config: ScanConfig) -> dict[str, str]:
    """Return what decides evidence: scans of one store must agree in it.

    People are named by a digest only. Marks of other providers are in no evidence, and may be
    others from scan to scan; whether they take their share of the error may not change.
    """
    key = config.pseudonym_key

    def hidden(column: str, value: str) -> str:
        return value if key is None else pseudonym(key, column, value)

    parties = [[hidden("account_id", a), party] for a, party in sorted(config.parties.items())]
    known = [hashlib.sha256(each.runs.tobytes()).hexdigest() for each in config.known_corpora]
    trusted = [hidden("account_id", name) for name in sorted(config.trusted)]
    return {
        "false_discovery_rate": repr(config.false_discovery_rate),
        "min_group_parties": str(config.min_group_parties),
        "seed": str(config.seed),
        "step_hours": str(config.step_hours),
        "hash_only": str(config.hash_only),
        "trusted": _digest(trusted),
        "parties": _digest(parties),
        "known_corpora": _digest(sorted(known)),
        "embedder": config.embedder.digest if config.embedder else "none",
        **({} if config.alliance is None else {"alliance": "given"}),
    }


def _digest(value: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest() if value else "none"


def refuse_changes(config: ScanConfig, last: Manifest, store: str) -> None:
    """Refuse a scan that could not go on with the evidence of earlier ones."""
    if config.since != "last":
        message = f"{store}: holds {last.scan} scans already"
        raise ConfigError(message, next_step="Go on with --since last, or name a new store.")
    used = "" if config.pseudonym_key is None else key_id(config.pseudonym_key)
    if used != last.key_id:
        message = (
            f"{store}: kept under {last.key_id or 'identifiers in clear'}, "
            f"and this scan has {used or 'identifiers in clear'}"
        )
        raise ConfigError(message, next_step="Pass the key of the store with --key.")
    wanted = evidence_parameters(config)
    changed = [
        f"{name} was {last.parameters.get(name, 'none')} and is {wanted.get(name, 'none')}"
        for name in sorted(wanted.keys() | last.parameters.keys())
        if last.parameters.get(name, "none") != wanted.get(name, "none")
    ]
    if changed:
        message = f"{store}: kept with other settings: {'; '.join(changed)}"
        raise ConfigError(
            message, next_step="Keep the settings, or scan the whole log into a new store."
        )
