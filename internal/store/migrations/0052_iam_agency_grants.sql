-- Roles and policies are attached to agencies, too; they go with the agency.

ALTER TABLE iam_grants ADD COLUMN agency_id TEXT REFERENCES iam_agencies (id) ON DELETE CASCADE; -- the principal, if it is an agency
CREATE INDEX iam_grants_agency ON iam_grants (agency_id) WHERE agency_id IS NOT NULL;
