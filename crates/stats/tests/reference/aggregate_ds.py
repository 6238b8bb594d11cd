"""Writes the expected values of `aggregate_ds.rs`: EM in numpy, written from the formulas, and crowd-kit.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install \
        crowd-kit==1.4.2 numpy==2.4.6 'pandas==2.3.3' 'scikit-learn==1.5.2'
    OMP_NUM_THREADS=1 /tmp/peers/bin/python aggregate_ds.py

The EM here works in logarithms on dense arrays and shares nothing with the code under test but the formulas.
"""

import json
import pathlib

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene, MajorityVote, Wawa

HERE = pathlib.Path(__file__).parent
N_ROUNDS, TOLERANCE = 5000, 1e-13


def draw(seed, n_items, n_annotators, k, votes_per_item):
    """Votes as rows of item, annotator, class; each annotator has a confusion matrix of its own."""
    random = np.random.default_rng(seed)
    confusion = np.stack([random.dirichlet(np.ones(k) + 3 * np.eye(k)[c], n_annotators) for c in range(k)], 1)
    truth = random.choice(k, n_items, p=random.dirichlet(4 * np.ones(k)))
    votes = []
    for item in range(n_items):
        for annotator in random.choice(n_annotators, votes_per_item, replace=False):
            votes.append((item, int(annotator), int(random.choice(k, p=confusion[annotator, truth[item]]))))
    return votes, truth


def pseudo_counts(kind, counts):
    """Pseudo-counts [annotator, truth, answer] for each kind of prior, from the counts where they depend on them."""
    n_annotators, k, _ = counts.shape
    if kind == "nothing":
        return np.zeros_like(counts)
    if kind == "weak":
        return np.tile(1 / k + np.eye(k), (n_annotators, 1, 1))
    pooled = counts.sum(0)
    overall = np.trace(pooled) / pooled.sum()
    skill = (np.trace(counts, axis1=1, axis2=2) + 4 * overall) / (counts.sum((1, 2)) + 4)
    errors = pooled * (1 - np.eye(k))
    totals = errors.sum(1, keepdims=True)
    spread = np.where(totals > 0, errors / np.where(totals > 0, totals, 1), (1 - np.eye(k)) / (k - 1))
    return 5 * (skill[:, None, None] * np.eye(k) + (1 - skill)[:, None, None] * spread)


def normal(counts):
    totals = counts.sum(-1, keepdims=True)
    return np.where(totals > 0, counts / np.where(totals > 0, totals, 1), 1 / counts.shape[-1])


def mixed(kinds, counts):
    """Each annotator's own kind; what is pooled is pooled over those of kind `skill`."""
    pseudo = np.zeros_like(counts)
    for kind in set(kinds):
        of = np.array([it == kind for it in kinds])
        pseudo[of] = pseudo_counts(kind, counts[of])
    return pseudo


def one_coin(counts):
    _, k, _ = counts.shape
    skill = np.trace(counts, axis1=1, axis2=2) / counts.sum((1, 2))
    return skill[:, None, None] * np.eye(k) + ((1 - skill) / (k - 1))[:, None, None] * (1 - np.eye(k))


