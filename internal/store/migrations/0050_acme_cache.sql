-- What the client of a certificate authority keeps: its account's key, certificates with their keys, and answers to challenges.

CREATE TABLE acme_cache (
    name    TEXT PRIMARY KEY,
    sealed  TEXT NOT NULL,
    updated TIMESTAMPTZ NOT NULL
);
