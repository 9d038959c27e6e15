-- What version 4 of the ledger has beside version 3: files of histories that were read, and when lives were.

-- Files of histories by their whole path, as large as they were when they were read, and the hub that they were taken
-- for the last time.
CREATE TABLE history_file (
  path TEXT PRIMARY KEY,
  hub TEXT NOT NULL,
  size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Times in RFC 3339; what has no end lasts.
ALTER TABLE life ADD COLUMN began TEXT AS (nullif(json_extract(life, '$.created'), ''));
ALTER TABLE life ADD COLUMN over TEXT AS (coalesce(json_extract(life, '$.ended'), '9999'));
ALTER TABLE life ADD COLUMN last TEXT AS (
  coalesce(json_extract(life, '$.ended'), json_extract(life, '$.scheduled'), json_extract(life, '$.created'))
);
ALTER TABLE life ADD COLUMN person TEXT AS (json_extract(life, '$.labels."hub.jupyter.org/username"'));
CREATE INDEX life_by_end ON life (over, began);
CREATE INDEX life_by_hub_last ON life (hub, last);
CREATE INDEX life_by_person ON life (person, last);
