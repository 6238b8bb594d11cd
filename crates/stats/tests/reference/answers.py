"""Writes answers.json, the expected values of `tests/answers.rs`: rankings, texts, boxes and their peers' numbers.

Run it in an environment of its own; the results are committed, so the tests need no Python:

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install \
        numpy==2.4.6 scipy==1.17.1 choix==0.4.1 nltk==3.10.4 crowd-kit==1.4.2 ensemble-boxes==1.0.9 pandas==2.2.3
    OMP_NUM_THREADS=1 /tmp/reference/bin/python answers.py
"""

import json
import pathlib
import random
import warnings

import choix
import numpy as np
import pandas as pd
from crowdkit.aggregation import HRRASA, RASA, ROVER
from crowdkit.aggregation.pairwise.noisy_bt import NoisyBradleyTerry
from ensemble_boxes import weighted_boxes_fusion
from nltk.metrics import edit_distance
from nltk.translate.gleu_score import sentence_gleu
from scipy.optimize import linear_sum_assignment, minimize
from scipy.special import expit

warnings.filterwarnings("ignore")
rng = random.Random(7)
nrng = np.random.default_rng(7)


# ---- rankings


def pairs(n_items, n, ties=0.0):
    """Votes (first, second, outcome, annotator); outcome 0 is the first, 1 the second, 2 a tie."""
    strength = [rng.gauss(0, 1) for _ in range(n_items)]
    votes = []
    for _ in range(n):
        a, b = rng.sample(range(n_items), 2)
        annotator = rng.randrange(3)
        if rng.random() < ties:
            votes.append((a, b, 2, annotator))
        else:
            # Annotator 2 looks at every second pair only, and else takes the first.
            p = expit(strength[a] - strength[b])
            p = 0.5 * p + 0.45 if annotator == 2 else p
            votes.append((a, b, 0 if rng.random() < p else 1, annotator))
    return votes


def wins(votes):
    return [(a, b) if outcome == 0 else (b, a) for a, b, outcome, _ in votes]


def centered(params, n_items):
    return list(np.asarray(params)[:n_items] - np.mean(np.asarray(params)[:n_items]))


def bradley_terry():
    cases = []
    for n_items, n in [(3, 30), (6, 120), (12, 600)]:
        votes = pairs(n_items, n)
        data = wins(votes)
        # A win and a loss of every item against one more item are two virtual ties of our prior.
        virtual = data + [pair for item in range(n_items) for pair in ((item, n_items), (n_items, item))]
        sd = 1.5
        gaussian = choix.opt_pairwise(n_items, data, alpha=0.5 / sd**2, method="Newton-CG", tol=1e-12)
        cases.append(
            {
                "n_items": n_items,
                "votes": votes,
                "ml": centered(choix.mm_pairwise(n_items, data, tol=1e-13, max_iter=200000), n_items),
                "virtual": centered(choix.mm_pairwise(n_items + 1, virtual, tol=1e-13, max_iter=200000), n_items),
                "gaussian": centered(gaussian, n_items),
            }
        )
    return cases


def davidson():
    """Davidson's model with position term and its standard errors, from its formula by scipy: no peer has both."""
    n_items, cases = 5, []
    for n, ties in [(200, 0.1), (400, 0.3)]:
        votes = pairs(n_items, n, ties)

        def loss(x, votes=votes):
            s, delta, log_nu = np.append(x[: n_items - 1], 0.0), x[n_items - 1], x[n_items]
            total = 0.0
            for a, b, outcome, _ in votes:
                logits = np.array([s[a] + delta / 2, s[b] - delta / 2, log_nu + (s[a] + s[b]) / 2])
                total -= logits[outcome] - np.logaddexp.reduce(logits)
            return total

        x = minimize(loss, np.zeros(n_items + 1), method="BFGS", options={"gtol": 1e-7}).x
        h, k = 1e-4, n_items + 1
        eye = np.eye(k) * h
        hessian = np.array(
            [
                [
                    (loss(x + a + b) - loss(x + a - b) - loss(x - a + b) + loss(x - a - b)) / (4 * h * h)
                    for b in eye
                ]
                for a in eye
            ]
        )
        cov = np.linalg.inv(hessian)
        # From strengths against the last item to strengths against the mean.
        center = np.eye(n_items)[:, : n_items - 1] - 1 / n_items
        errors = np.sqrt(np.diag(center @ cov[: n_items - 1, : n_items - 1] @ center.T))
        cases.append(
            {
                "n_items": n_items,
                "votes": votes,
                "strengths": centered(np.append(x[: n_items - 1], 0.0), n_items),
                "errors": list(errors),
                "position": x[n_items - 1],
                "position_error": cov[n_items - 1, n_items - 1] ** 0.5,
                "log_nu": x[n_items],
                "log_nu_error": cov[n_items, n_items] ** 0.5,
                "log_likelihood": -loss(x),
            }
        )
    return cases


