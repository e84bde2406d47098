-- A desktop has one tag with a key. The rooms see to that under the desktop's lock; now the database does, too.

DELETE FROM desktop_tags WHERE EXISTS (
    SELECT 1 FROM desktop_tags AS former
    WHERE former.desktop_id = desktop_tags.desktop_id AND former.key = desktop_tags.key AND former.position < desktop_tags.position
);
CREATE UNIQUE INDEX desktop_tags_key ON desktop_tags (desktop_id, key);
