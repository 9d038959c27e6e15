"""Sums a legacy CUR by day, service, usage type, resource and tags in polars; prints one line of JSON.

python in_polars.py FILE.csv [--store FILE.parquet]
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import polars as pl


def summed(path: Path) -> pl.DataFrame:
    lines = pl.scan_csv(path, infer_schema=False)
    tags = [name for name in lines.collect_schema().names() if name.startswith("resourceTags/")]
    keys = [
        pl.col("lineItem/UsageStartDate").str.slice(0, 10).alias("day"),
        *(pl.col(f"lineItem/{name}") for name in ("ProductCode", "UsageType", "ResourceId")),
        *(pl.col(tag) for tag in tags),
    ]
    sums = [
        pl.col("lineItem/UsageAmount").cast(pl.Float64).sum().alias("quantity"),
        pl.col("lineItem/UnblendedCost").cast(pl.Float64).sum().alias("billed"),
        pl.len().alias("lines"),
    ]
    return lines.group_by(keys).agg(sums).collect(engine="streaming")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--store", type=Path, help="the file that is made; otherwise one that is removed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or Path(folder) / "line.parquet"
        began = time.monotonic()
        frame = summed(given.path)
        frame.write_parquet(store)
        seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {"billed": frame["billed"].sum(), "rows": len(frame), "lines": int(frame["lines"].sum())}
    print(
        json.dumps(
            {
                "program": f"polars {pl.__version__}",
                "seconds": round(seconds, 3),
                "max_rss_bytes": peak,
                **found,
            }
        )
    )


if __name__ == "__main__":
    main()
