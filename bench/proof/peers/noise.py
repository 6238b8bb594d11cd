"""Times cleanlab on a million items with ten classes, made as `karat-proof noise` makes them.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install numpy==1.26.4 cleanlab==2.9.0
    OMP_NUM_THREADS=1 /tmp/peers/bin/python noise.py
"""

import time
import warnings

import numpy as np
from cleanlab.filter import find_label_issues

warnings.filterwarnings("ignore")
random = np.random.default_rng(7)
n, k = 1_000_000, 10
truth = random.integers(0, k, n)
wrong = random.random(n) < 0.08
given = np.where(wrong, (truth + random.integers(1, k, n)) % k, truth)
p = random.random((n, k)) + 5.0 * np.eye(k)[truth]
p /= p.sum(axis=1, keepdims=True)
print("| filter | CPU s | wall s | found |\n|---|---|---|---|")
for name in ["prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given",
             "low_self_confidence", "low_normalized_margin"]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = find_label_issues(given, p, filter_by=name, n_jobs=1).sum()
    print(f"| `{name}` | {time.process_time() - cpu:.3f} | {time.perf_counter() - wall:.3f} | {found} |")
