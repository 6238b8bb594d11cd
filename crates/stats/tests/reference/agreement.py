"""Writes agreement.json, the expected values of the tests in `agreement.rs`, computed by published implementations.

The result is committed, so the tests need no Python:

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install \
        numpy==1.26.4 scipy==1.12.0 scikit-learn==1.7.2 statsmodels==0.15.0 krippendorff==0.9.0 nltk==3.10.4 irrCAC==0.4.4
    OMP_NUM_THREADS=1 /tmp/reference/bin/python agreement.py

krippendorff: alpha of numbers and classes, and of the positions of texts written out one by one. scikit-learn: Cohen's
kappa. statsmodels: Fleiss' kappa, and the correction of Benjamini and Yekutieli. irrCAC: Gwet's AC1 and AC2, Scott's pi,
percent agreement. nltk: alpha of sets. scipy: the t test of the alternative annotator test, whose steps are written
out here from its paper.
"""

import json
import math
import pathlib
import random
import warnings

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from irrCAC.table import CAC as TableCAC
from nltk.metrics import jaccard_distance, masi_distance
from nltk.metrics.agreement import AnnotationTask
from scipy.stats import ttest_1samp
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa
from statsmodels.stats.multitest import multipletests

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
LEVELS = ["nominal", "ordinal", "interval", "ratio"]