def em(votes, n_items, n_annotators, k, kinds, class_prior=0.0, gold=None, weights=None):
    """Posterior, class shares, confusions [annotator, truth, answer], and the objective of each round."""
    item, annotator, said = np.array(votes).T
    weights = np.ones(n_annotators) if weights is None else np.array(weights)
    posterior = np.zeros((n_items, k))
    np.add.at(posterior, (item, said), 1)
    voted = posterior.sum(1) > 0
    posterior[voted] /= posterior[voted].sum(1, keepdims=True)
    settled = {} if gold is None else {i: c for i, c in enumerate(gold) if c is not None}
    for i, c in settled.items():
        posterior[i] = np.eye(k)[c]
    objective = []
    for _ in range(N_ROUNDS):
        counts = np.zeros((n_annotators, k, k))
        for truth in range(k):
            np.add.at(counts, (annotator, truth, said), posterior[item, truth])
        if kinds == "one_coin":
            pseudo, confusion, shares = np.zeros_like(counts), one_coin(counts), np.full(k, 1 / k)
        else:
            pseudo = mixed(kinds, counts)
            confusion = normal(counts + pseudo)
            shares = normal(posterior.sum(0) + class_prior)
        with np.errstate(divide="ignore"):
            log_confusion, log_shares = np.log(confusion), np.log(shares)
        joint = np.tile(log_shares, (n_items, 1))
        np.add.at(joint, item, (weights[annotator, None] * log_confusion[annotator, :, said]))
        most = joint.max(1, keepdims=True)
        total = most[:, 0] + np.log(np.exp(joint - most).sum(1))
        likelihood = np.where(voted, total, 0)
        for i, c in settled.items():
            likelihood[i] = joint[i, c]
        with np.errstate(invalid="ignore"):
            prior = (weights[:, None, None] * np.where(pseudo > 0, pseudo * log_confusion, 0)).sum()
        objective.append(float(likelihood.sum() + prior + (class_prior * log_shares).sum()))
        new = np.exp(joint - total[:, None])
        new[~voted] = 0
        for i, c in settled.items():
            new[i] = np.eye(k)[c]
        moved = np.abs(new - posterior).max()
        posterior = new
        if moved <= TOLERANCE:
            break
    return {
        "posterior": posterior.tolist(),
        "prior": shares.tolist(),
        "confusions": confusion.reshape(n_annotators, k * k).tolist(),
        "objective": objective[:8] + objective[-1:],
        "n_rounds": len(objective),
    }


def rounded(value):
    """Twelve digits are enough for 1e-9 and keep the file small."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def main():
    votes, truth = draw(11, 60, 8, 3, 4)
    gold = [int(truth[i]) if i % 7 == 0 else None for i in range(60)]
    weights = [1.0, 0.5, 0.25, 1.0, 0.0, 0.8, 1.0, 0.6]
    size = (votes, 60, 8, 3)
    half = ["skill"] * 4 + ["weak"] * 4
    cases = {
        "dawid_skene_ml": em(*size, ["nothing"] * 8),
        "dawid_skene_ml_gold": em(*size, ["nothing"] * 8, gold=gold),
        "people": em(*size, ["skill"] * 8, 1.0),
        "models": em(*size, ["weak"] * 8, 1.0),
        "mixed": em(*size, half, 1.0),
        "mixed_gold": em(*size, half, 1.0, gold=gold),
        "models_weights": em(*size, ["weak"] * 8, 1.0, gold=gold, weights=weights),
        "people_weights": em(*size, ["skill"] * 8, 1.0, weights=weights),
        "one_coin": em(*size, "one_coin"),
    }
    # Two classes and five votes: no majority is a tie, so that nothing depends on how ties are broken.
    binary, _ = draw(12, 40, 7, 2, 5)
    table = pd.DataFrame(binary, columns=["task", "worker", "label"])

    def theirs(method):
        return method.fit_predict_proba(table).sort_index()[[0, 1]].to_numpy().tolist()

    default = DawidSkene(n_iter=100)
    crowdkit = {
        "votes": [list(vote) for vote in binary],
        "majority": theirs(MajorityVote()),
        "wawa": theirs(Wawa()),
        # A stop rule that never stops: what is left of the differences is its floor of 1e-10 for probabilities.
        "dawid_skene_30": theirs(DawidSkene(n_iter=30, tol=-np.inf)),
        "dawid_skene_default": theirs(default),
        "default_rounds": len(default.loss_history_),
    }
    result = {
        "votes": [list(vote) for vote in votes],
        "gold": gold,
        "weights": weights,
        "cases": cases,
        "crowdkit": crowdkit,
    }
    text = json.dumps(rounded(result), separators=(",", ":"), allow_nan=False)
    (HERE / "aggregate_ds.json").write_text(text.replace('},"', '},\n"') + "\n")
    print({name: case["n_rounds"] for name, case in cases.items()}, crowdkit["default_rounds"])


if __name__ == "__main__":
    main()
