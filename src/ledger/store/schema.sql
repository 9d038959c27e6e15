-- The ledger. Money is in 10⁻¹² of its currency, quantities in 10⁻¹² of their unit: an INTEGER, or the same
-- digits as TEXT where 64 bits are too few. Those columns have no type, so that SQLite keeps either as it is.

-- Whose bills: a format, a provider, the account that pays.
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  provider TEXT NOT NULL,
  payer TEXT NOT NULL,
  UNIQUE (kind, provider, payer)
) STRICT;

-- A month of a source. It is replaced as a whole.
CREATE TABLE bill (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES source (id),
  month INTEGER NOT NULL,
  taken_at TEXT NOT NULL,
  UNIQUE (source, month)
) STRICT;

-- Files that a bill was read from, found again by their digest.
CREATE TABLE file (
  bill INTEGER NOT NULL REFERENCES bill (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  rows INTEGER NOT NULL,
  PRIMARY KEY (bill, number)
) STRICT, WITHOUT ROWID;

-- Texts of a bill's lines and uses; number 0 is the empty text.
CREATE TABLE text (
  bill INTEGER NOT NULL REFERENCES bill (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (bill, number)
) STRICT, WITHOUT ROWID;

-- Lines of a bill, summed by day, resource, usage type and tags. `first_file` and `first_row` say where
-- the first of them stands. `day` counts from 1970-01-01.
CREATE TABLE line (
  bill INTEGER NOT NULL REFERENCES bill (id) ON DELETE CASCADE,
  day INTEGER NOT NULL,
  charge TEXT NOT NULL,
  account INTEGER NOT NULL,
  service INTEGER NOT NULL,
  usage_type INTEGER NOT NULL,
  operation INTEGER NOT NULL,
  region INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  tags INTEGER NOT NULL,
  currency INTEGER NOT NULL,
  quantity NOT NULL,
  billed NOT NULL,
  effective NOT NULL,
  list NOT NULL,
  lines INTEGER NOT NULL,
  first_file INTEGER NOT NULL,
  first_row INTEGER NOT NULL
);
CREATE INDEX line_by_bill ON line (bill);

-- What pods asked for and used on a day, as a bill tells it: core-seconds, byte-seconds, GPU-seconds in 10⁻¹².
CREATE TABLE use (
  bill INTEGER NOT NULL REFERENCES bill (id) ON DELETE CASCADE,
  day INTEGER NOT NULL,
  node INTEGER NOT NULL,
  pod INTEGER NOT NULL,
  namespace INTEGER NOT NULL,
  labels INTEGER NOT NULL,
  cpu_requested NOT NULL,
  cpu_used,
  cpu_largest,
  memory_requested NOT NULL,
  memory_used,
  memory_largest,
  gpus NOT NULL
);
CREATE INDEX use_by_bill ON use (bill);

-- Lives of pods and nodes from the recorder, the last that was told of each.
CREATE TABLE life (
  uid TEXT PRIMARY KEY,
  hub TEXT NOT NULL,
  life TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Sizes of homes on a day, in bytes.
CREATE TABLE home (
  hub TEXT NOT NULL,
  day INTEGER NOT NULL,
  user TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (hub, day, user)
) STRICT, WITHOUT ROWID;

-- Groups that a person was in on a day.
CREATE TABLE membership (
  hub TEXT NOT NULL,
  day INTEGER NOT NULL,
  user TEXT NOT NULL,
  user_group TEXT NOT NULL,
  PRIMARY KEY (hub, day, user, user_group)
) STRICT, WITHOUT ROWID;

-- What pods asked for and used on a day, as monitoring tells it; units as in `use`.
CREATE TABLE sampled (
  hub TEXT NOT NULL,
  day INTEGER NOT NULL,
  node TEXT NOT NULL,
  pod TEXT NOT NULL,
  labels TEXT NOT NULL,
  cpu_requested NOT NULL,
  cpu_used,
  cpu_largest,
  memory_requested NOT NULL,
  memory_used,
  memory_largest,
  gpus NOT NULL,
  PRIMARY KEY (hub, day, node, pod)
) WITHOUT ROWID;
