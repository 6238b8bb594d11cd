"""Writes aggregate_models.json: what other programs make of small crowds, for the tests in `../aggregate_models.rs`.

GLAD and MACE by crowd-kit, CROWDLAB by cleanlab, IBCC and EBCC and the evidence bounds by numpy from the papers' formulas.
Run it in an environment of its own; the results are committed, so the tests need no Python:

    python3.11 -m venv /tmp/reference && /tmp/reference/bin/pip install \
        crowd-kit==1.4.2 cleanlab==2.9.0 numpy==1.26.4 scipy==1.12.0 pandas==2.3.3 scikit-learn==1.7.2 pyarrow==17.0.0
    OMP_NUM_THREADS=1 /tmp/reference/bin/python aggregate_models.py
"""

import json
import pathlib
import warnings

import numpy as np
import pandas as pd
from cleanlab.multiannotator import get_label_quality_multiannotator
from crowdkit.aggregation import GLAD, MACE
from scipy.special import digamma, gammaln

HERE = pathlib.Path(__file__).parent
warnings.filterwarnings("ignore")
MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def unit(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def crowd(seed, n_items, n_annotators, k, share):
    """Votes in order of item, then annotator; every item has at least two votes and every annotator one."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n_items)
    skill = rng.uniform(0.4, 0.95, n_annotators)
    votes = []
    for i in range(n_items):
        takers = sorted(rng.choice(n_annotators, max(2, rng.binomial(n_annotators, share)), replace=False))
        for j in takers:
            right = rng.random() < skill[j]
            votes.append([i, int(j), int(truth[i] if right else rng.integers(0, k))])
    assert len({j for _, j, _ in votes}) == n_annotators
    return np.array(votes), truth


def frame(votes):
    return pd.DataFrame(votes, columns=["task", "worker", "label"])


def shares(votes, n, k):
    q = np.zeros((n, k))
    np.add.at(q, (votes[:, 0], votes[:, 2]), 1)
    return q / q.sum(1, keepdims=True)


def columns(probas, k):
    return probas.reindex(columns=range(k)).sort_index().to_numpy()


def glad(votes, k):
    # The loss of the first round is not divided by the number of rows and that of the others is: with any usual
    # tolerance it stops after one or two rounds. A negative one makes it run to the end.
    model = GLAD(n_iter=150, tol=-1e9, silent=True, m_step_max_iter=200, m_step_tol=1e-13).fit(frame(votes))
    return {
        "posterior": columns(model.probas_, k),
        "skill": model.alphas_.sort_index().to_numpy(),
        "difficulty": np.exp(-model.betas_.sort_index().to_numpy()),
    }


def mace_crowdkit(votes, k):
    # Habits are counted by annotator and label in the order of their names and read in the order of their first votes:
    # with any other names the habits of annotators are mixed up. So names are given in the order of first votes.
    names = [{name: at for at, name in enumerate(dict.fromkeys(votes[:, column]))} for column in (1, 2)]
    renamed = np.array([[i, names[0][j], names[1][l]] for i, j, l in votes])
    # One start: its restarts are all the same.
    probas = columns(MACE(n_restarts=1, n_iter=400).fit(frame(renamed)).probas_, k)
    return probas[:, [names[1][label] for label in range(k)]]


def dirichlet_kl(after, before):
    a, b = np.asarray(after, float), np.asarray(before, float)
    return (
        gammaln(a.sum(-1)) - gammaln(a).sum(-1) - gammaln(b.sum(-1)) + gammaln(b).sum(-1)
        + ((a - b) * (digamma(a) - digamma(a.sum(-1, keepdims=True)))).sum(-1)
    )


def mace_bound(votes, n, w, k, n_rounds):
    """The evidence bound round by round from a start at which everybody knows half of the time."""
    i, j, l = votes.T
    know, spam, habit = np.full(w, 0.5), np.full(w, 0.5), np.full((w, k), 1 / k)
    bounds = []
    for r in range(n_rounds + 1):
        like = (spam[j] * habit[j, l])[:, None] + know[j][:, None] * np.eye(k)[l]
        log = np.full((n, k), -np.log(k))
        np.add.at(log, i, np.log(like))
        evidence = np.logaddexp.reduce(log, axis=1)
        q = np.exp(log - evidence[:, None])
        if r:
            kl = dirichlet_kl(np.stack([n_know + 0.5, n_spam + 0.5], -1), np.full((w, 2), 0.5)).sum()
            kl += dirichlet_kl(n_habit + 10, np.full((w, k), 10.0)).sum()
            bounds.append(evidence.sum() - kl)
        knew = q[np.arange(n)[i], l] * know[j] / (know[j] + spam[j] * habit[j, l])
        n_know, n_spam, n_habit = np.zeros(w), np.zeros(w), np.zeros((w, k))
        np.add.at(n_know, j, knew)
        np.add.at(n_spam, j, 1 - knew)
        np.add.at(n_habit, (j, l), 1 - knew)
        total = digamma(n_know + n_spam + 1)
        know, spam = np.exp(digamma(n_know + 0.5) - total), np.exp(digamma(n_spam + 0.5) - total)
        habit = np.exp(digamma(n_habit + 10) - digamma((n_habit + 10).sum(1, keepdims=True)))
    return {"posterior": q, "bound": bounds}


def bcc(votes, n, w, k, start, n_rounds):
    """Variational Bayes with subtypes; `start` is items by classes by subtypes."""
    i, j, l = votes.T
    m = start.shape[2]
    prior = np.where(np.eye(k, dtype=bool), 4.0, 1.0)  # class by answer
    q, bounds = start, []
    for _ in range(n_rounds):
        n_class, n_sub = 1 + q.sum((0, 2)), 0.1 / m + q.sum(0)
        n_answer = np.zeros((w, k, m, k)) + prior[None, :, None, :]
        for vote in range(len(votes)):
            n_answer[j[vote], :, :, l[vote]] += q[i[vote]]
        e_class = digamma(n_class) - digamma(n_class.sum())
        e_sub = digamma(n_sub) - digamma(n_sub.sum(1, keepdims=True))
        e_answer = digamma(n_answer) - digamma(n_answer.sum(3, keepdims=True))
        log = np.tile(e_class[:, None] + e_sub, (n, 1, 1))
        for vote in range(len(votes)):
            log[i[vote]] += e_answer[j[vote], :, :, l[vote]]
        # The bound written out: expected log joint density plus entropies, nothing simplified.
        flat = log.reshape(n, -1)
        q = np.exp(flat - np.logaddexp.reduce(flat, axis=1)[:, None]).reshape(n, k, m)
        bound = (q * log).sum() - (q * np.log(np.maximum(q, 1e-300))).sum()
        bound -= dirichlet_kl(n_class, np.ones(k)).sum() + dirichlet_kl(n_sub, np.full((k, m), 0.1 / m)).sum()
        bound -= dirichlet_kl(n_answer, np.broadcast_to(prior[None, :, None, :], n_answer.shape)).sum()
        bounds.append(bound)
    confusion = np.einsum("km,jkml->jkl", *[
        (0.1 / m + q.sum(0)) / (0.1 / m + q.sum(0)).sum(1, keepdims=True),
        again(votes, q, w, k, prior),
    ])
    return {"posterior": q.sum(2), "bound": bounds, "confusion": confusion.reshape(w, -1)}


def again(votes, q, w, k, prior):
    n_answer = np.zeros((w, k, q.shape[2], k)) + prior[None, :, None, :]
    for i, j, l in votes:
        n_answer[j, :, :, l] += q[i]
    return n_answer / n_answer.sum(3, keepdims=True)


def ebcc_start(votes, n, k, seed):
    random, m = SplitMix64(seed), 10
    draws = np.array([[[-np.log(1 - random.unit()) for _ in range(m)] for _ in range(k)] for _ in range(n)])
    return draws / draws.sum(2, keepdims=True) * shares(votes, n, k)[:, :, None]


def ordinal(votes, n, w, k, n_rounds):
    """Dawid-Skene with rows drawn towards a two-sided geometric distribution around truth plus bias."""
    i, j, l = votes.T
    q = shares(votes, n, k)
    step = np.arange(k)[None, :] - np.arange(k)[:, None]  # truth by answer

    def lean(counts, bias, spread):
        total = 4 + counts.sum()
        b = (4 * bias + (counts * step).sum()) / total
        return b, (4 * spread + (counts * abs(step - b)).sum()) / total

    def rows(q):
        counts = np.zeros((w, k, k))
        for vote in range(len(votes)):
            counts[j[vote], :, l[vote]] += q[i[vote]]
        pool = lean(counts.sum(0), 0.0, 0.5)
        out = []
        for own in counts:
            bias, spread = lean(own, *pool)
            ratio = spread / (1 + np.sqrt(1 + spread**2))
            center = np.clip(np.arange(k) + bias, 0, k - 1)
            weight = ratio ** abs(np.arange(k)[None, :] - center[:, None])
            prior = 0.05 / k + 0.95 * weight / weight.sum(1, keepdims=True)
            own = own + 2.0 * prior
            out.append(own / own.sum(1, keepdims=True))
        return np.array(out)

    pi = rows(q)
    for _ in range(n_rounds):
        share = 1 + q.sum(0)
        log = np.tile(np.log(share / share.sum()), (n, 1))
        np.add.at(log, i, np.log(pi[j, :, l]))
        q = np.exp(log - np.logaddexp.reduce(log, axis=1)[:, None])
        pi = rows(q)
    return {"posterior": q, "confusion": pi.reshape(w, -1)}


def crowdlab(votes, truth, n, w, k, seed):
    rng = np.random.default_rng(seed)
    model = rng.dirichlet(np.ones(k), n) * 0.5
    model[np.arange(n), np.where(rng.random(n) < 0.75, truth, rng.integers(0, k, n))] += 0.5
    return weighed(votes, model, n, w)


def crowdlab_ties(seed, n, w):
    """Two votes an item on three classes; the model favors one class and holds the other two for equal."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    votes = []
    for i in range(n):
        for j in sorted(rng.choice(w, 2, replace=False)):
            right = rng.random() < 0.5 + 0.05 * j
            votes.append([i, int(j), int(truth[i] if right else rng.choice(3, p=[0.5, 0.3, 0.2]))])
    votes = np.array(votes)
    model = np.full((n, 3), 0.25)
    model[np.arange(n), np.where(rng.random(n) < 0.6, truth, rng.integers(0, 3, n))] = 0.5
    with warnings.catch_warnings():
        # It says so where it draws a class at random.
        warnings.filterwarnings("error", message="breaking ties")
        found = weighed(votes, model, n, w)
    return {"n_items": n, "n_annotators": w, "n_classes": 3, "votes": votes, "crowdlab": found}


def weighed(votes, model, n, w):
    wide = np.full((n, w), np.nan)
    wide[votes[:, 0], votes[:, 1]] = votes[:, 2]
    found = get_label_quality_multiannotator(wide, model, return_weights=True, verbose=False)
    items, stats = found["label_quality"], found["annotator_stats"].sort_index()
    quality = found["detailed_label_quality"].to_numpy()
    return {
        "model": model.ravel(),
        "consensus": items["consensus_label"].to_numpy(),
        "quality": items["consensus_quality_score"].to_numpy(),
        "agreement": items["annotator_agreement"].to_numpy(),
        "label_quality": quality[votes[:, 0], votes[:, 1]],
        "annotators": stats["annotator_quality"].to_numpy(),
        "model_weight": found["model_weight"],
        "annotator_weights": found["annotator_weight"],
    }


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return int(value) if isinstance(value, np.integer) else value


def main():
    cases = []
    for seed, n, w, k, share in [(1, 40, 8, 3, 0.6), (2, 60, 7, 2, 0.7), (3, 30, 12, 4, 0.35)]:
        votes, truth = crowd(seed, n, w, k, share)
        start = shares(votes, n, k)[:, :, None]
        cases.append({
            "n_items": n, "n_annotators": w, "n_classes": k, "votes": votes,
            "glad": glad(votes, k),
            "mace_crowdkit": mace_crowdkit(votes, k),
            "mace": mace_bound(votes, n, w, k, 12),
            "ibcc": bcc(votes, n, w, k, start, 9),
            "ebcc": bcc(votes, n, w, k, ebcc_start(votes, n, k, seed), 9),
            "ordinal": ordinal(votes, n, w, k, 6),
            "crowdlab": crowdlab(votes, truth, n, w, k, seed),
        })
    ties = crowdlab_ties(4, 50, 6)
    text = json.dumps(plain({"cases": cases, "ties": ties}), separators=(",", ":"), allow_nan=False)
    (HERE / "aggregate_models.json").write_text(text.replace('},"', '},\n"') + "\n")


main()
