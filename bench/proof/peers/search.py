"""Finds labels of Banking77 with scikit-learn's TF-IDF, as `karat-proof search` does with `karat-text`.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install numpy==1.26.4 scikit-learn==1.7.2
    /tmp/peers/bin/python search.py ../shared/data
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import normalize

folder = Path(sys.argv[1]) / "gold_banking77"
labels = json.loads((folder / "labels.json").read_text())
train, test = ([json.loads(line) for line in (folder / f"{part}.jsonl").open()] for part in ("train", "test"))
examples = {label: [] for label in labels}
for row in train:
    if len(examples[row["gold"]]) < 5:
        examples[row["gold"]].append(row["text"])
plain = lambda text: text.replace("_", " ")
documents = {
    "names": [plain(label) for label in labels],
    "names and 5 examples": [plain(" ".join([label, *examples[label]])) for label in labels],
}
words = lambda: TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
letters = lambda: TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(3, 5))
pieces = {
    "words": lambda: FeatureUnion([("words", words())]),
    "letters 3-5": lambda: FeatureUnion([("letters", letters())]),
    "words and letters 3-5": lambda: FeatureUnion([("words", words()), ("letters", letters())]),
}
gold = np.array([labels.index(row["gold"]) for row in test])
print("| documents | pieces | 1 | 5 | 10 | 20 | 50 | query µs |\n|---|---|---|---|---|---|---|---|")
for name, texts in documents.items():
    for of, make in pieces.items():
        features = make()
        index = normalize(features.fit_transform(texts))
        before = time.process_time()
        scores = (normalize(features.transform([row["text"] for row in test])) @ index.T).toarray()
        order = np.argsort(-scores, axis=1, kind="stable")
        taken = time.process_time() - before
        right = scores[np.arange(len(gold)), gold] > 0
        rank = np.where(right, (order == gold[:, None]).argmax(axis=1), len(labels))
        cells = " | ".join(f"{100 * np.mean(rank < k):.1f}" for k in (1, 5, 10, 20, 50))
        print(f"| {name} | {of} | {cells} | {1e6 * taken / len(test):.0f} |")
