-- Agencies: what users of an account, also of another one, may act as, and the tokens and temporary keys with which they do.

CREATE TABLE iam_agencies (
    id               TEXT NOT NULL PRIMARY KEY,
    account_id       TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name             TEXT NOT NULL,
    name_folded      TEXT NOT NULL,
    description      TEXT NOT NULL,
    trust_account_id TEXT NOT NULL,
    trust_admin_id   TEXT NOT NULL, -- empty: who may assume agencies in the trusted account
    role             TEXT NOT NULL,
    seconds          BIGINT NOT NULL, -- the longest life of a credential
    created          TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX iam_agencies_name_folded ON iam_agencies (account_id, name_folded);

ALTER TABLE tokens ADD COLUMN agency_id TEXT NOT NULL DEFAULT '';      -- the user acts as this agency
ALTER TABLE access_keys ADD COLUMN agency_id TEXT NOT NULL DEFAULT ''; -- likewise
ALTER TABLE access_keys ADD COLUMN session TEXT NOT NULL DEFAULT '';   -- the name that the user gave to it
