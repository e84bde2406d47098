-- The enterprise projects of an account. Desktops, pools and users are in one each: "0" is that of what names none. They are disabled, never
-- deleted. Names that differ in case only are the same.
CREATE TABLE enterprise_projects (
    account_id  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT NOT NULL,
    type        TEXT NOT NULL,
    enabled     BOOLEAN NOT NULL,
    created     TIMESTAMPTZ NOT NULL,
    updated     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX enterprise_projects_name_folded ON enterprise_projects (account_id, name_folded);
CREATE INDEX enterprise_projects_created ON enterprise_projects (account_id, created, id);
CREATE INDEX enterprise_projects_updated ON enterprise_projects (account_id, updated, id);

INSERT INTO enterprise_projects (account_id, id, name, name_folded, description, type, enabled, created, updated)
SELECT a.id, '0', 'default', 'default', 'What names no enterprise project', 'prod', TRUE, a.created, a.created FROM accounts AS a;

-- Until now any id was taken. What has one keeps it; the folded name cannot be that of another.
INSERT INTO enterprise_projects (account_id, id, name, name_folded, description, type, enabled, created, updated)
SELECT a.id, e.id, e.id, 'id ' || e.id, 'Named by resources or roles before enterprise projects were kept', 'prod', TRUE, a.created, a.created
FROM (
    SELECT p.account_id, d.enterprise_id AS id FROM desktops AS d JOIN projects AS p ON p.id = d.project_id
    UNION SELECT p.account_id, o.enterprise_id FROM pools AS o JOIN projects AS p ON p.id = o.project_id
    UNION SELECT p.account_id, u.enterprise_id FROM users AS u JOIN projects AS p ON p.id = u.project_id
    UNION SELECT g.account_id, g.scope_id FROM iam_grants AS g WHERE g.scope = 'enterprise_project'
) AS e JOIN accounts AS a ON a.id = e.account_id
WHERE e.id <> '0' AND e.id <> '';
