"""What Krippendorff's alpha costs in the krippendorff package and in karat: one session, the same kind of ratings.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install krippendorff==0.9.0 'numpy<2'
    cargo build --release -p karat-proof
    OMP_NUM_THREADS=1 /tmp/peers/bin/python agreement.py ../../../target/release/karat-proof

Prints one Markdown table: CPU seconds on both sides, the best of three, and their ratio. The package gives no interval;
karat's column with 1,000 resamples does.
"""

import resource
import subprocess
import sys

import krippendorff
import numpy as np

N_ITEMS, N_ANNOTATORS, N_VALUES = 1_000_000, 5, 5


def draw(seed):
    """The ratings of `bench/proof/src/agreement.rs`, by another generator: rows are annotators, NaN is missing."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, N_VALUES, N_ITEMS)
    shape = (N_ANNOTATORS, N_ITEMS)
    said = np.where(random.random(shape) < 0.7, truth, random.integers(0, N_VALUES, shape)) + 1.0
    said[random.random(shape) < 0.1] = np.nan
    return said


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def theirs(ratings, level):
    least = float("inf")
    for _ in range(3):
        cpu = cpu_seconds()
        alpha = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level)
        least = min(least, cpu_seconds() - cpu)
    return least, alpha


def main():
    ratings = draw(7)
    text = subprocess.run([sys.argv[1], "agreement", "--data", "/"], check=True, capture_output=True, text=True).stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    ours = {(row[0], row[1]): (float(row[2]), row[4]) for row in rows if row[1] in ("0", "1000")}
    print("| alpha | krippendorff CPU s | karat CPU s | times faster | karat with 1,000 resamples CPU s | alphas |")
    print("|---|---|---|---|---|---|")
    for level in ("nominal", "ordinal", "interval", "ratio"):
        cpu, alpha = theirs(ratings, level)
        one, value = ours[level, "0"]
        many, _ = ours[level, "1000"]
        print(f"| {level} | {cpu:.3f} | {one:.3f} | {cpu / one:.1f} | {many:.3f} | {alpha:.4f}, {value} |")


main()
