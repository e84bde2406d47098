-- When pools are to be looked after: a row for each change of a pool, and one for the time at which something in it will be due.
-- Rows are only added and removed, and refer to nothing, so that noting a change never waits for whoever holds the pool.
CREATE TABLE pool_dues (
    id      TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL,
    at      TIMESTAMPTZ NOT NULL
);
CREATE INDEX pool_dues_at ON pool_dues (at, pool_id);
CREATE INDEX pool_dues_pool ON pool_dues (pool_id);

INSERT INTO pool_dues (id, pool_id, at) SELECT id, id, created FROM pools;

-- When people reset the desktops that they had in pools. Those that no longer count against their number a day go.
CREATE TABLE pool_resets (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, pool_id, at)
);
CREATE INDEX pool_resets_pool ON pool_resets (pool_id);
