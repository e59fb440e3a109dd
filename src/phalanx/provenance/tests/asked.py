"""The extension point: one more test of two models' weights.

A test is found through the entry-point group `phalanx.provenance_tests`, and is asked beside ours
in every comparison. All are corrected together, so that one more costs every other a little power,
and no error. `phalanx.provenance.tests.contract` holds the tests that each must pass.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

from phalanx.errors import ConfigError
from phalanx.provenance.tests.findings import TESTS, Outcome, Test
from phalanx.provenance.tests.plan import Plan
from phalanx.provenance.weights import Checkpoint

ENTRY_POINTS = "phalanx.provenance_tests"


@runtime_checkable
class ProvenanceTest(Protocol):
    """Asks one question of the weights of two models."""

    test: Test
    """What stands in its evidence whatever comes out; its rule is not one of ours."""

    def ask(self, ours: Checkpoint, suspect: Checkpoint, plan: Plan) -> Outcome:
        """Return what the test came to.

        Under its null hypothesis the chance of a p-value is at most that p-value, whatever the
        suspect's files hold. What cannot be compared is an outcome with a `reason`.

        Parameters:
            ours: Our model.
            suspect: The model under test: hostile.
            plan: How much is looked at, and by which random choices; nothing else is random.

        Raises:
            InputError: If a file ends before, or has numbers of a kind that cannot be read.
        """
        ...


def installed_tests() -> tuple[ProvenanceTest, ...]:
    """Return one of each installed test, by its rule.

    Raises:
        ConfigError: If one cannot be loaded, is none, or takes a rule of ours or of another.

    Examples:
        >>> installed_tests()
        ()
    """
    found: dict[str, ProvenanceTest] = {}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        test = _loaded(point)
        rule = test.test.rule_id
        if rule in TESTS or rule in found:
            message = f"test {point.name} ({point.value}) takes the rule {rule}, which is taken"
            raise ConfigError(message, next_step="Remove its package.")
        found[rule] = test
    return tuple(found[rule] for rule in sorted(found))


def _loaded(point: EntryPoint) -> ProvenanceTest:
    try:
        test = point.load()()
    except (ImportError, AttributeError, TypeError) as error:
        message = f"test {point.name} ({point.value}) cannot be loaded: {error}"
        raise ConfigError(message, next_step="Install its package anew, or remove it.") from error
    if not isinstance(test, ProvenanceTest) or not isinstance(test.test, Test):
        message = f"test {point.name} ({point.value}) is no test of weights"
        raise ConfigError(message, next_step="Remove its package.")
    return test
