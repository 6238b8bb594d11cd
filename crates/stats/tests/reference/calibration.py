"""Writes calibration.json: the expected values of `../calibration.rs`, computed by published implementations.

Run it in an environment of its own; the results are committed, so the tests need no Python:

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install numpy==1.26.4 scipy==1.12.0 scikit-learn==1.7.2 \
        statsmodels==0.15.0 venn-abers==1.5.4
    OMP_NUM_THREADS=1 /tmp/peers/bin/python calibration.py

scikit-learn: isotonic regression, Platt's targets, Brier score, log loss, AUROC, calibration curves. statsmodels: the
logistic regressions to the last digits (scikit-learn stops its Platt fit early, at about 1e-4). scipy: temperatures.
venn-abers: both probabilities. numpy, written here from the definitions: ECE, AURC, Brier parts.
"""

import json
import pathlib
import sys

sys.modules["pyarrow"] = None  # not needed, and built for another numpy in some environments

import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn.calibration import _SigmoidCalibration, calibration_curve
from sklearn.isotonic import IsotonicRegression
from venn_abers import calc_p0p1, calc_probs

HERE = pathlib.Path(__file__).parent
EDGE = 1e-6
QUERIES = np.array([0.0, 0.1234, 0.5, 0.6, 0.7777, 0.9, 0.95, 0.999, 1.0])


def logit(p):
    p = np.clip(p, EDGE, 1 - EDGE)
    return np.log(p) - np.log1p(-p)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def mean_one(w):
    return w * len(w) / w.sum()


def platt_targets(y, w):
    right, wrong = w[y == 1].sum(), w[y == 0].sum()
    return np.where(y == 1, (right + 1) / (right + 2), 1 / (wrong + 2))


def regression(columns, targets, w):
    """Logistic regression with targets between 0 and 1, as a weighted binomial GLM."""
    x = sm.add_constant(np.column_stack(columns), has_constant="add")
    fit = sm.GLM(targets, x, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-15, maxiter=300)
    return fit.params


def ece(s, y, w, bins):
    total, most = 0.0, 0.0
    for b in np.unique(bins):
        m = bins == b
        gap = abs(np.sum(w[m] * (s[m] - y[m])))
        total += gap
        most = max(most, gap / w[m].sum())
    return total / w.sum(), most


def equal_width(s, n_bins):
    return np.minimum(np.searchsorted(np.arange(n_bins + 1) / n_bins, s, side="right") - 1, n_bins - 1)


def equal_mass(s, w, n_bins):
    """The bin in which the middle of the mass of each distinct score lies."""
    values, place = np.unique(s, return_inverse=True)
    mass = np.bincount(place, weights=w)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return np.minimum((middle * n_bins).astype(int), n_bins - 1)[place]


def aurc(s, y):
    """The mean risk over all prefixes; only for scores without ties."""
    order = np.argsort(-s, kind="stable")
    return np.mean(np.cumsum(1 - y[order]) / np.arange(1, len(s) + 1))


def brier_parts(s, y, w, bins):
    base = np.average(y, weights=w)
    reliability = resolution = 0.0
    for b in np.unique(bins):
        m = bins == b
        share, rate, said = w[m].sum() / w.sum(), np.average(y[m], weights=w[m]), np.average(s[m], weights=w[m])
        reliability += share * (said - rate) ** 2
        resolution += share * (rate - base) ** 2
    return [reliability, resolution, base * (1 - base)]


