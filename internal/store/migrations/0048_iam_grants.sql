-- What callers may do: identity policies, and to whom roles and policies are attached. See docs/permissions.md.

CREATE TABLE iam_policies (
    id          TEXT NOT NULL PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    type        TEXT NOT NULL,
    description TEXT NOT NULL,
    document    TEXT NOT NULL, -- JSON
    created     TIMESTAMPTZ NOT NULL,
    updated     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX iam_policies_name_folded ON iam_policies (account_id, name_folded);

-- A policy that is attached cannot be deleted; with a user, group or project, what is attached goes.
CREATE TABLE iam_grants (
    id           TEXT NOT NULL PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    principal_id TEXT NOT NULL,
    admin_id     TEXT REFERENCES admins (id) ON DELETE CASCADE,     -- the principal, if it is a user
    group_id     TEXT REFERENCES iam_groups (id) ON DELETE CASCADE, -- the principal, if it is a group
    role_id      TEXT NOT NULL,                                     -- of a built-in role or a policy
    policy_id    TEXT REFERENCES iam_policies (id),                 -- the role, if it is a policy
    project_id   TEXT REFERENCES projects (id) ON DELETE CASCADE,   -- the scope, if it is a project
    scope        TEXT NOT NULL,
    scope_id     TEXT NOT NULL,
    created      TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX iam_grants_scope_id ON iam_grants (principal_id, role_id, scope, scope_id);
CREATE INDEX iam_grants_admin ON iam_grants (admin_id) WHERE admin_id IS NOT NULL;
CREATE INDEX iam_grants_group ON iam_grants (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX iam_grants_project ON iam_grants (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX iam_grants_policy ON iam_grants (policy_id) WHERE policy_id IS NOT NULL;

-- Grows with each change of what the account's users may do: processes compare it with what they remember.
ALTER TABLE accounts ADD COLUMN policy_version BIGINT NOT NULL DEFAULT 0;
