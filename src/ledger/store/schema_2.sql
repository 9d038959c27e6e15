-- What version 2 of the ledger has beside version 1: bytes by the ways they took.

-- What pods sent and received on a day, by who counted it. The recorder's pods are UIDs of `life`.
CREATE TABLE pod_day (
  hub TEXT NOT NULL,
  day INTEGER NOT NULL,
  origin TEXT NOT NULL,
  pod TEXT NOT NULL,
  labels TEXT NOT NULL,
  received INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  PRIMARY KEY (hub, day, origin, pod)
) STRICT, WITHOUT ROWID;

-- Files of flow logs that were counted. What is here is never counted again.
CREATE TABLE flow_file (
  identity TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  taken_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What flow logs say, summed by day, both ends and way. Ends are JSON.
CREATE TABLE flow_end (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE flow (
  hub TEXT NOT NULL,
  day INTEGER NOT NULL,
  direction TEXT NOT NULL,
  local INTEGER NOT NULL REFERENCES flow_end (id),
  peer INTEGER NOT NULL REFERENCES flow_end (id),
  path INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (hub, day, direction, local, peer, path)
) STRICT, WITHOUT ROWID;

-- Interfaces of NAT gateways.
CREATE TABLE flow_gateway (
  interface TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- What flow logs lack, and how many records AWS could not make.
CREATE TABLE flow_gap (
  what TEXT PRIMARY KEY,
  records INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Files of byte ledgers. A file that has grown replaces what was there of it.
CREATE TABLE client_file (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  taken_at TEXT NOT NULL
) STRICT;
CREATE TABLE client (
  file INTEGER NOT NULL REFERENCES client_file (id) ON DELETE CASCADE,
  day INTEGER NOT NULL,
  hub TEXT NOT NULL,
  user TEXT NOT NULL,
  cluster TEXT NOT NULL,
  dataset TEXT NOT NULL,
  bucket TEXT NOT NULL,
  region TEXT NOT NULL,
  route TEXT NOT NULL,
  requester_pays INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  requested INTEGER NOT NULL,
  received INTEGER NOT NULL
) STRICT;
CREATE INDEX client_by_file ON client (file);