def histogram(s, y, queries):
    """Ten bins of equal mass, smoothed; neighbors that fall are pooled as in isotonic regression."""
    w = np.ones(len(s))
    bins = equal_mass(s, w, min(10, len(s) // 10))
    blocks = []
    for b in np.unique(bins):
        m = bins == b
        blocks.append([s[m].min(), s[m].max(), m.sum(), y[m].sum()])
        while len(blocks) > 1 and (blocks[-2][3] + 1) / (blocks[-2][2] + 2) >= (blocks[-1][3] + 1) / (blocks[-1][2] + 2):
            last = blocks.pop()
            blocks[-1] = [blocks[-1][0], last[1], blocks[-1][2] + last[2], blocks[-1][3] + last[3]]
    lows = [0.0] + [(a[1] + b[0]) / 2 for a, b in zip(blocks, blocks[1:])]
    values = np.array([(b[3] + 1) / (b[2] + 2) for b in blocks])
    return values[np.searchsorted(lows, queries, side="right") - 1]


def case(name, s, y, w=None):
    weighted = w is not None
    w = np.ones(len(s)) if w is None else w
    v = mean_one(w)
    z = logit(s)
    out = {"name": name, "score": s, "right": y, "weight": w if weighted else None}

    fit = minimize_scalar(
        lambda cold: np.sum(v * (np.logaddexp(0, cold * z) - y * cold * z)),
        bracket=(0.5, 1.0), options={"xtol": 1e-12}, method="brent",
    )
    out["temperature"] = 1 / fit.x
    targets = platt_targets(y, v)
    intercept, slope = regression([z], targets, v)
    out["platt"] = [slope, intercept]
    sk = _SigmoidCalibration().fit(z, y, sample_weight=v)
    out["platt_sklearn"] = sk.predict(logit(QUERIES))
    inside = np.clip(s, EDGE, 1 - EDGE)
    c, a, b = regression([np.log(inside), -np.log1p(-inside)], targets, v)
    if min(a, b) >= 0:
        out["beta"] = [a, b, c]
    iso = IsotonicRegression(out_of_bounds="clip").fit(s, y, sample_weight=v)
    out["isotonic"] = iso.predict(QUERIES)
    if not weighted:
        out["histogram"] = histogram(s, y, QUERIES)
        p0, p1, c = calc_p0p1(np.column_stack([1 - s, s]), y)
        _, p0p1 = calc_probs(p0, p1, c, np.column_stack([1 - QUERIES, QUERIES]))
        p, _ = calc_probs(p0, p1, c, np.column_stack([1 - QUERIES, QUERIES]))
        out["venn_abers"] = {"p0": p0p1[:, 0], "p1": p0p1[:, 1], "p": p[:, 1]}
        # A score on a border belongs to the bin below in calibration_curve, to the one above here: none is on one.
        if not np.isin(np.round(s * 15, 9) % 1, [0]).any():
            true, said = calibration_curve(y, s, n_bins=15, strategy="uniform")
            out["curve_uniform"] = [said, true]
        if len(np.unique(s)) == len(s):
            true, said = calibration_curve(y, s, n_bins=10, strategy="quantile")
            out["curve_quantile"] = [said, true]
            out["aurc"] = aurc(s, y)

    wide, mass = equal_width(s, 15), equal_mass(s, v, 15)
    out["ece"], _ = ece(s, y, v, wide)
    out["ece_equal_mass"], out["max_error"] = ece(s, y, v, mass)
    out["brier_parts"] = brier_parts(s, y, v, wide)
    out["brier"] = metrics.brier_score_loss(y, s, sample_weight=v)
    out["log_loss"] = metrics.log_loss(y, inside, sample_weight=v)
    out["auroc"] = metrics.roc_auc_score(y, s, sample_weight=v)
    return out


def classes(rng):
    """Distributions over four classes, too sure by a factor of 1.7 and leaning to the first class."""
    z = rng.normal(size=(250, 4)) * 1.5 + np.array([0.5, 0, 0, -0.5])
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    gold = np.array([rng.choice(4, p=row) for row in p])
    sharp = p**1.7 / (p**1.7).sum(1, keepdims=True)
    logs = np.log(np.maximum(sharp, EDGE))

    def loss(cold):
        scaled = cold * logs
        return np.sum(np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(250), gold])

    cold = minimize_scalar(loss, bracket=(0.5, 1.0), options={"xtol": 1e-12}, method="brent").x
    per_class = [ece(sharp[:, k], (gold == k) * 1.0, np.ones(250), equal_width(sharp[:, k], 15))[0] for k in range(4)]
    return {
        "rows": sharp.ravel(), "gold": gold, "temperature": 1 / cold,
        "brier": metrics.brier_score_loss(gold, sharp, scale_by_half=False, labels=range(4)),
        "log_loss": metrics.log_loss(gold, np.maximum(sharp, EDGE), labels=range(4)),
        "classwise_ece": np.mean(per_class),
    }


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, np.floating):
        return float(value)
    return int(value) if isinstance(value, np.integer) else value


def main():
    rng = np.random.default_rng(20240607)
    cases = []

    def add(name, s, truth, w=None):
        cases.append(case(name, s, (rng.random(len(s)) < truth(s)).astype(float), w))

    s = np.round(rng.beta(5, 1, 300), 6)
    add("too sure, no ties", s, lambda s: s**2)
    s = np.round(rng.random(40), 6)
    add("few items", s, lambda s: s)
    s = rng.choice([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0], 200, p=[0.05, 0.05, 0.1, 0.2, 0.2, 0.15, 0.25])
    add("stated numbers, all tie", s, lambda s: 0.4 + 0.4 * s)
    s = np.round(rng.beta(2, 1, 150), 2)
    add("weighted, some ties", s, lambda s: 0.2 + 0.7 * s, np.round(rng.exponential(size=150) + 0.1, 3))
    text = json.dumps(
        plain({"queries": QUERIES, "cases": cases, "classes": classes(rng)}), separators=(",", ":"), allow_nan=False
    )
    (HERE / "calibration.json").write_text(text.replace('},{"', '},\n{"') + "\n")


if __name__ == "__main__":
    main()
