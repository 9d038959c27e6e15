"""The same sums in DuckDB, as far as SQL says them in a few lines: the log's service stands for the table of
address ranges, so that DuckDB has less to do. Prints a line of JSON.

    python in_duckdb.py FOLDER
"""

import json
import sys

import duckdb

SUM = """
CREATE TEMP TABLE addresses AS
SELECT epoch_ms("start" * 1000)::DATE AS day, "instance-id" AS instance, "interface-id" AS interface, "az-id" AS zone,
    "flow-direction" = 'egress' AS out,
    CASE WHEN "flow-direction" = 'egress' THEN "pkt-srcaddr" ELSE "pkt-dstaddr" END AS local,
    CASE WHEN "flow-direction" = 'egress' THEN "pkt-dstaddr" ELSE "pkt-srcaddr" END AS peer,
    CASE WHEN "flow-direction" = 'egress' THEN "pkt-dst-aws-service" ELSE "pkt-src-aws-service" END AS service,
    "traffic-path" AS path, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM read_csv(?, delim = ' ', header = true, quote = '', escape = '', nullstr = '-', types = {TYPES})
WHERE "action" = 'ACCEPT' AND "log-status" = 'OK'
GROUP BY ALL;
CREATE TEMP TABLE zones AS SELECT local AS peer, any_value(zone) AS peer_zone FROM addresses GROUP BY local;
CREATE TEMP TABLE sums AS
SELECT day, instance, interface, zone, local, out, path,
    CASE WHEN service IS NOT NULL THEN service
         WHEN peer NOT LIKE '10.%' THEN 'internet'
         WHEN peer_zone IS NULL THEN 'unknown'
         WHEN peer_zone = zone THEN 'same' ELSE 'other' END AS class,
    sum(bytes) AS bytes, sum(packets) AS packets, sum(records) AS records
FROM addresses LEFT JOIN zones USING (peer)
GROUP BY ALL;
"""
# What has to be a number; all else is text, which takes no guessing.
NUMBERS = {"version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "tcp-flags", "traffic-path"}


def main() -> None:
    from make import FIELDS

    types = {field: "BIGINT" if field in NUMBERS else "VARCHAR" for field in FIELDS}
    listed = "{" + ", ".join(f"'{field}': '{kind}'" for field, kind in types.items()) + "}"
    connection = duckdb.connect()
    first, *others = [part for part in SUM.replace("{TYPES}", listed).split(";") if part.strip()]
    connection.execute(first, [f"{sys.argv[1]}/*.log*"])
    for other in others:
        connection.execute(other)
    rows, records, sent, received = connection.execute(
        "SELECT count(*), sum(records), sum(bytes) FILTER (out), sum(bytes) FILTER (NOT out) FROM sums"
    ).fetchone()
    print(json.dumps({"rows": rows, "records": int(records), "sent": int(sent), "received": int(received)}))


if __name__ == "__main__":
    main()
