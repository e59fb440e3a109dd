"""Rules are read from their source, and are those that the scan applies."""

from __future__ import annotations

import inspect
import subprocess
import sys

from phalanx.detect.honest import HarvestLikeUse
from phalanx.detect.links import ALL_FAMILIES, SHARED_MARK
from phalanx.detect.mixture import ResellerMixture
from phalanx.detect.rules import all_rules
from phalanx.detect.signals import USE_SIGNALS


def _documentation(rule: object) -> str:
    return inspect.getdoc(type(rule)) or ""


def test_every_rule_of_the_scan_is_described() -> None:
    """What is read from the source is what the objects of the scan say of themselves."""
    use, mixture = HarvestLikeUse(), ResellerMixture()
    applied = {
        rule.rule_id: (rule.name, str(rule.source), rule.columns, _documentation(rule))
        for rule in (*ALL_FAMILIES, SHARED_MARK)
    }
    applied |= {
        rule.rule_id: (rule.name, rule.source, rule.columns, _documentation(rule))
        for rule in USE_SIGNALS
    }
    for rule in (use, mixture):
        applied[rule.rule_id] = (rule.name, rule.source, rule.columns, _documentation(rule))
    described = {
        rule.rule_id: (rule.name, rule.family, rule.columns, rule.documentation)
        for rule in all_rules()
    }
    assert described == applied


def test_explaining_imports_nothing_heavy() -> None:
    """`phalanx explain` loads neither a compiler nor an engine."""
    script = (
        "import sys; from phalanx.cli import main; main(['explain', 'PHX-D001']);"
        "print('#', *sorted(name for name in sys.modules if '.' not in name))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.rsplit("#", 1)[1].split())
    assert not {"duckdb", "ibis", "numba", "networkit", "scipy", "altair"} & imported
