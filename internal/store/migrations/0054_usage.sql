-- When users were connected to desktops. A session outlives its connection and its desktop.

CREATE TABLE usage_sessions (
    id               TEXT PRIMARY KEY, -- the connection's
    project_id       TEXT NOT NULL,
    desktop_id       TEXT NOT NULL,
    user_id          TEXT NOT NULL,
    user_name        TEXT NOT NULL,
    user_name_folded TEXT NOT NULL,
    begun            TIMESTAMPTZ NOT NULL,
    ended            TIMESTAMPTZ -- while it is null, the user is connected
);

CREATE INDEX usage_sessions_desktop ON usage_sessions (desktop_id, begun);
CREATE INDEX usage_sessions_project ON usage_sessions (project_id, begun);
CREATE INDEX usage_sessions_ended ON usage_sessions (ended);
