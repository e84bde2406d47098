-- A permanent access key can be set inactive, to find out who still uses it before it is deleted.

ALTER TABLE access_keys ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;
