-- What karat decided about labels. Portable: `{id}`, `{bytes}` and `{real}` are replaced by the types of the database.

CREATE TABLE decision (
    id {id},
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX decision_by_kind ON decision (kind);