def plain(value):
    """JSON has no NaN: a missing rating and an undefined number become null."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(value)
    return int(value) if isinstance(value, np.integer) else value


def ratings(rng, n_items, n_annotators, values, missing, noise):
    """Rows are items, columns annotators; NaN is missing."""
    rows = []
    for _ in range(n_items):
        truth = rng.choice(values)
        row = [truth if rng.random() > noise else rng.choice(values) for _ in range(n_annotators)]
        rows.append([float("nan") if rng.random() < missing else float(value) for value in row])
    return rows


def alphas(rows):
    matrix = np.array(rows).T
    return {level: krippendorff.alpha(reliability_data=matrix, level_of_measurement=level) for level in LEVELS}


def krippendorffs_example():
    observers = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    return [[float("nan") if one == "." else float(one) for one in unit] for unit in zip(*observers)]


def numbers():
    rng = random.Random(1)
    cases = [krippendorffs_example()]
    cases.append(ratings(rng, 30, 3, [1, 2, 3, 4, 5], 0.2, 0.4))
    cases.append(ratings(rng, 20, 5, [0, 0.5, 1.25, 10, 1000], 0.4, 0.3))
    cases.append([[rng.gauss(50, 10) + rng.gauss(0, 3) for _ in range(2)] for _ in range(25)])
    cases.append([[rng.randrange(100_000) + rng.random() for _ in range(4)] for _ in range(12)])
    cases.append([[round(rng.uniform(0, 1) + 3 * (item % 4), 4) for _ in range(4)] for item in range(75)])
    return [{"rows": rows, **alphas(rows)} for rows in cases]


def classes():
    rng = random.Random(2)
    shapes = [(40, 2, 2, 0.0, 0.3), (30, 2, 4, 0.0, 0.5), (35, 3, 3, 0.0, 0.3), (40, 5, 6, 0.35, 0.4)]
    shapes.append((50, 2, 3, 0.2, 0.3))
    cases = []
    for n_items, n_annotators, n_classes, missing, noise in shapes:
        values = list(range(n_classes)) + [0] * n_classes
        rows = ratings(rng, n_items, n_annotators, values, missing, noise)
        cases.append({"rows": rows, "n_classes": n_classes, **coefficients(rows, n_classes)})
    return cases


def cac(frame, weights, n_classes, method):
    found = getattr(CAC(frame, weights=weights, categories=list(range(n_classes)), digits=15), method)()
    return found["est"]


def coefficients(rows, n_classes):
    frame = pd.DataFrame(rows)
    rated = frame[frame.notna().any(axis=1)]
    found = {"alpha": alphas(rows)["nominal"]}
    for name in ("identity", "linear", "quadratic", "ordinal"):
        gwet = cac(rated, name, n_classes, "gwet")
        found[f"gwet_{name}"] = gwet["coefficient_value"]
        found[f"percent_{name}"] = gwet["pa"]
    complete = frame.notna().all(axis=1).all()
    if complete:
        table, _ = aggregate_raters(frame.to_numpy(dtype=int), n_cat=n_classes)
        found["fleiss"] = fleiss_kappa(table)
        for name in ("linear", "quadratic"):
            found[f"fleiss_{name}"] = cac(frame, name, n_classes, "fleiss")["coefficient_value"]
    if len(frame.columns) == 2:
        both = frame.dropna().to_numpy(dtype=int)
        labels = list(range(n_classes))
        for name in (None, "linear", "quadratic"):
            kappa = cohen_kappa_score(both[:, 0], both[:, 1], labels=labels, weights=name)
            found[f"cohen_{name or 'identity'}"] = kappa
        table = pd.DataFrame(confusion_matrix(both[:, 0], both[:, 1], labels=labels))
        for name in ("identity", "linear", "quadratic"):
            scott = TableCAC(table, weights=name, digits=15).scott()["est"]
            found[f"scott_{name}"] = scott["coefficient_value"]
    return found


def sets():
    rng = random.Random(3)
    cases = []
    for n_items, n_annotators, missing in ((20, 2, 0.0), (25, 4, 0.3)):
        rows = []
        for _ in range(n_items):
            truth = {label for label in range(4) if rng.random() < 0.4}
            row = []
            for _ in range(n_annotators):
                found = {label for label in range(4) if (label in truth) != (rng.random() < 0.15)} or {rng.randrange(4)}
                row.append(None if rng.random() < missing else sorted(found))
            rows.append(row)
        triples = [
            (str(annotator), str(item), frozenset(found))
            for item, row in enumerate(rows)
            for annotator, found in enumerate(row)
            if found is not None
        ]
        case = {"rows": rows}
        for name, distance in (("jaccard", jaccard_distance), ("masi", masi_distance)):
            case[name] = AnnotationTask(data=triples, distance=distance).alpha()
            case[f"{name}_directly"] = directly(rows, distance)
        # The rounded constants of the first releases of nltk: the third decimal differs.
        case["masi_rounded"] = directly(rows, rounded_masi)
        cases.append(case)
    return cases


def rounded_masi(first, second):
    common, union = len(first & second), len(first | second)
    if first == second:
        factor = 1
    elif common == min(len(first), len(second)):
        factor = 0.67
    else:
        factor = 0.33 if common else 0
    return 1 - common / union * factor


def directly(rows, distance):
    """Alpha from its definition, by all pairs of ratings."""
    units = [[frozenset(found) for found in row if found is not None] for row in rows]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    within = sum(sum(distance(a, b) for a in unit for b in unit) / (len(unit) - 1) for unit in units)
    between = sum(distance(a, b) for a in values for b in values)
    n = len(values)
    return 1 - (within / n) / (between / (n * (n - 1)))


def positions():
    rng = random.Random(4)
    items, columns = [], []
    for _ in range(12):
        length = rng.randrange(20, 60)
        truth = [[start, start + rng.randrange(2, 9), rng.randrange(2)] for start in range(0, length - 10, 7)]
        truth = [span for span in truth if rng.random() < 0.6]
        annotators = []
        for _ in range(3):
            spans = []
            for start, end, label in truth:
                if rng.random() < 0.8:
                    label = label if rng.random() < 0.9 else 1 - label
                    spans.append([start, end + rng.randrange(-1, 2), label])
            annotators.append(None if rng.random() < 0.2 else spans)
        items.append({"length": length, "annotators": annotators})
        for position in range(length):
            column = []
            for spans in annotators:
                over = {c for start, end, c in spans or [] if start <= position < end}
                column.append(float("nan") if spans is None else float(sum(1 << c for c in over)))
            columns.append(column)
    seen = [column for column in columns if sum(not math.isnan(one) for one in column) > 1]
    marked = [column for column in seen if any(one > 0 for one in column)]
    alpha = lambda some: krippendorff.alpha(reliability_data=np.array(some).T, level_of_measurement="nominal")
    return {"items": items, "all": alpha(seen), "marked": alpha(marked), "n": len(seen), "n_marked": len(marked)}


# ---- the alternative annotator test


def alternative(people, model, score, epsilon):
    """`people[j][i]` is a rating or None. The steps of section 3 of the paper."""
    n_people, n_items = len(people), len(model)
    raters = [[j for j in range(n_people) if people[j][i] is not None] for i in range(n_items)]
    kept = [i for i in range(n_items) if len(raters[i]) >= 2 and model[i] is not None]
    p_values, wins, tested = [], [], []
    for j in range(n_people):
        mine = [i for i in kept if people[j][i] is not None]
        if len(mine) < 30:
            continue
        person, machine = [], []
        for i in mine:
            others = [people[k][i] for k in raters[i] if k != j]
            s_person, s_model = score(people[j][i], others), score(model[i], others)
            machine.append(float(s_model >= s_person))
            person.append(float(s_person >= s_model))
        difference = np.array(person) - np.array(machine)
        p_values.append(ttest_1samp(difference, epsilon, alternative="less").pvalue)
        wins.append(np.mean(machine))
        tested.append(j)
    rejected, adjusted, _, _ = multipletests(p_values, alpha=0.05, method="fdr_by")
    return {
        "tested": tested,
        "p_values": p_values,
        "adjusted": adjusted,
        "won": [bool(one) for one in rejected],
        "winning_rate": np.mean(rejected),
        "advantage": np.mean(wins),
    }


def accuracy(value, others):
    return float(np.mean([value == other for other in others]))


def negative_rmse(value, others):
    return -float(np.sqrt(np.mean([(value - other) ** 2 for other in others])))


def alternative_cases():
    rng = random.Random(5)
    cases = []
    shapes = [(4, 60, 0.2, 0.15, 0.1, 0.2), (3, 80, 0.3, 0.45, 0.0, 0.15), (6, 90, 0.35, 0.3, 0.5, 0.1)]
    for kind, score in (("classes", accuracy), ("numbers", negative_rmse)):
        for n_people, n_items, noise, model_noise, missing, epsilon in shapes:
            truth = [rng.randrange(4) for _ in range(n_items)]
            say = lambda value, how: rng.randrange(4) if rng.random() < how else value
            people = [[None if rng.random() < missing else say(t, noise) for t in truth] for _ in range(n_people)]
            people.append([t if i < 20 else None for i, t in enumerate(truth)])  # too few items
            model = [None if rng.random() < 0.05 else say(t, model_noise) for t in truth]
            found = alternative(people, model, score, epsilon)
            cases.append({"kind": kind, "people": people, "model": model, "epsilon": epsilon, **found})
    return cases


def main():
    content = {
        "numbers": numbers(),
        "classes": classes(),
        "sets": sets(),
        "positions": positions(),
        "alternative": alternative_cases(),
    }
    text = json.dumps(plain(content), separators=(",", ":"), allow_nan=False)
    (HERE / "agreement.json").write_text(text.replace('},{"', '},\n{"') + "\n")


main()
