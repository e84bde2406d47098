-- An account has several projects, which can be described and disabled.

ALTER TABLE projects ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;
