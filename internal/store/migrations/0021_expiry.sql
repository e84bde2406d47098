-- Earlier versions stored times beyond the year 9999, which SQLite then could not read; all of them meant never.
UPDATE users SET expires = NULL WHERE substr(CAST(expires AS VARCHAR(40)), 5, 1) <> '-';
