"""Writes the expected values of the tests in `reference.rs`, computed by published implementations.

Run it in an environment of its own; the results are committed, so the tests need no Python:

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install \
        numpy==2.4.6 scikit-learn==1.9.1 seqeval==1.2.2 nervaluate==1.2.1 statsmodels==0.15.0 scipy==1.17.1
    /tmp/reference/bin/python make.py [--wnut17 test_with_6_systems.jsonl]

`--wnut17` rewrites wnut17.json from the test set of WNUT 2017 (CC BY 4.0) with the answers of six systems.
"""

import argparse
import json
import math
import pathlib
import random
import warnings

import numpy as np
from nervaluate import Evaluator
from scipy.stats import norm
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

HERE = pathlib.Path(__file__).parent
REASONS = 4  # abstained, unusable, failed, pending: written as -1 to -4 in place of a class
warnings.filterwarnings("ignore")


def plain(value):
    """JSON has no NaN: what is undefined becomes null."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(value)
    return int(value) if isinstance(value, np.integer) else value


def write(name, content):
    text = json.dumps(plain(content), separators=(",", ":"), allow_nan=False)
    (HERE / name).write_text(text.replace('},{"', '},\n{"') + "\n")


# ---- intervals and tests


def intervals():
    shares = [(0, 1), (1, 1), (0, 10), (10, 10), (1, 10), (8, 10), (81, 263), (999, 1000), (123456, 1000000)]
    wilson = []
    for level in (0.5, 0.9, 0.95, 0.99, 0.999999):
        for k, n in shares:
            low, high = proportion_confint(k, n, alpha=1 - level, method="wilson")
            wilson.append({"k": k, "n": n, "level": level, "low": low, "high": high})
    tables = [(0, 0), (0, 1), (1, 0), (3, 3), (5, 15), (15, 5), (1, 9), (37, 52), (0, 60), (480, 520)]
    tables.append((4000, 4300))
    tests = []
    for first, second in tables:
        p = mcnemar([[100, first], [second, 50]], exact=True).pvalue if first + second else 1.0
        tests.append({"only_first": first, "only_second": second, "p": p})
    assert abs(norm.ppf(0.975) - 1.959963984540054) < 1e-15
    write("intervals.json", {"wilson": wilson, "mcnemar": tests})


# ---- the generator and the resampling, written a second time

MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        while True:
            wide = self.word() * bound
            if wide & MASK >= (1 << 64) % bound:
                return wide >> 64

    def ones_among(self, n):
        ones = sum(self.word().bit_count() for _ in range(n // 64))
        return ones + ((self.word() >> (64 - n % 64)).bit_count() if n % 64 else 0)

    def binomial(self, n, above, below):
        if above >= below:
            return n
        undecided, successes = n, 0
        while undecided and above:
            above *= 2
            ones = self.ones_among(undecided)
            if above >= below:
                above -= below
                successes += undecided - ones
                undecided = ones
            else:
                undecided -= ones
        return successes


def divide(random, before, start, end, n, drawn):
    """Divides n draws among the groups from start to end; before[g] is the number of items before group g."""
    if n == 0 or end - start <= 1:
        drawn[start:end] = [n] * (end - start)
        return
    first, last = before[start], before[end]
    middle = first + (last - first) // 2
    cuts = range(start + 1, end)
    cut = next((c for c in cuts if before[c] >= middle), end - 1)
    if cut > start + 1 and abs(before[cut] - middle) > abs(before[cut - 1] - middle):
        cut -= 1
    left = random.binomial(n, before[cut] - first, last - first)
    divide(random, before, start, cut, left, drawn)
    divide(random, before, cut, end, n - left, drawn)


def draw(random, sizes):
    """How many items of each group one resample draws."""
    n_items, drawn = sum(sizes), [0] * len(sizes)
    if n_items // 4 < len(sizes):
        group_of_item = [g for g, size in enumerate(sizes) for _ in range(size)]
        for _ in range(n_items):
            drawn[group_of_item[random.below(n_items)]] += 1
    else:
        divide(random, [sum(sizes[:g]) for g in range(len(sizes) + 1)], 0, len(sizes), n_items, drawn)
    assert sum(drawn) == n_items
    return drawn


def quantile(values, p):
    values = sorted(values)
    place = p * (len(values) - 1)
    below, above = values[math.floor(place)], values[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))


def ends(values, level):
    tail = (1.0 - level) / 2.0
    result = [quantile(values, tail), quantile(values, 1.0 - tail)]
    assert np.allclose(result, np.quantile(values, [tail, 1.0 - tail]), rtol=1e-12)
    return result


def bootstrap():
    cases = []
    for seed, n_items in ((0, 5), (42, 30), (MASK, 100)):
        seeds, means = SplitMix64(seed), []
        for _ in range(300):
            one = SplitMix64(seeds.word())
            means.append(sum(one.below(n_items) for _ in range(n_items)) / n_items)
        low, high = ends(means, 0.95)
        cases.append({"seed": str(seed), "n_items": n_items, "n_resamples": 300, "low": low, "high": high})
    grouped = []
    rng = random.Random(1)
    many = [rng.randrange(40) for _ in range(50)]
    few = [rng.randrange(3) for _ in range(40)]
    for seed, sizes in ((0, [3, 7]), (42, [70, 20, 0, 10]), (7, [123456, 876544]), (1, many), (2, few)):
        seeds, means = SplitMix64(seed), []
        for _ in range(300):
            drawn = draw(SplitMix64(seeds.word()), sizes)
            means.append(sum(g * n for g, n in enumerate(drawn)) / sum(sizes))
        low, high = ends(means, 0.95)
        grouped.append({"seed": str(seed), "sizes": sizes, "n_resamples": 300, "low": low, "high": high})
    write("bootstrap.json", {"items": cases, "groups": grouped})


# ---- classification and multi-label


def averages(gold, predicted, **how):
    result = {}
    for name, average in (("micro", "micro"), ("macro", "macro"), ("weighted", "weighted")):
        result[name] = metrics.precision_recall_fscore_support(
            gold, predicted, average=average, zero_division=np.nan, **how
        )[:3]
    how |= {"average": None, "zero_division": np.nan}
    by_label = metrics.precision_recall_fscore_support(gold, predicted, **how)
    result["labels"] = np.array(by_label).T.tolist()
    return result


def classification_case(n_classes, n_items, skill, no_label, no_gold, used, seed):
    rng = random.Random(seed)
    gold, outcome = [], []
    for _ in range(n_items):
        true = rng.randrange(used)
        given = true if rng.random() < skill else rng.randrange(used)
        gold.append(-1 if rng.random() < no_gold else true)
        outcome.append(-1 - rng.randrange(REASONS) if rng.random() < no_label else given)
    scored = [(g, o) for g, o in zip(gold, outcome) if g >= 0]
    y_true = [g for g, _ in scored]
    y_pred = [o if o >= 0 else n_classes - 1 - o for _, o in scored]
    labeled = [(g, o) for g, o in scored if o >= 0]
    classes = list(range(n_classes))
    case = {"n_classes": n_classes, "gold": gold, "outcome": outcome}
    case["accuracy"] = metrics.accuracy_score(*zip(*labeled)) if labeled else None
    case["effective_accuracy"] = metrics.accuracy_score(y_true, y_pred)
    case["coverage"] = sum(o >= 0 for o in outcome) / n_items
    case["averages"] = averages(y_true, y_pred, labels=classes)
    matrix = metrics.confusion_matrix(y_true, y_pred, labels=list(range(n_classes + REASONS)))
    case["confusion"] = matrix[:n_classes].tolist()
    return case


def classification():
    write(
        "classification.json",
        [
            classification_case(2, 40, 0.8, 0.0, 0.0, 2, 1),
            classification_case(3, 120, 0.6, 0.2, 0.1, 3, 2),
            classification_case(8, 150, 0.7, 0.1, 0.0, 5, 3),  # three labels that nobody uses
            classification_case(20, 60, 0.3, 0.3, 0.2, 20, 4),  # labels without support or predictions
            classification_case(4, 30, 0.5, 1.0, 0.0, 4, 5),  # no label at all
            classification_case(5, 50, 1.0, 0.0, 0.0, 5, 6),  # all right
        ],
    )


def multi_label_case(n_classes, n_items, skill, no_label, used, seed):
    rng = random.Random(seed)
    items = []
    for _ in range(n_items):
        gold = [c for c in range(used) if rng.random() < 0.3]
        found = [c for c in range(used) if (c in gold) == (rng.random() < skill)]
        items.append({"gold": gold, "found": None if rng.random() < no_label else found})

    def table(rows):
        return np.array([[int(c in (row or [])) for c in range(n_classes)] for row in rows])

    labeled = [item for item in items if item["found"] is not None]
    gold, found = table([i["gold"] for i in labeled]), table([i["found"] for i in labeled])
    case = {"n_classes": n_classes, "items": items}
    case["subset_accuracy"] = metrics.accuracy_score(gold, found)
    case["jaccard"] = metrics.jaccard_score(gold, found, average="samples", zero_division=1)
    case["hamming_loss"] = metrics.hamming_loss(gold, found)
    case["effective_subset_accuracy"] = case["subset_accuracy"] * len(labeled) / n_items
    case["effective_jaccard"] = case["jaccard"] * len(labeled) / n_items
    case["averages"] = averages(table([i["gold"] for i in items]), table([i["found"] for i in items]))
    return case


def multi_label():
    write(
        "multi_label.json",
        [
            multi_label_case(4, 60, 0.85, 0.0, 4, 1),
            multi_label_case(6, 80, 0.7, 0.2, 4, 2),
            multi_label_case(12, 25, 0.95, 0.1, 10, 3),
            multi_label_case(3, 30, 1.0, 0.0, 3, 4),
        ],
    )


# ---- spans


def tags_of(spans, n_tokens):
    tags = ["O"] * n_tokens
    for start, end, label in spans:
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


def flat_spans(rng, n_tokens, n_classes):
    spans, at = [], 0
    while at < n_tokens:
        at += rng.randrange(4)
        end = min(at + rng.randrange(1, 4), n_tokens)
        if at < end:
            spans.append((at, end, rng.randrange(n_classes)))
        at = end
    return spans


def disturbed(rng, spans, n_tokens, n_classes):
    found = []
    for start, end, label in spans:
        if rng.random() < 0.2:
            continue
        if rng.random() < 0.2:
            end = max(start + 1, end - 1)
        found.append((start, end, rng.randrange(n_classes) if rng.random() < 0.2 else label))
    free = [t for t in range(n_tokens) if not any(s <= t < e for s, e, _ in found)]
    return sorted(found + [(t, t + 1, rng.randrange(n_classes)) for t in free if rng.random() < 0.05])


def seqeval_scores(gold, found, n_classes):
    strict = classification_report(gold, found, output_dict=True, mode="strict", scheme=IOB2, zero_division=0)
    report = classification_report(gold, found, output_dict=True, zero_division=0)
    scores = lambda row: [row["precision"], row["recall"], row["f1-score"]]
    assert all(np.allclose(scores(report[k]), scores(strict[k])) for k in strict)
    return {
        "micro": scores(report["micro avg"]),
        "macro": scores(report["macro avg"]),
        "weighted": scores(report["weighted avg"]),
        "labels": [scores(report[str(c)]) if str(c) in report else None for c in range(n_classes)],
    }


def seqeval_case(n_classes, n_items, seed):
    rng = random.Random(seed)
    items, tags = [], ([], [])
    for _ in range(n_items):
        n_tokens = rng.randrange(1, 25)
        gold = flat_spans(rng, n_tokens, n_classes)
        found = disturbed(rng, gold, n_tokens, n_classes)
        items.append([gold, found])
        for side, spans in zip(tags, (gold, found)):
            side.append(tags_of(spans, n_tokens))
    return {"n_classes": n_classes, "items": items} | seqeval_scores(*tags, n_classes)


def nervaluate_overall(items, n_classes):
    # nervaluate counts the last position as inside.
    as_dicts = lambda spans: [{"start": s, "end": e - 1, "label": str(c)} for s, e, c in spans]
    sides = [[as_dicts(item[side]) for item in items] for side in (0, 1)]
    return Evaluator(*sides, tags=[str(c) for c in range(n_classes)], loader="dict").evaluate()["overall"]


def nervaluate_case(n_classes, n_items, seed):
    """Places far apart, each with a gold span, a predicted one, or both: what belongs together is clear."""
    rng = random.Random(seed)
    items = []
    for _ in range(n_items):
        gold, found = [], []
        for place in range(0, rng.randrange(6) * 20, 20):
            span = (place + 5, place + 5 + rng.randrange(1, 8), rng.randrange(n_classes))
            fate = rng.randrange(6)
            if fate < 5:
                gold.append(span)
            other = (span[2] + 1 + rng.randrange(n_classes - 1)) % n_classes
            shifted = (span[0] - rng.randrange(1, 4), span[1] + rng.randrange(0, 3))
            if fate != 4:
                borders = shifted if fate in (1, 3) else span[:2]
                found.append((*borders, other if fate in (2, 3) else span[2]))
        items.append([gold, found])
    overall = nervaluate_overall(items, n_classes)
    right = overall["strict"].correct
    by_type, by_border, partial = overall["ent_type"], overall["exact"], overall["partial"]
    return {
        "n_classes": n_classes,
        "items": items,
        "right": right,
        "wrong_border": by_type.correct - right,
        "wrong_type": by_border.correct - right,
        "wrong_both": partial.partial - (by_type.correct - right),
        "missed": by_type.missed,
        "invented": by_type.spurious,
        "exact": [overall["strict"].precision, overall["strict"].recall, overall["strict"].f1],
        "overlap": [by_type.precision, by_type.recall, by_type.f1],
    }


def spans():
    write("spans_seqeval.json", [seqeval_case(1, 20, 1), seqeval_case(3, 60, 2), seqeval_case(6, 40, 3)])
    write("spans_nervaluate.json", [nervaluate_case(2, 30, 1), nervaluate_case(4, 80, 2)])


def wnut17(path):
    rows = [json.loads(line) for line in open(path, encoding="utf-8")]
    labels = sorted({span["label"] for row in rows for span in row["gold"]})
    systems = sorted({answer["model"] for row in rows for answer in row["responses"]})
    triples = lambda spans: sorted([s["start"], s["end"], labels.index(s["label"])] for s in spans)

    def tags(row, spans):
        starts, at = [], 0
        for token in row["text"].split(" "):
            starts.append(at)
            at += len(token) + 1
        place = {start: token for token, start in enumerate(starts)}
        inside = lambda start, end: sum(start <= s < end for s in starts)
        in_tokens = [(place[s], place[s] + inside(s, e), c) for s, e, c in triples(spans)]
        return tags_of(in_tokens, len(starts))

    answer = lambda row, name: next(a["label"] for a in row["responses"] if a["model"] == name)
    content = {
        "source": "WNUT 2017 emerging entities, test set and system outputs,"
        " https://github.com/leondz/emerging_entities_17, CC BY 4.0; Derczynski et al. 2017."
        " Character offsets only; items without any span left out.",
        "labels": labels,
        "n_items_all": len(rows),
        "systems": {},
    }
    used = [r for r in rows if r["gold"] or any(a["label"] for a in r["responses"])]
    content["gold"] = [triples(row["gold"]) for row in used]
    for name in systems:
        sides = [[tags(row, row["gold"]) for row in rows], [tags(row, answer(row, name)) for row in rows]]
        found = [triples(answer(row, name)) for row in used]
        by_type = nervaluate_overall(list(zip(content["gold"], found)), len(labels))["ent_type"]
        content["systems"][name] = {
            "spans": found,
            "right_type": by_type.correct,
            "missed": by_type.missed,
            "invented": by_type.spurious,
        } | seqeval_scores(*sides, len(labels))
    write("wnut17.json", content)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--wnut17")
    path = arguments.parse_args().wnut17
    intervals()
    bootstrap()
    classification()
    multi_label()
    spans()
    if path:
        wnut17(path)
