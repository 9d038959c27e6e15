"""What reading where it lies must keep to, and which of it was not kept."""

from dataclasses import dataclass

MIB = 1 << 20
# Bytes that may come beyond those of the chunks that are wanted, as a part of these.
MOST_BESIDE = 0.10
# Times as fast as h5py on two cores.
TWO_CORES = 1.5
ZARRS = 1.05


@dataclass(frozen=True)
class Limit:
    """The most that a reader's work may take; seconds at one bandwidth only."""

    reader: str
    work: str
    mib: float
    requests: int | None = None
    seconds: float | None = None
    mb_per_s: float = 3.6


OF_V6 = [
    Limit("xarray on frazil.File", "open", 16, requests=60, seconds=9),
    Limit("frazil.open", "open", 1, requests=12, seconds=1.2),
    Limit("frazil.open", "first", 2),
]


def broken(rows: list[dict], expected: dict[str, dict]) -> list[str]:
    """A sentence for each limit that is not kept, and for each reader that failed or found something else."""
    told = [f"{title(row)}: {row['wrong']}" for row in rows if row.get("wrong")]
    good = [row for row in rows if not row.get("wrong")]
    for row in (row for row in good if row["file"] == "granule-v6.h5"):
        for limit in OF_V6:
            if (row["reader"], row["work"]) == (limit.reader, limit.work):
                told += over(row, "MiB", row["mib"], limit.mib)
                told += over(row, "requests", row["requests"], limit.requests)
                if row["mb_per_s"] == limit.mb_per_s:
                    told += over(row, "seconds", row["seconds"], limit.seconds)
    for row in good:
        own = expected.get(row["file"], {})
        if (row["reader"], row["work"]) == ("frazil.open", "beams"):
            told += over(row, "MiB", row["mib"], own["beams_bytes"] / MIB * (1 + MOST_BESIDE))
        if (row["reader"], row["work"]) == ("xarray, engine frazil", "open"):
            opening = [one["mib"] for one in good if same(one, row, reader="frazil.open")]
            told += over(row, "MiB", row["mib"], opening[0] + own["index_bytes"] / MIB + 1 if opening else None)
    return told + slower(good)


def slower(rows: list[dict]) -> list[str]:
    """Local reads that take longer than those they are compared with."""
    told = []
    for row in (row for row in rows if row["reader"] == "frazil.open" and row["work"] == "whole"):
        for one in rows:
            if same(one, row, reader="h5py, two threads" if row["cores"] == 2 else "h5py"):
                told += over(row, "seconds", row["seconds"], one["seconds"] / (TWO_CORES if row["cores"] == 2 else 1))
            if same(one, row, reader="zarr-python with zarrs"):
                told += over(row, "seconds", row["seconds"], one["seconds"] * ZARRS)
    return told


def same(one: dict, other: dict, reader: str) -> bool:
    """Whether it is a reader's doing of the same work in the same circumstances."""
    circumstances = ("file", "work", "mb_per_s", "cores")
    return one["reader"] == reader and all(one[name] == other[name] for name in circumstances)


def over(row: dict, what: str, value: float, most: float | None) -> list[str]:
    return [f"{title(row)}: {value:.2f} {what}, at most {most:.2f}"] if most is not None and value > most else []


def title(row: dict) -> str:
    where = f"{row['cores']} cores" if row["cores"] else f"{row['mb_per_s']} MB/s"
    return f"{row['file']}, {row['work']}, {where}, {row['reader']}"
