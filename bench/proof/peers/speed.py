"""What aggregation costs in crowd-kit and in karat: one session, the same kind of votes.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install crowd-kit==1.4.2 'pandas<3' 'scikit-learn<1.6'
    cargo build --release -p karat-proof
    OMP_NUM_THREADS=1 /tmp/peers/bin/python speed.py ../../../target/release/karat-proof

Prints one Markdown table: CPU seconds (user and system) and the growth of the peak memory on both sides, and their ratio.
Each crowd-kit method runs in a process of its own, so that the peak is its own. Its estimators read scikit-learn; those from
1.6 on refuse them.
"""

import multiprocessing
import pathlib
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from crowdkit.aggregation import GLAD, MACE, DawidSkene, MajorityVote, OneCoinDawidSkene, Wawa

N_ITEMS, FEW_ITEMS, VOTES_PER_ITEM, N_ANNOTATORS, N_CLASSES, N_ROUNDS = 1_000_000, 10_000, 5, 200, 4, 20
PEERS = {
    "majority": (N_ITEMS, MajorityVote),
    "wawa": (N_ITEMS, Wawa),
    "one_coin": (N_ITEMS, lambda: OneCoinDawidSkene(n_iter=N_ROUNDS)),
    "dawid_skene": (N_ITEMS, lambda: DawidSkene(n_iter=N_ROUNDS)),
    "mace": (N_ITEMS, lambda: MACE(n_restarts=1, n_iter=N_ROUNDS)),
    # With its usual tolerance it stops after one or two rounds: the first loss is not divided by the number of rows.
    "glad": (FEW_ITEMS, lambda: GLAD(n_iter=10, tol=-1e9, silent=True)),
}


def draw(n_items, seed):
    """The votes of `bench/proof/src/speed.rs`, by another generator."""
    random = np.random.default_rng(seed)
    accuracy = random.uniform(0.55, 0.95, N_ANNOTATORS)
    truth = random.integers(0, N_CLASSES, n_items)
    item = np.repeat(np.arange(n_items), VOTES_PER_ITEM)
    worker = random.integers(0, N_ANNOTATORS, item.size)
    right = random.random(item.size) < accuracy[worker]
    shift = random.integers(1, N_CLASSES, item.size)
    label = np.where(right, truth[item], (truth[item] + shift) % N_CLASSES)
    return pd.DataFrame({"task": item, "worker": worker, "label": label}), truth


def megabytes(field):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1e3
    raise ValueError(field)


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(name, queue):
    n_items, make = PEERS[name]
    votes, truth = draw(n_items, 7)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before, cpu, wall = megabytes("VmRSS:"), cpu_seconds(), time.perf_counter()
    method = make()
    answer = method.fit_predict(votes)
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    losses = getattr(method, "loss_history_", [])
    accuracy = float((answer.sort_index().to_numpy() == truth).mean())
    queue.put((cpu, wall, megabytes("VmHWM:") - before, len(losses), accuracy))


def ours(binary):
    """The rows of the proof: method, voters, items, rounds, CPU, wall, memory, accuracy."""
    text = subprocess.run([binary, "speed", "--data", "/"], check=True, capture_output=True, text=True).stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def main():
    theirs = {}
    for name in PEERS:
        queue = multiprocessing.get_context("spawn").Queue()
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(name, queue))
        process.start()
        theirs[name] = queue.get()
        process.join()
    print("| method | voters | items | rounds | karat CPU s | crowd-kit CPU s (rounds) | ratio | karat MB | crowd-kit MB | karat accuracy | crowd-kit accuracy |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, voters, items, rounds, cpu, _, memory, accuracy in ours(sys.argv[1]):
        if name in theirs:
            their_cpu, _, their_memory, their_rounds, their_accuracy = theirs[name]
            print(
                f"| {name} | {voters} | {items} | {rounds} | {cpu} | {their_cpu:.2f} ({their_rounds or 1}) | {their_cpu / float(cpu):.1f} x"
                f" | {memory} | {their_memory:.0f} | {accuracy} | {their_accuracy:.4f} |"
            )


if __name__ == "__main__":
    main()
