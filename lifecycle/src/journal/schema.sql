CREATE TABLE run (
    id     TEXT PRIMARY KEY,
    plan   TEXT NOT NULL,
    digest TEXT NOT NULL,
    -- Whom it is about: the login in small letters, and the person's number.
    login  TEXT NOT NULL,
    person TEXT,
    operation  TEXT NOT NULL,
    precedence INTEGER NOT NULL,
    status TEXT NOT NULL,
    -- 0 while there is something left to do.
    final  INTEGER NOT NULL DEFAULT 0,
    -- Milliseconds since 1970 before which it need not be looked at, and whether it takes access away then.
    due     INTEGER NOT NULL DEFAULT 0,
    revokes INTEGER NOT NULL DEFAULT 0,
    -- Why it ends before its steps do.
    stop   TEXT
) STRICT;

CREATE INDEX run_open ON run (due) WHERE final = 0;
CREATE INDEX run_login ON run (login);
CREATE INDEX run_person ON run (person);

-- What was asked for, and the run that does it. Two requests may have one run.
CREATE TABLE request (
    key    TEXT PRIMARY KEY,
    run    TEXT NOT NULL REFERENCES run (id),
    intent TEXT NOT NULL
) STRICT;

CREATE TABLE step (
    run    TEXT NOT NULL REFERENCES run (id),
    -- Its place in the order in which the run's steps were begun.
    place  INTEGER NOT NULL,
    name   TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT;

CREATE TABLE signal (
    run      TEXT NOT NULL REFERENCES run (id),
    received TEXT NOT NULL
) STRICT;

CREATE INDEX signal_run ON signal (run);

CREATE TABLE ledger (
    seq    INTEGER PRIMARY KEY,
    run    TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

CREATE INDEX ledger_run ON ledger (run);
