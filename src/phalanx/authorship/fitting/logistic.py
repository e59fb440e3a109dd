"""Logistic regression with a ridge, both classes counting alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

Floats = npt.NDArray[np.float64]

_MOST_STEPS = 200


def fit_logistic(
    rows: csr_matrix | Floats,
    is_model: npt.NDArray[np.bool_],
    ridge: float,
    counts: Floats | None = None,
    rising: int = 0,
) -> tuple[Floats, float]:
    r"""Fit a logistic model.

    Minimises $\sum_i s_i \log(1 + e^{-y_i (w x_i + b)}) + \tfrac{1}{2} \lambda |w|^2$, in which the
    $s_i$ of each class add up to half of the number of rows. The intercept is not shrunk.

    Parameters:
        rows: Shape (documents, features).
        is_model: Class of each row; both must occur.
        ridge: $\lambda$, positive.
        counts: How much each row counts beside others of its class; all alike if left out.
        rising: So many of the first weights are held at 0 or above.

    Returns:
        Weights of shape (features,), and the intercept.

    Raises:
        ValueError: If a class does not occur, or the ridge is not positive.

    Examples:
        >>> rows = np.array([[0.0], [1.0], [2.0], [3.0]])
        >>> weights, intercept = fit_logistic(rows, np.array([False, False, True, True]), 0.1)
        >>> bool(weights[0] > 0), round(float(-intercept / weights[0]), 3)
        (True, 1.5)
    """
    if not is_model.any() or is_model.all() or ridge <= 0:
        message = "a logistic model needs both classes and a positive ridge"
        raise ValueError(message)
    signs = np.where(is_model, 1.0, -1.0)
    shares = np.ones(is_model.size) if counts is None else np.array(counts, dtype=np.float64)
    for of_class in (is_model, ~is_model):
        shares[of_class] *= is_model.size / 2.0 / shares[of_class].sum()
    turned = rows.T.tocsr() if isinstance(rows, csr_matrix) else rows.T

    def loss(state: Floats) -> tuple[float, Floats]:
        weights, intercept = state[:-1], state[-1]
        margins = signs * (np.asarray(rows @ weights) + intercept)
        pull = -shares * signs * expit(-margins)
        total = (shares * np.logaddexp(0.0, -margins)).sum() + 0.5 * ridge * weights @ weights
        slope = np.append(np.asarray(turned @ pull) + ridge * weights, pull.sum())
        return float(total), slope

    start = np.zeros(rows.shape[1] + 1)
    bounds = [(0.0, None)] * rising + [(None, None)] * (start.size - rising)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": _MOST_STEPS, "maxcor": 12},
    )  # fmt: skip
    return np.asarray(found.x[:-1]), float(found.x[-1])
