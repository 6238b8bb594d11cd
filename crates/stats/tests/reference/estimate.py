"""Writes estimate.json, the expected values of `estimate.rs`: prediction-powered inference by ppi-python.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install ppi-python==0.2.3 numpy==1.26.4 scipy==1.12.0 \
        statsmodels==0.15.0 scikit-learn==1.7.2
    OMP_NUM_THREADS=1 /tmp/peers/bin/python estimate.py
"""

import json
import pathlib
import sys

sys.modules["coverage"] = None  # numba stumbles over old versions of it
import numpy as np
import ppi_py
import statsmodels.api as sm
from scipy.special import expit

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(20)
num = lambda x: np.round(np.asarray(x, float), 5)


def ends(interval):
    return [np.asarray(end, float).reshape(-1).tolist() for end in interval]


def mean_case(n, n_pool, noise, bias, binary):
    truth = rng.random(n + n_pool)
    y = (rng.random(n + n_pool) < truth).astype(float) if binary else num(truth)
    f = num(np.clip(truth + bias + noise * rng.standard_normal(n + n_pool), 0, 1))
    Y, F, U = y[:n], f[:n], f[n:]
    case = {"human": Y.tolist(), "model": F.tolist(), "pool": U.tolist(), "classical": [Y.mean(), Y.std() / n**0.5]}
    for name, lam in [("tuned", None), ("one", 1), ("zero", 0), ("third", 0.3)]:
        value = float(np.squeeze(ppi_py.ppi_mean_pointestimate(Y, F, U, lam=lam)))
        case[name] = {"value": value, "ends": ends(ppi_py.ppi_mean_ci(Y, F, U, alpha=0.05, lam=lam))}
    return case


def regression_case(n, n_pool, noise, logistic):
    x = num(np.c_[np.ones(n + n_pool), rng.standard_normal((n + n_pool, 2))])
    line = x @ [0.3, 1.0, -0.7]
    if logistic:
        y = (rng.random(n + n_pool) < expit(line)).astype(float)
        f = num(expit(line + noise * rng.standard_normal(n + n_pool)))
    else:
        y = num(line + rng.standard_normal(n + n_pool))
        f = num(y + noise * rng.standard_normal(n + n_pool))
    X, Y, F, XU, FU = x[:n], y[:n], f[:n], x[n:], f[n:]
    interval = ppi_py.ppi_logistic_ci if logistic else ppi_py.ppi_ols_ci
    tight = {"optimizer_options": {"ftol": 1e-16, "gtol": 1e-13, "maxiter": 10000}} if logistic else {}
    case = {"width": 3, "x": X.ravel().tolist(), "human": Y.tolist(), "model": F.tolist()}
    case |= {"x_pool": XU.ravel().tolist(), "pool": FU.tolist()}
    for name, lam in [("tuned", None), ("one", 1), ("third", 0.3), ("zero", 0)]:
        case[name] = ends(interval(X, Y, F, XU, FU, alpha=0.05, lam=lam, **tight))
    fit = (sm.Logit(Y, X) if logistic else sm.OLS(Y, X)).fit(**({"disp": 0, "tol": 1e-14} if logistic else {}))
    case["coefficients"] = fit.params.tolist()
    return case


if __name__ == "__main__":
    content = {
        "mean": [
            mean_case(30, 200, 0.1, 0.0, True),
            mean_case(50, 120, 0.5, 0.2, True),
            mean_case(40, 90, 0.05, -0.1, False),
            mean_case(3, 50, 0.3, 0.0, False),
        ],
        "ols": [regression_case(60, 150, 0.5, False), regression_case(40, 100, 3.0, False)],
        "logistic": [regression_case(80, 200, 0.5, True), regression_case(60, 150, 2.0, True)],
    }
    text = json.dumps(content, separators=(",", ":"), default=float, allow_nan=False)
    (HERE / "estimate.json").write_text(text.replace('},{"', '},\n{"') + "\n")
