-- Callers of the API can be described and disabled.

ALTER TABLE admins ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE admins ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;
