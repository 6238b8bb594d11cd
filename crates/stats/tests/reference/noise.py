"""Writes noise.json for the test `noise.rs`: what cleanlab finds in seeded data without ties.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install numpy==1.26.4 cleanlab==2.9.0
    /tmp/reference/bin/python noise.py
"""

import json
import pathlib
import warnings

import numpy as np
from cleanlab.count import compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

HERE = pathlib.Path(__file__).parent
FILTERS = ["prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given",
           "low_self_confidence", "low_normalized_margin"]
SCORES = ["self_confidence", "normalized_margin", "confidence_weighted_entropy"]
warnings.filterwarnings("ignore")


def case(seed, n, k, noise, sharpness):
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    given = np.where(random.random(n) < noise, (truth + random.integers(1, k, n)) % k, truth)
    given[:k] = np.arange(k)
    logits = random.normal(size=(n, k)) + sharpness * np.eye(k)[truth]
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    p = np.round(p, 6)
    counts, off = compute_confident_joint(given, p, return_indices_of_off_diagonals=True)
    found = {name: np.flatnonzero(find_label_issues(given, p, filter_by=name, n_jobs=1)) for name in FILTERS}
    return {
        "n_classes": k,
        "given": given.tolist(),
        "p": p.ravel().tolist(),
        "counts": counts.ravel().tolist(),
        "thresholds": get_confident_thresholds(given, p).tolist(),
        "found": {name: items.tolist() for name, items in found.items()},
        "scores": {name: get_label_quality_scores(given, p, method=name, adjust_pred_probs=False)[:20].tolist()
                   for name in SCORES},
    }


cases = [case(1, 120, 3, 0.15, 2.0), case(2, 200, 5, 0.3, 1.5), case(3, 60, 2, 0.1, 1.0), case(4, 150, 4, 0.5, 0.5)]
(HERE / "noise.json").write_text(json.dumps(cases, separators=(",", ":")).replace('},{"', '},\n{"') + "\n")
