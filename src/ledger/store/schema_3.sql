-- What version 3 of the ledger has beside version 2: gaps in flow logs by hub and day, and sizes of files.

-- What flow logs lack, and how many records AWS could not make. What was counted before is taken to lack on all of its
-- days what any of it lacked; on which days records were not made is not known of it.
CREATE TABLE flow_day_gap (
  hub TEXT NOT NULL,
  day INTEGER NOT NULL,
  what TEXT NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (hub, day, what)
) STRICT, WITHOUT ROWID;
INSERT INTO flow_day_gap
  SELECT hub, day, what, 0 FROM (SELECT DISTINCT hub, day FROM flow), flow_gap WHERE what <> 'skipped';
DROP TABLE flow_gap;

-- The size of a file in bytes; 0 where nobody looked.
ALTER TABLE flow_file ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
