-- The chain of audit records, in which a missing or changed one shows, and what reads and ships it. See docs/audit.md.

-- The place in the chain. NULL until the record is linked, seconds after its commit; nothing else of a record ever changes.
ALTER TABLE audit_records ADD COLUMN seq BIGINT;
ALTER TABLE audit_records ADD COLUMN previous TEXT; -- the hash of the record before
ALTER TABLE audit_records ADD COLUMN hash TEXT;     -- covers the record and previous
CREATE UNIQUE INDEX audit_records_seq ON audit_records (seq);
CREATE INDEX audit_records_unlinked ON audit_records (time, id) WHERE seq IS NULL;

-- What one request did, and what was refused or failed, of which there is little.
CREATE INDEX audit_records_request ON audit_records (project_id, request_id, time, id) WHERE request_id <> '';
CREATE INDEX audit_records_refused ON audit_records (project_id, result, time, id) WHERE result <> 'success';

-- Consecutive records of the chain, sealed: their number and the hash of the last are known apart from them.
CREATE TABLE audit_segments (
    first_seq BIGINT PRIMARY KEY,
    last_seq  BIGINT NOT NULL,
    previous  TEXT NOT NULL,        -- the hash of the record before the first; empty: there was none
    head      TEXT NOT NULL,        -- the hash of the last record
    opened    TIMESTAMPTZ NOT NULL,
    newest    TIMESTAMPTZ NOT NULL, -- the time of the newest record
    pruned    BOOLEAN NOT NULL,     -- its records were deleted for their age: the chain begins after it
    seal      TEXT NOT NULL
);

-- Which process does what one at a time should do.
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until TIMESTAMPTZ NOT NULL
);

-- How far the chain was sent elsewhere.
CREATE TABLE audit_outputs (
    name TEXT PRIMARY KEY,
    seq  BIGINT NOT NULL
);
