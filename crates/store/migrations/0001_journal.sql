-- The journal, format 1. Portable: `{id}`, `{bytes}` and `{real}` are replaced by the types of the database.

-- The log: rows are added, never changed.
CREATE TABLE annotator (
    id {id},
    hash {bytes} NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt {bytes} NOT NULL,
    settings TEXT NOT NULL
);
CREATE TABLE run (
    id {id},
    plan {bytes} NOT NULL,
    command TEXT NOT NULL,
    seed BIGINT NOT NULL,
    max_cost BIGINT,
    at_ms BIGINT NOT NULL
);
CREATE TABLE run_end (
    run {id} REFERENCES run (id),
    how TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE TABLE attempt (
    seq {id},
    run BIGINT NOT NULL REFERENCES run (id),
    annotator BIGINT NOT NULL REFERENCES annotator (id),
    item TEXT NOT NULL,
    request {bytes} NOT NULL,
    sample BIGINT NOT NULL,
    ask BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    prompt {bytes} NOT NULL,
    answer {bytes},
    tokens_input BIGINT,
    tokens_cached_read BIGINT,
    tokens_cached_write BIGINT,
    tokens_output BIGINT,
    tokens_reasoning BIGINT,
    cost BIGINT NOT NULL,
    priced TEXT,
    latency_ms BIGINT NOT NULL,
    served_model TEXT,
    at_ms BIGINT NOT NULL
);
CREATE INDEX attempt_by_request ON attempt (request) WHERE status = 'ok';
CREATE INDEX attempt_by_item ON attempt (item);
CREATE TABLE annotation (
    seq {id},
    run BIGINT NOT NULL REFERENCES run (id),
    annotator BIGINT NOT NULL REFERENCES annotator (id),
    item TEXT NOT NULL,
    input {bytes} NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    confidence {real},
    source TEXT NOT NULL,
    notes TEXT,
    at_ms BIGINT NOT NULL
);
CREATE INDEX annotation_by_item ON annotation (item, annotator);
CREATE TABLE blob (
    hash {bytes} NOT NULL PRIMARY KEY,
    codec BIGINT NOT NULL,
    size BIGINT NOT NULL,
    bytes {bytes} NOT NULL
);
CREATE TABLE hold (
    id {id},
    run BIGINT NOT NULL REFERENCES run (id),
    amount BIGINT NOT NULL
);
CREATE TABLE hold_end (
    hold {id} REFERENCES hold (id),
    how TEXT NOT NULL,
    cost BIGINT NOT NULL
);

-- The views: sums over the log, kept up to date in the same transaction and rebuildable from it.
CREATE TABLE tally (
    annotator {id} REFERENCES annotator (id),
    annotations BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    tokens_input BIGINT NOT NULL,
    tokens_cached_read BIGINT NOT NULL,
    tokens_cached_write BIGINT NOT NULL,
    tokens_output BIGINT NOT NULL,
    tokens_reasoning BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    first_at_ms BIGINT NOT NULL,
    last_at_ms BIGINT NOT NULL
);
CREATE TABLE tally_count (
    annotator BIGINT NOT NULL REFERENCES annotator (id),
    what TEXT NOT NULL,
    name TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (annotator, what, name)
);
CREATE TABLE open_hold (
    hold {id} REFERENCES hold (id),
    run BIGINT NOT NULL,
    amount BIGINT NOT NULL
);
