"""Holm's correction: of many tests, any false rejection at all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def holm(log10_p: npt.ArrayLike, *, family: int | None = None) -> npt.NDArray[np.float64]:
    """Return adjusted p-values: rejecting those at most a level errs at all with that chance.

    Valid under any dependence of the tests.

    Parameters:
        log10_p: Base-10 logarithms of all p-values that were asked for, shape (tests,); or of the
            smallest of them, with their number.
        family: How many were asked for; null for those that are given.

    Returns:
        Base-10 logarithms of the adjusted ones, at most 0, in the same order.

    Raises:
        ValueError: If fewer were asked for than are given.

    References:
        Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Examples:
        >>> holm([-4.0, -1.0, -300.0]).round(3).tolist()
        [-3.699, -1.0, -299.523]
        >>> holm([-4.0, -300.0], family=3).round(3).tolist()
        [-3.699, -299.523]
    """
    logs = np.asarray(log10_p, dtype=np.float64)
    tests = logs.size if family is None else family
    if tests < logs.size:
        message = f"of {tests} tests there are no {logs.size} p-values"
        raise ValueError(message)
    order = np.argsort(logs, kind="stable")
    steps = logs[order] + np.log10(tests - np.arange(logs.size))
    adjusted = np.empty_like(logs)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 0.0)
    return adjusted
