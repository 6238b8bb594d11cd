#!/usr/bin/env python3
"""Makes the data of these examples from the recorded sets they come from.

Run once, by hand: `python3 examples/convert.py FOLDER`, where FOLDER holds the converted sets that each example's
SOURCE.txt names. What it writes is committed; nothing else needs this script.

Each example gets `data.jsonl` (what is labeled, with the gold) and, where answers are recorded, `answers.jsonl` (what the
models answered, one line an item, as `karat` replays it). `relevance` was written by hand.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def rows(path):
    with open(path, encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def write(path, objects):
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        for it in objects:
            out.write(json.dumps(it, ensure_ascii=False, separators=(",", ":")) + "\n")


def recorded(row, keep=lambda it: True):
    """The answers of one row: only what a replay needs."""
    fields = ("model", "prompt_id", "raw", "label", "annotator_kind")
    answers = [{key: it[key] for key in fields if key in it} for it in row["responses"] if keep(it)]
    return {"id": row["id"], "responses": answers}


def entity_sentiment(source, language):
    target = HERE / f"entity-sentiment-{language}"
    source = list(rows(source / "rusentne_entity_sentiment" / f"rusentne_{language}.jsonl"))
    write(
        target / "data.jsonl",
        (
            {"id": it["id"], "sentence": it["input"]["sentence"], "entity": it["input"]["entity"], "gold": it["gold"]}
            for it in source
        ),
    )
    write(target / "answers.jsonl", map(recorded, source))


def media_bias(source):
    """The first 200 sentences only: the licence of the sentences themselves is not restated by their source."""
    target = HERE / "media-bias"
    source = list(rows(source / "babe_media_bias" / "babe_random.jsonl"))[:200]
    write(target / "data.jsonl", ({"id": it["id"], "sentence": it["text"], "gold": it["gold"]} for it in source))
    write(target / "answers.jsonl", (recorded(it, lambda one: one["prompt_id"] == "zero-shot") for it in source))


def wnut17(source):
    target = HERE / "wnut17-entities"
    source = list(rows(source / "gold_wnut17_ner" / "test_with_6_systems.jsonl"))
    write(target / "data.jsonl", ({"id": it["id"], "text": it["text"], "gold": it["gold"]} for it in source))
    write(target / "answers.jsonl", map(recorded, source))


def banking77(source):
    """Four test questions of each of the 77 intents, spread over the file; five training questions of each as a pool."""
    target = HERE / "banking77"
    source = source / "gold_banking77"

    def spread(name, per_label):
        by_label = {}
        for it in rows(source / name):
            by_label.setdefault(it["gold"], []).append(it)
        for of_label in by_label.values():
            step = len(of_label) / per_label
            for n in range(per_label):
                it = of_label[int(n * step)]
                yield {"id": it["id"], "question": it["text"], "gold": it["gold"]}

    write(target / "data.jsonl", spread("test.jsonl", 4))
    write(target / "pool.jsonl", spread("train.jsonl", 5))


def entity_matching(source):
    """The validation and test pairs of two small sets, each side written as one line."""
    target = HERE / "entity-matching"

    def side(entity):
        return "; ".join(f"{key.replace('_', ' ').lower()}: {value}" for key, value in entity.items() if value)

    pairs = (
        {"id": it["id"], "set": name, "left": side(it["input"]["left"]), "right": side(it["input"]["right"]), "gold": it["gold"]}
        for name in ("beer", "fodors_zagats")
        for it in rows(source / "gold_entity_matching" / f"{name}.jsonl")
        if it["split"] != "train"
    )
    write(target / "data.jsonl", pairs)


def preference(source):
    """Every fifth pair; the verdicts of two models as labels, since the recorded ones are written 1, 2, 0 and Tie."""
    target = HERE / "preference"
    source = list(rows(source / "pandalm_pairwise" / "pandalm_testset.jsonl"))[::5]
    names = {"response_1": "response_a", "response_2": "response_b", "tie": "tie", None: None}
    text = lambda it: it if isinstance(it, str) else json.dumps(it)

    def pair(row):
        given = {"id": row["id"], "instruction": row["input"]["instruction"], "input": text(row["input"]["input"])}
        given |= {"response_a": text(row["input"]["response_1"]), "response_b": text(row["input"]["response_2"])}
        people = [it for it in row["responses"] if it["annotator_kind"] == "human"]
        given |= {it["annotator_id"].replace("annotator", "person_"): names[it["label"]] for it in people}
        return given | {"gold": names[row["gold"]]}

    def verdict(it):
        is_tie = it["label"] is None and it["raw"].startswith("Tie")
        label = "tie" if is_tie else names[it["label"]]
        return {"model": it["model"], "prompt_id": it["prompt_id"], "label": label, "annotator_kind": "llm"}

    def verdicts(row):
        models = [it for it in row["responses"] if it["annotator_kind"] == "llm"]
        return {"id": row["id"], "responses": [verdict(it) for it in models]}

    write(target / "data.jsonl", map(pair, source))
    write(target / "answers.jsonl", map(verdicts, source))


if __name__ == "__main__":
    shared = Path(sys.argv[1])
    recorded_by_others = ("entity-sentiment-en", "entity-sentiment-ru", "media-bias", "wnut17-entities", "preference")
    for name in (*recorded_by_others, "banking77", "entity-matching"):
        (HERE / name).mkdir(exist_ok=True)
    entity_sentiment(shared, "en")
    entity_sentiment(shared, "ru")
    media_bias(shared)
    wnut17(shared)
    banking77(shared)
    entity_matching(shared)
    preference(shared)