def noisy():
    """crowd-kit's likelihood with normal priors, by scipy: its own gradient is written to the wrong places (one before
    the annotators' own), and its regularization has the sign that drives strengths apart."""
    n_items, n_annotators = 6, 3
    votes = pairs(n_items, 600)
    data = np.array([(a + 1, b + 1, (a if outcome == 0 else b) + 1) for a, b, outcome, _ in votes])
    who = np.array([annotator for *_, annotator in votes])
    sd, mean, gamma_sd, q_sd = 2.0, np.log(0.8 / 0.2), 1.5, 1.0

    def likelihood(x):
        return NoisyBradleyTerry._compute_log_likelihood(x, data, who, n_items, n_annotators, 0.0)

    def loss(y):
        s, q, gamma = y[:n_items], y[n_items : n_items + n_annotators], y[n_items + n_annotators :]
        prior = (s @ s) / sd**2 + (q @ q) / q_sd**2 + ((gamma - mean) @ (gamma - mean)) / gamma_sd**2
        return likelihood(np.append(0.0, y)) + prior / 2

    start = np.append(np.zeros(n_items + n_annotators), np.full(n_annotators, mean))
    y = minimize(loss, start, method="BFGS", options={"gtol": 1e-8, "maxiter": 5000}).x
    return {
        "n_items": n_items,
        "n_annotators": n_annotators,
        "votes": votes,
        "strengths": centered(y, n_items),
        "position": list(y[n_items : n_items + n_annotators]),
        "reliability": list(expit(y[n_items + n_annotators :])),
        "log_likelihood": -likelihood(np.append(0.0, y)),
    }


def plackett_luce():
    cases = []
    for n_items, n, length in [(4, 12, 4), (8, 60, 4), (10, 80, 3)]:
        strength = nrng.normal(size=n_items)
        orders = []
        for _ in range(n):
            seen = nrng.choice(n_items, length, replace=False)
            orders.append([int(it) for it in sorted(seen, key=lambda it: -strength[it] - nrng.gumbel())])
        virtual = orders + [pair for item in range(n_items) for pair in ([item, n_items], [n_items, item])]
        top = [(order[0], order[1:]) for order in orders]
        virtual_top = top + [(a, [b]) for i in range(n_items) for a, b in ((i, n_items), (n_items, i))]
        fit = dict(tol=1e-13, max_iter=500000)
        cases.append(
            {
                "n_items": n_items,
                "orders": orders,
                "ml": centered(choix.mm_rankings(n_items, orders, **fit), n_items),
                "virtual": centered(choix.mm_rankings(n_items + 1, virtual, **fit), n_items),
                "top_virtual": centered(choix.mm_top1(n_items + 1, virtual_top, **fit), n_items),
            }
        )
    return cases


# ---- texts


def gleu():
    cases = []
    for _ in range(60):
        a, b = ([rng.randrange(6) for _ in range(rng.randrange(0, 12))] for _ in range(2))
        if a or b:
            cases.append({"a": a, "b": b, "gleu": sentence_gleu([a], b), "errors": edit_distance(a, b)})
    return cases


def garbled(words, rate):
    result = []
    for word in words:
        if rng.random() < rate:
            result.extend(rng.choice([[], [rng.randrange(30)], [word, rng.randrange(30)]]))
        else:
            result.append(word)
    return result


