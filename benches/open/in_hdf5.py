"""One reader's work on a granule or on any HDF5 file. Prints a line of JSON: seconds, what was found, the work.

    python in_hdf5.py READER WORK ADDRESS [--cores N]

Works: `open` and `first` on one group, `beams` on all six beams, `whole` on a local file.
"""

from concurrent.futures import ThreadPoolExecutor

from worker import run

GROUP = "gt1l/heights"
BEAMS = [f"gt{track}{side}/heights/h_ph" for track in "123" for side in "lr"]
FIRST = 50_000
# Attributes by which HDF5 and netCDF-4 tie dimensions to variables; readers show dimensions instead.
PLUMBING = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}
# earthaccess 0.17's block size for files of 100 MiB to 1 GiB.
BLOCK = 8 << 20


def total(values):
    return float(values.sum(dtype="f8"))


def names(found):
    return sorted(str(name) for name in found)


def frazil_open(work):
    """headers of the group's variables, all attributes; of values what is asked for"""
    import frazil
    import numpy  # noqa: F401 (not on the clock)

    def of_group(address):
        group = frazil.open(address, GROUP)
        counted = len(group.attrs) + sum(len(variable.attrs) for variable in group.values())
        found = {"variables": names(group), "attributes": counted}
        return found | ({"sum": total(group["h_ph"][:FIRST])} if work == "first" else {})

    def of_beams(address):
        opened = frazil.open(address)
        return {"sums": [total(opened[path][:]) for path in BEAMS]}

    def of_file(address):
        groups = frazil.open(address).walk()
        return {"elements": sum(variable[...].size for group in groups for variable in group.values())}

    return {"beams": of_beams, "whole": of_file}.get(work, of_group), frazil


def frazil_xarray(work):
    """headers of the group's variables, all attributes, all of delta_time for its index"""
    import frazil
    import xarray

    def read(address):
        return of_dataset(xarray.open_dataset(address, engine="frazil", group=GROUP), work)

    return read, frazil


def of_dataset(dataset, work):
    found = {"variables": names(dataset.variables)}
    return found | ({"sum": total(dataset["h_ph"][:FIRST].values)} if work == "first" else {})


def of_h5netcdf(file, work):
    import h5py
    import xarray

    if work == "beams":
        with h5py.File(file) as opened:
            return {"sums": [total(opened[path][:]) for path in BEAMS]}
    return of_dataset(xarray.open_dataset(file, group=GROUP, engine="h5netcdf", phony_dims="sort"), work)


def frazil_file(work):
    """xarray with h5netcdf (beams: h5py), unchanged: the group, all of delta_time for its index"""
    import frazil
    import h5netcdf  # noqa: F401 (not on the clock)
    import xarray  # noqa: F401

    return lambda address: of_h5netcdf(frazil.File(address), work), frazil


def fsspec_cache(kind):
    def reader(work):
        import fsspec
        import h5netcdf  # noqa: F401 (not on the clock)
        import xarray  # noqa: F401

        def read(address):
            files = fsspec.filesystem("https", client_kwargs={"trust_env": True})
            with files.open(address, cache_type=kind, block_size=BLOCK) as file:
                return of_h5netcdf(file, work)

        return read, None

    reader.__doc__ = frazil_file.__doc__
    return reader


def h5coro(work):
    """variables and attributes as its list() finds them; of values what is asked for, a thread for each beam"""
    from h5coro import h5coro, webdriver

    def read(address):
        opened = h5coro.H5Coro(address, webdriver.HTTPDriver, credentials={})
        if work == "beams":
            read = opened.readDatasets(BEAMS, block=True)
            return {"sums": [total(read[path]) for path in BEAMS]}
        variables, _, _ = opened.list(GROUP, w_attr=True)
        found = {"variables": names(variables)}
        if work == "first":
            path = f"{GROUP}/h_ph"
            read = opened.readDatasets([{"dataset": path, "hyperslice": [(0, FIRST)]}], block=True)
            found["sum"] = total(read[path])
        return found

    return read, None


def datasets(file):
    import h5py

    found = []
    file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return found


def h5py_threads(threads):
    def reader(work):
        import h5py

        def read(address):
            with h5py.File(address) as file:
                if work == "whole":
                    with ThreadPoolExecutor(threads) as pool:
                        return {"elements": sum(pool.map(lambda one: one.size and one[...].size, datasets(file)))}
                return expected(file)

        return read, None

    reader.__doc__ = f"every array, {threads} at a time"
    return reader


def expected(file):
    """All that the works on a granule find, and the bytes that the chunks of it have."""
    group = file[GROUP]
    shown = [attrs.keys() - PLUMBING for attrs in (group.attrs, *(one.attrs for one in group.values()))]
    return {
        "variables": names(group),
        "attributes": sum(map(len, shown)),
        "sum": total(group["h_ph"][:FIRST]),
        "sums": [total(file[path][:]) for path in BEAMS],
        "index_bytes": stored(group["delta_time"]),
        "beams_bytes": sum(stored(file[path]) for path in BEAMS),
    }


def stored(dataset):
    return sum(dataset.id.get_chunk_info(number).size for number in range(dataset.id.get_num_chunks()))


READERS = {
    "frazil.open": frazil_open,
    "xarray, engine frazil": frazil_xarray,
    "xarray on frazil.File": frazil_file,
    "xarray on fsspec background": fsspec_cache("background"),
    "xarray on fsspec blockcache": fsspec_cache("blockcache"),
    "h5coro": h5coro,
    "h5py": h5py_threads(1),
    "h5py, two threads": h5py_threads(2),
}

if __name__ == "__main__":
    run(READERS)
