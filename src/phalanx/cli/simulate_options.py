"""Options of a simulation, and the configuration that they amount to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter, validators

from phalanx.errors import ConfigError

if TYPE_CHECKING:
    from phalanx.detect.simulate import CampaignPlan, SimulationConfig

_POPULATION = Group.create_ordered("Population")
_CORPORA = Group.create_ordered("Real text and times")

Evasion = Literal["E0", "E1", "E2", "E3", "E4", "E5", "E6"]


@Parameter(name="*", group=_POPULATION)
@dataclass(frozen=True, kw_only=True)
class SimulateOptions:
    """What a person may say about the traffic to make."""

    accounts: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 4600
    """Honest accounts; without effect under `--into`."""

    days: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 14
    """Days that the log covers; without effect under `--into`."""

    start: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    """First day of the log (UTC); without effect under `--into`."""

    campaigns: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 3
    """Campaigns to plant. Their sizes and aims differ."""

    campaign_accounts: Annotated[
        int | None, Parameter(validator=validators.Number(gte=1), show_default=False)
    ] = None
    """Accounts of each campaign, instead of 60, 110, 220 and so on."""

    evasion: Evasion = "E2"
    """How well the campaigns hide: E0 naive, E1 residential addresses, E2 and distinct payments,
    E3 and jitter, E4 and paraphrase, E5 and 95 % cover traffic, E6 everything."""

    release_day: Annotated[
        int | None, Parameter(validator=validators.Number(gte=1), show_default=False)
    ] = None
    """Day, from 1, on which a new model comes out, that campaigns move to within a day; without
    effect under `--into`."""

    seed: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=2**63))] = 0
    """Seed; the same seed makes the same bytes."""

    benign_prompts: Annotated[tuple[str, ...], Parameter(group=_CORPORA, show_default=False)] = ()
    """Corpus of honest prompts (Parquet or JSONL with a column `prompt`): PATH for all honest
    classes, CLASS=PATH for one; may be repeated."""

    attack_prompts: Annotated[tuple[str, ...], Parameter(group=_CORPORA, show_default=False)] = ()
    """Corpus of harvesting prompts, likewise."""

    arrivals: Annotated[Path | None, Parameter(group=_CORPORA, show_default=False)] = None
    """Trace of arrival times (Parquet or CSV with a column `timestamp`)."""


def simulation_config(options: SimulateOptions) -> SimulationConfig:
    """Return the configuration of a simulation.

    Parameters:
        options: As given by a person.

    Raises:
        ConfigError: If an option lies outside its range or names an unknown class.
    """
    from phalanx.detect.simulate import ATTACK_CLASSES, BENIGN_CLASSES, SimulationConfig

    corpora = {
        **_corpora(options.benign_prompts, BENIGN_CLASSES, "--benign-prompts"),
        **_corpora(options.attack_prompts, ATTACK_CLASSES, "--attack-prompts"),
    }
    try:
        return SimulationConfig(
            benign_accounts=options.accounts,
            campaigns=_plans(options.campaigns, options.campaign_accounts),
            days=options.days,
            start=options.start if options.start.tzinfo else options.start.replace(tzinfo=UTC),
            release_day=options.release_day,
            seed=options.seed,
            evasion=options.evasion,
            prompt_corpora=corpora,
            arrival_trace=options.arrivals,
        )
    except ValueError as error:
        raise ConfigError(str(error), next_step="`phalanx simulate --help` has ranges.") from error


def _plans(number: int, accounts: int | None) -> tuple[CampaignPlan, ...]:
    """Repeat the default campaigns, with each attack class in turn after the first three."""
    from phalanx.detect.simulate import ATTACK_CLASSES, SimulationConfig

    models = SimulationConfig().campaigns
    rest = [name for name in ATTACK_CLASSES if name not in {plan.attack_class for plan in models}]
    classes = [*(plan.attack_class for plan in models), *rest]
    return tuple(
        replace(
            models[at % len(models)],
            name=f"campaign-{at + 1}",
            attack_class=classes[at % len(classes)],
            accounts=accounts or models[at % len(models)].accounts,
        )
        for at in range(number)
    )


def _corpora(given: Iterable[str], classes: Iterable[str], option: str) -> dict[str, Path]:
    known = set(classes) - {"organisation"}  # an organisation's accounts are of other classes
    corpora: dict[str, Path] = {}
    for text in given:
        name, equals, path = text.partition("=")
        chosen = (
            {name: Path(path)} if equals and name in known else dict.fromkeys(known, Path(text))
        )
        for path_of_class in chosen.values():
            if not path_of_class.exists():
                message = f"{option} {text}: no such file or folder"
                advice = f"Pass PATH or CLASS=PATH; classes: {', '.join(sorted(known))}."
                raise ConfigError(message, next_step=advice)
        corpora |= chosen
    return corpora