def rover():
    """crowd-kit's network for answers in our order of alignment; only cases in which that order has no ties."""
    cases = []
    while len(cases) < 40:
        words = [rng.randrange(30) for _ in range(rng.randrange(3, 15))]
        answers = [garbled(words, rng.choice([0.1, 0.3, 0.6])) for _ in range(rng.randrange(2, 7))]
        far = [sum(edit_distance(a, b) for b in answers) for a in answers]
        if len(set(far)) < len(far):
            continue
        order = sorted(range(len(answers)), key=lambda it: far[it])
        network = ROVER(None, None)._build_word_transition_network([[str(w) for w in answers[it]] for it in order])
        slots = [
            sorted((-1 if edge.value == "" else int(edge.value), edge.sources_count) for edge in slot.values())
            for slot in network
        ]
        cases.append({"answers": answers, "slots": slots})
    return cases


def embeddings():
    n_items, n_annotators, dim = 12, 5, 4
    rows = []
    for item in range(n_items):
        center = nrng.normal(size=dim)
        for annotator in range(n_annotators):
            if nrng.random() < 0.8 or annotator < 2:
                vector = center + nrng.normal(size=dim) * (0.2 + 0.2 * annotator)
                words = [rng.randrange(5) for _ in range(6)]
                rows.append((item, annotator, vector / np.linalg.norm(vector), words))
    data = pd.DataFrame(
        [(i, a, " ".join(map(str, w)), v) for i, a, v, w in rows], columns=["task", "worker", "output", "embedding"]
    )
    result = {
        "rows": [{"item": i, "annotator": a, "vector": list(v), "words": w} for i, a, v, w in rows],
        "n_items": n_items,
        "n_annotators": n_annotators,
        "n_rounds": 10,
    }
    for name, model in [("rasa", RASA(n_iter=10, tol=0)), ("hrrasa", HRRASA(n_iter=10, tol=0))]:
        if name == "hrrasa":
            # crowd-kit compares characters where the output is a string: compare words, as we do.
            model._output_similarity = lambda a, b: sentence_gleu([a.split()], b.split())
        model.fit(data)
        best = model._apply(data).embeddings_and_outputs_["output"]
        result[name] = {
            "centers": [list(model.aggregated_embeddings_[i]) for i in range(n_items)],
            "reliability": [model.skills_[a] for a in range(n_annotators)],
            "best": [[int(w) for w in best[i].split()] for i in range(n_items)],
        }
    return result


# ---- boxes


def assignment():
    cases = []
    for rows, columns in [(1, 1), (3, 3), (4, 7), (7, 4), (12, 12), (20, 15)]:
        costs = nrng.random((rows, columns)).round(6)
        at = linear_sum_assignment(costs)
        columns_of = [None] * rows
        for row, column in zip(*at):
            columns_of[int(row)] = int(column)
        cases.append({"n_columns": columns, "costs": list(costs.ravel()), "columns": columns_of})
    return cases


def fusion():
    cases = []
    for n_models, n_things in [(2, 3), (3, 6), (5, 10)]:
        things = [(rng.uniform(0, 0.7), rng.uniform(0, 0.7), rng.randrange(2)) for _ in range(n_things)]
        models = []
        for _ in range(n_models):
            boxes = []
            for x, y, label in things:
                if rng.random() < 0.8:
                    corners = [x, y, x + 0.2, y + 0.25]
                    corners = [round(min(max(c + rng.gauss(0, 0.015), 0), 1), 4) for c in corners]
                    boxes.append((corners, round(rng.uniform(0.2, 1), 5), label))
            models.append(boxes)
        split = [[[box[it] for box in boxes] for boxes in models] for it in range(3)]
        boxes, scores, labels = weighted_boxes_fusion(*split, iou_thr=0.55)
        fused = [[*map(float, box), float(score), int(label)] for box, score, label in zip(boxes, scores, labels)]
        cases.append({"n_models": n_models, "boxes": [[*b, s, c] for m in models for b, s, c in m], "fused": fused})
    return cases


content = {
    "bradley_terry": bradley_terry(),
    "davidson": davidson(),
    "noisy": noisy(),
    "plackett_luce": plackett_luce(),
    "gleu": gleu(),
    "rover": rover(),
    "embeddings": embeddings(),
    "assignment": assignment(),
    "fusion": fusion(),
}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return float(value)
    return int(value) if isinstance(value, np.integer) else value


text = json.dumps(plain(content), separators=(",", ":"), allow_nan=False)
pathlib.Path(__file__).with_name("answers.json").write_text(text.replace('},{"', '},\n{"') + "\n")
