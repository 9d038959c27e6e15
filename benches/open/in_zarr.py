"""One reader's work on a Zarr store. Prints a line of JSON: seconds, what was found, the work.

    python in_zarr.py READER WORK ADDRESS [--cores N]

Works: `part`, a box of an array, and `whole`, all of it. Both open the store first.
"""

from worker import run

ARRAY = "t2m"
PART = (slice(10, 14), slice(100, 700), slice(300, 900))


def part_of(work):
    return PART if work == "part" else Ellipsis


def found(values):
    return {"shape": list(values.shape), "sum": float(values[:, ::16, ::16].sum(dtype="f8"))}


def frazil_open(work):
    """metadata of the group, chunks of the part, which are asked for together"""
    import frazil
    import numpy  # noqa: F401 (not on the clock)

    return lambda address: found(frazil.open(address)[ARRAY][part_of(work)]), frazil


def zarr_python(pipeline):
    def reader(work):
        import zarr

        if pipeline:
            zarr.config.set({"codec_pipeline.path": pipeline})

        def read(address):
            far = address.startswith("https")
            options = {"client_kwargs": {"trust_env": True}} if far else None
            group = zarr.open_group(address, mode="r", storage_options=options)
            return found(group[ARRAY][part_of(work)])

        return read, None

    reader.__doc__ = frazil_open.__doc__
    return reader


READERS = {
    "frazil.open": frazil_open,
    "zarr-python": zarr_python(None),
    "zarr-python with zarrs": zarr_python("zarrs.ZarrsCodecPipeline"),
}

if __name__ == "__main__":
    run(READERS)
