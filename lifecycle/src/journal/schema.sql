CREATE TABLE run (
    id     TEXT PRIMARY KEY,
    key    TEXT NOT NULL UNIQUE,
    intent TEXT NOT NULL,
    plan   TEXT NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    -- 0 while there is something left to do.
    final  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX run_open ON run (id) WHERE final = 0;

CREATE TABLE step (
    run    TEXT NOT NULL REFERENCES run (id),
    -- Its place in the order in which the run's steps were begun.
    place  INTEGER NOT NULL,
    name   TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT;

CREATE TABLE ledger (
    seq    INTEGER PRIMARY KEY,
    run    TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

CREATE INDEX ledger_run ON ledger (run);
