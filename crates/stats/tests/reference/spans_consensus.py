"""Writes spans_consensus.json: spans from several annotators, by a second implementation of each model, and F1 by seqeval.

No published package has these models with these priors, so they are written again here, in numpy, from the formulas:
posteriors of spans by summing over every valid sequence of tags, best sequences by trying them all. Run:

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install numpy==1.26.4 scipy==1.12.0 seqeval==1.2.2
    OMP_NUM_THREADS=1 /tmp/reference/bin/python spans_consensus.py
"""

import itertools
import json
import pathlib
import random

import numpy as np
from scipy.special import digamma, gammaln
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

ROUNDS = 25
N_CLASSES = 2
TAGS = 2 * N_CLASSES + 1


def valid(before, tag):
    return tag == 0 or tag % 2 == 1 or before in (tag, tag - 1)


def sequences(n):
    for tags in itertools.product(range(TAGS), repeat=n):
        if all(valid(a, b) for a, b in zip((0,) + tags, tags)):
            yield tags


def spans_of(tags):
    spans = []
    for at, tag in enumerate(tags):
        if tag and tag % 2:
            spans.append([at, at + 1, (tag - 1) // 2])
        elif tag:
            spans[-1][1] = at + 1
    return [tuple(span) for span in spans]


def random_tags(rng, n):
    tags = []
    for _ in range(n):
        before = tags[-1] if tags else 0
        weights = [4 if tag == 0 else 2 if tag % 2 == 0 else 1 for tag in range(TAGS)]
        choices = [tag for tag in range(TAGS) if valid(before, tag)]
        tags.append(rng.choices(choices, [weights[tag] for tag in choices])[0])
    return tags


def make(seed, n_items, n_annotators):
    rng = random.Random(seed)
    items = []
    for _ in range(n_items):
        n = rng.randint(1, 5)
        gold = random_tags(rng, n)
        readings = {}
        for annotator in range(n_annotators):
            if rng.random() < 0.8:
                keep = rng.random() < 0.5 + 0.15 * annotator
                readings[annotator] = gold if keep else random_tags(rng, n)
        items.append((n, gold, readings))
    return items


def dirichlet(counts, prior):
    """Expected logarithms, and the divergence from the prior; a prior of 0 is an impossible outcome."""
    on = prior > 0
    logs = np.full(len(counts), -np.inf)
    logs[on] = digamma(counts[on]) - digamma(counts[on].sum())
    kl = gammaln(counts[on].sum()) - gammaln(prior[on].sum())
    kl += (gammaln(prior[on]) - gammaln(counts[on]) + (counts[on] - prior[on]) * logs[on]).sum()
    return logs, kl


def fit(items, follows, chained, gold_at):
    q = []
    for at, (n, gold, readings) in enumerate(items):
        rows = np.zeros((n, TAGS))
        for tags in readings.values():
            rows[np.arange(n), tags] += 1
        empty = rows.sum(1) == 0
        rows[empty] = 1
        rows /= rows.sum(1, keepdims=True)
        if at in gold_at:
            rows = np.eye(TAGS)[gold]
        q.append(rows)
    pairs = [sum((rows[:-1].T @ rows[1:] for rows in q), np.zeros((TAGS, TAGS))), sum(rows[0] for rows in q)]
    prior = np.full((TAGS, TAGS), 0.1) + np.eye(TAGS) * 1.9
    objective = []
    for _ in range(ROUNDS):
        counts, total = {}, 0.0
        for rows, (n, _, readings) in zip(q, items):
            for annotator, tags in readings.items():
                for at, tag in enumerate(tags):
                    key = (annotator, tags[at - 1] if at and follows else 0)
                    counts.setdefault(key, np.zeros((TAGS, TAGS)))[:, tag] += rows[at]
        logs = {}
        for key, value in counts.items():
            rows = [dirichlet(value[truth] + prior[truth], prior[truth]) for truth in range(TAGS)]
            logs[key] = np.array([row for row, _ in rows])
            total -= sum(kl for _, kl in rows)
        evidence = []
        for at_item, (n, gold, readings) in enumerate(items):
            rows = np.zeros((n, TAGS))
            for annotator, tags in readings.items():
                for at, tag in enumerate(tags):
                    rows[at] += logs[(annotator, tags[at - 1] if at and follows else 0)][:, tag]
            if at_item in gold_at:
                rows[np.eye(TAGS)[gold] == 0] = -np.inf
            evidence.append(rows)
        if chained:
            allowed = np.array([[float(valid(a, b)) for b in range(TAGS)] for a in range(TAGS)])
            steps = [dirichlet((pairs[0][a] + 1) * allowed[a], allowed[a]) for a in range(TAGS)]
            first = dirichlet((pairs[1] + 1) * allowed[0], allowed[0])
            total -= first[1] + sum(kl for _, kl in steps)
            step = np.array([row for row, _ in steps])
            q, pairs = [], [np.zeros((TAGS, TAGS)), np.zeros(TAGS)]
            for rows in evidence:
                weights = {}
                for tags in sequences(len(rows)):
                    log = first[0][tags[0]] + sum(step[a, b] for a, b in zip(tags, tags[1:]))
                    weights[tags] = log + sum(rows[at, tag] for at, tag in enumerate(tags))
                most = max(weights.values())
                z = most + np.log(sum(np.exp(w - most) for w in weights.values()))
                total += z
                marginal = np.zeros_like(rows)
                for tags, w in weights.items():
                    p = np.exp(w - z)
                    marginal[np.arange(len(tags)), tags] += p
                    pairs[1][tags[0]] += p
                    for a, b in zip(tags, tags[1:]):
                        pairs[0][a, b] += p
                q.append(marginal)
            model = (first[0], step)
        else:
            flat = np.ones(TAGS)
            prior_logs, kl = dirichlet(sum(rows.sum(0) for rows in q) + flat, flat)
            total -= kl
            q = []
            for rows in evidence:
                both = rows + prior_logs
                z = np.logaddexp.reduce(both, axis=1)
                total += z.sum()
                q.append(np.exp(both - z[:, None]))
            model = None
        objective.append(total)
    return q, evidence, model, objective


def decode(rows, evidence, model):
    """The best valid sequence by the posteriors of tokens, and the posterior of each of its spans."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(rows, 1e-300))
    n = len(rows)
    best, score, weights = None, -np.inf, {}
    for tags in sequences(n):
        own = sum(logs[at, tag] for at, tag in enumerate(tags))
        if own > score + 1e-9:
            best, score = tags, own
        if model is not None:
            own = model[0][tags[0]] + sum(model[1][a, b] for a, b in zip(tags, tags[1:]))
            own += sum(evidence[at, tag] for at, tag in enumerate(tags))
        weights[tags] = own
    most = max(weights.values())
    z = sum(np.exp(w - most) for w in weights.values())
    found = []
    for span in spans_of(best):
        p = sum(np.exp(w - most) for tags, w in weights.items() if span in spans_of(tags)) / z
        found.append([*span, p])
    return best, found


def two_state(items, n_annotators, gold_at):
    candidates = []
    for at, (_, gold, readings) in enumerate(items):
        distinct = sorted({span for tags in readings.values() for span in spans_of(tags)})
        for span in distinct:
            votes = {a: span in spans_of(tags) for a, tags in readings.items()}
            truth = (span in spans_of(gold)) if at in gold_at else None
            candidates.append((at, span, votes, truth))
    start = [sum(v.values()) / len(v) if t is None else float(t) for _, _, v, t in candidates]
    q = np.array(start)
    prior = np.array([[1.0, 9.0], [6.0, 4.0]])
    rates = np.tile(prior[:, 0] / prior.sum(1), (n_annotators, 1))
    objective = []

    def nobody(votes, state):
        return np.prod([1 - rates[a, state] for a in votes])

    for _ in range(ROUNDS):
        counts = np.tile(prior, (n_annotators, 1, 1))
        for p, (_, _, votes, _) in zip(q, candidates):
            for state, weight in ((0, 1 - p), (1, p)):
                silent = nobody(votes, state)
                for a, vote in votes.items():
                    counts[a, state, 0 if vote else 1] += weight
                    counts[a, state, 1] += weight * silent / (1 - silent)
        rates = counts[:, :, 0] / counts.sum(2)
        share = (q.sum() + 1) / (len(q) + 2)
        total = np.log(share) + np.log(1 - share)
        total += (prior[None, :, 0] * np.log(rates) + prior[None, :, 1] * np.log(1 - rates)).sum()
        for c, (_, _, votes, truth) in enumerate(candidates):
            both = []
            for state, own in ((0, 1 - share), (1, share)):
                likely = np.prod([rates[a, state] if v else 1 - rates[a, state] for a, v in votes.items()])
                both.append(own * likely / (1 - nobody(votes, state)))
            total += np.log(sum(both) if truth is None else both[int(truth)])
            q[c] = both[1] / sum(both) if truth is None else float(truth)
        objective.append(total)
    return [[at, *span, p] for (at, span, _, _), p in zip(candidates, q)], objective


def written(tags):
    return ["O" if not tag else "BI"[tag % 2 == 0] + f"-{(tag - 1) // 2}" for tag in tags]


def main():
    cases = []
    for seed, n_items, n_annotators, gold_at in ((1, 12, 3, ()), (2, 15, 4, (0, 3, 4)), (3, 8, 2, ())):
        items = make(seed, n_items, n_annotators)
        case = {"n_classes": N_CLASSES, "n_annotators": n_annotators, "n_rounds": ROUNDS, "items": []}
        for at, (n, gold, readings) in enumerate(items):
            spans = {str(a): spans_of(tags) for a, tags in readings.items()}
            case["items"].append({"n_tokens": n, "gold": spans_of(gold), "known": at in gold_at, "readings": spans})
        for name, follows, chained in (("token_dawid_skene", False, False), ("previous_tag", True, True)):
            # Items that nobody looked at are no part of the model.
            used = [at for at, item in enumerate(items) if item[2] or at in gold_at]
            known = [used.index(at) for at in gold_at]
            q, evidence, model, objective = fit([items[at] for at in used], follows, chained, known)
            decoded = [((0,) * item[0], []) for item in items]
            for at, rows, own in zip(used, q, evidence):
                decoded[at] = decode(rows, own, model)
            of = [at for at, item in enumerate(items) if item[2]]
            f1 = f1_score(
                [written(items[at][1]) for at in of],
                [written(decoded[at][0]) for at in of],
                mode="strict",
                scheme=IOB2,
            )
            found = [spans for _, spans in decoded]
            case[name] = {"objective": objective, "spans": found, "f1": f1}
        candidates, objective = two_state(items, n_annotators, gold_at)
        case["span_dawid_skene"] = {"objective": objective, "candidates": candidates}
        cases.append(case)
    text = json.dumps(cases, separators=(",", ":"), allow_nan=False, default=float)
    path = pathlib.Path(__file__).parent / "spans_consensus.json"
    path.write_text(text.replace('},{"n_classes"', '},\n{"n_classes"') + "\n")


main()
