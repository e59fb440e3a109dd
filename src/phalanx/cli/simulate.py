"""`phalanx simulate`: labelled traffic, or campaigns injected into a real log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from phalanx.cli.simulate_options import SimulateOptions, simulation_config
from phalanx.cli.terminal import Common
from phalanx.owned import refuse_unwritable

if TYPE_CHECKING:
    from phalanx.detect.simulate import Simulation


def simulate(
    *,
    out: Path = Path("phalanx-simulation"),
    into: Annotated[Path | None, Parameter(show_default=False)] = None,
    leak_test: bool = False,
    options: SimulateOptions = SimulateOptions(),
    common: Common = Common(),
) -> None:
    """Make labelled traffic, or inject campaigns into a real log.

    Writes exchanges.parquet and labels.parquet (account_id, campaign, traffic_class) into the
    folder of --out. The same seed makes the same bytes.

    Parameters:
        out: Folder for the traffic and its labels.
        into: Log to inject campaigns into, in any format that `phalanx scan` reads; it is written
            as a native table, its own accounts labelled as benign. It must fit into memory.
        leak_test: Also print how well each field alone tells campaign accounts from honest ones
            (area under the ROC curve: 0.5 not at all, 1 perfectly).
        options: What to make.
        common: Options of every command.
    """
    from phalanx.detect.simulate import inject
    from phalanx.detect.simulate import simulate as simulate_population

    refuse_unwritable(out, "--out")
    config = simulation_config(options)
    simulation = simulate_population(config) if into is None else inject(into, config)
    exchanges, labels = simulation.write(out)
    common.say(f"{simulation.rows:,} exchanges: {exchanges}\nlabels: {labels}")
    for traffic_class, share in simulation.corpus_share.items():
        common.detail(f"{traffic_class}: {share:.0%} of the prompts are from the corpora")
    if leak_test:
        _print_leaks(simulation)


def _print_leaks(simulation: Simulation) -> None:
    from rich.console import Console
    from rich.table import Table

    from phalanx.detect.simulate import leak_test

    table = Table("field", "AUC alone", box=None, pad_edge=False)
    areas = leak_test(simulation.exchanges, simulation.labels)
    for field, area in sorted(areas.items(), key=lambda item: -item[1]):
        table.add_row(field, f"{area:.3f}")
    Console().print(table)
