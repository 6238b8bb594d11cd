#!/usr/bin/env python3
"""Makes the data of these examples from the recorded sets they come from.

Run once, by hand: `python3 examples/convert.py FOLDER`, where FOLDER holds the converted sets that each example's
SOURCE.txt names. What it writes is committed; nothing else needs this script.

Each example gets `data.jsonl` (what is labeled, with the gold) and `answers.jsonl` (what the models answered, one line
an item, as `karat` replays it).
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


if __name__ == "__main__":
    shared = Path(sys.argv[1])
    for name in ("entity-sentiment-en", "entity-sentiment-ru", "media-bias", "wnut17-entities"):
        (HERE / name).mkdir(exist_ok=True)
    entity_sentiment(shared, "en")
    entity_sentiment(shared, "ru")
    media_bias(shared)
    wnut17(shared)
