CREATE TABLE bulk (
    name TEXT PRIMARY KEY,
    -- How many of its rows may take access away.
    may_take_away INTEGER NOT NULL
) STRICT;

CREATE TABLE bulk_row (
    -- The batch's name, and the row's number in its file.
    batch   TEXT NOT NULL,
    number  INTEGER NOT NULL,
    fields  TEXT NOT NULL,
    state   TEXT NOT NULL,
    -- The run that does it.
    run     TEXT,
    -- Whether it takes access away.
    takes_away INTEGER NOT NULL DEFAULT 0,
    -- How often it could not be brought to an end.
    attempts INTEGER NOT NULL DEFAULT 0,
    -- What is wrong with it, or what became of it.
    why     TEXT,
    PRIMARY KEY (batch, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX bulk_row_state ON bulk_row (batch, state, number);
