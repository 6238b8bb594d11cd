"""Writes acceptance.json, the expected values of `acceptance.rs`: bounds of error rates by scipy and statsmodels.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install numpy==1.26.4 scipy==1.12.0 statsmodels==0.15.0
    OMP_NUM_THREADS=1 /tmp/peers/bin/python acceptance.py
"""

import json
import math
import pathlib

import numpy as np
from scipy.stats import beta, binom, hypergeom
from statsmodels.stats.proportion import proportion_confint

HERE = pathlib.Path(__file__).parent
COUNTS = [(0, 1), (1, 1), (0, 22), (3, 10), (10, 10), (7, 250), (40, 1000), (999, 1000), (12, 100000)]
DELTAS = [0.5, 0.1, 0.05, 0.01, 1e-6]


def clopper_pearson():
    cases = []
    for k, n in COUNTS:
        for delta in DELTAS:
            upper = beta.ppf(1 - delta, k + 1, n - k) if k < n else 1.0
            lower = beta.ppf(delta, k, n - k + 1) if k > 0 else 0.0
            low, high = proportion_confint(k, n, alpha=delta, method="beta")
            cases.append({"k": k, "n": n, "delta": delta, "upper": upper, "lower": lower, "low": low, "high": high})
    return cases


def hypergeometric():
    cases = []
    for k, n, pool in [(0, 50, 100), (2, 50, 100), (10, 200, 1000), (0, 1, 1), (5, 5, 40), (3, 100, 5000), (60, 300, 700)]:
        for delta in DELTAS:
            errors = [m for m in range(k, pool - (n - k) + 1) if hypergeom.cdf(k, pool, m, n) > delta]
            cases.append({"k": k, "n": n, "pool": pool, "delta": delta, "upper": max(errors)})
    return cases


def hoeffding_bentkus():
    cases = []
    for n, mean, allowed in [(100, 0.02, 0.1), (250, 0.1, 0.12), (30, 0.0, 0.05), (50, 0.3, 0.2), (1000, 0.045, 0.05)]:
        r = min(mean, allowed)
        part = lambda a, b: a * math.log(a / b) if a > 0 else 0.0
        hoeffding = math.exp(-n * (part(r, allowed) + part(1 - r, 1 - allowed)))
        bentkus = math.e * binom.cdf(math.ceil(round(n * mean, 9)), n, allowed)
        cases.append({"n": n, "mean": mean, "allowed": allowed, "p": min(1.0, hoeffding, bentkus)})
    return cases


def betting():
    """The mean of twenty constant bets, written a second time; no published program has this very grid."""
    rng = np.random.default_rng(7)
    stakes = 0.005 * 190.0 ** (np.arange(20) / 19)
    cases = []
    for n, a, b in [(20, 1, 9), (100, 2, 20), (300, 0.5, 5)]:
        losses = np.round(rng.beta(a, b, n), 6)
        for delta in (0.1, 0.01):
            low, high = losses.mean(), 1.0
            for _ in range(60):
                mid = (low + high) / 2
                logs = np.log1p(stakes[:, None] * (mid - losses[None, :]) / (1 - mid)).sum(1)
                top = logs.max()
                won = top + np.log(np.exp(logs - top).mean()) >= -math.log(delta)
                low, high = (low, mid) if won else (mid, high)
            cases.append({"losses": losses.tolist(), "delta": delta, "upper": high})
    return cases


if __name__ == "__main__":
    content = {
        "clopper_pearson": clopper_pearson(),
        "hypergeometric": hypergeometric(),
        "hoeffding_bentkus": hoeffding_bentkus(),
        "betting": betting(),
    }
    text = json.dumps(content, separators=(",", ":"), default=float, allow_nan=False)
    (HERE / "acceptance.json").write_text(text.replace('},{"', '},\n{"') + "\n")
