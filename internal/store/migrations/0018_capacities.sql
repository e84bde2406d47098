-- What desktops share and can run out of: storage pools and memory, in MiB.
CREATE TABLE capacities (
    id       TEXT NOT NULL PRIMARY KEY,
    classes  TEXT NOT NULL, -- a JSON array
    size     BIGINT NOT NULL,
    used     BIGINT NOT NULL,
    promised BIGINT NOT NULL,
    bound    BIGINT NOT NULL,
    observed TIMESTAMPTZ NOT NULL
);
