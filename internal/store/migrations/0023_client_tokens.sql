-- What requests came to that clients may send again (X-Client-Token). The primary key decides between two callers.
CREATE TABLE client_tokens (
    id      TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    answer  TEXT NOT NULL,
    created TIMESTAMPTZ NOT NULL
);
CREATE INDEX client_tokens_created ON client_tokens (created);
