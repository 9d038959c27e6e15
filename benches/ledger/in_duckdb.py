"""The work of frazil's ledger in DuckDB, on one file or folder; prints one line of JSON.

    python in_duckdb.py allocate FOLDER.parquet… [--store FILE]
    python in_duckdb.py sum FILE.csv [--store FILE]

`allocate` runs allocate.sql over a month of CUR 2.0. `sum` sums a legacy CUR by day, service, usage type,
resource and tags. Both store what they made.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
SUM = """
CREATE TABLE line AS
SELECT "lineItem/UsageStartDate"[:10] AS day, "lineItem/ProductCode" AS service, "lineItem/UsageType" AS usage_type,
  "lineItem/ResourceId" AS resource, COLUMNS('resourceTags/.*'),
  sum("lineItem/UsageAmount"::DOUBLE) AS quantity, sum("lineItem/UnblendedCost"::DECIMAL(38, 12)) AS billed, count(*) AS lines
FROM read_csv(?, header = true, all_varchar = true) GROUP BY ALL
"""


def allocate(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, float | str]:
    files = str(path / "*.parquet") if path.is_dir() else str(path)
    connection.execute(f"CREATE VIEW bill AS SELECT * FROM read_parquet('{files}')")
    for statement in duckdb.extract_statements((HERE / "allocate.sql").read_text()):
        connection.execute(statement)
    rows = connection.execute(
        "SELECT kind, sum(cost), count(*) FROM part GROUP BY kind ORDER BY kind"
    ).fetchall()
    billed = connection.execute("SELECT sum(billed) FROM line").fetchone()
    assert billed is not None
    return {"billed": str(billed[0]), **{kind: cost for kind, cost, _ in rows}}


def summed(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, float | str]:
    connection.execute(SUM, [str(path)])
    row = connection.execute("SELECT sum(billed), count(*), sum(lines) FROM line").fetchone()
    assert row is not None
    return {"billed": str(row[0]), "rows": row[1], "lines": int(row[2])}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", choices=["allocate", "sum"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--store", type=Path, help="the database that is made; otherwise one that is removed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or Path(folder) / "ledger.duckdb"
        store.unlink(missing_ok=True)
        began = time.monotonic()
        with duckdb.connect(store) as connection:
            found = {"allocate": allocate, "sum": summed}[given.work](connection, given.path)
        seconds = time.monotonic() - began
        size = store.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {
                "program": f"duckdb {duckdb.__version__}",
                "seconds": round(seconds, 3),
                "max_rss_bytes": peak,
                "stored_bytes": size,
                **found,
            }
        )
    )


if __name__ == "__main__":
    main()
