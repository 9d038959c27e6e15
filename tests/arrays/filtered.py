"""A file whose arrays went through a filter: `filtered.py NAME FILE`. It is a program of its own, since plugins find
the wrong HDF5 library in a process that has netCDF4's too, and netCDF4 tells other processes of its own plugins."""

import os
import sys

os.environ.pop("HDF5_PLUGIN_PATH", None)

import h5py
import hdf5plugin
import numpy

FILTERS = {
    "shuffle": lambda: {"shuffle": True},
    "deflate": lambda: {"compression": "gzip", "compression_opts": 4},
    "both": lambda: {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "lzf": lambda: {"compression": "lzf", "shuffle": True},
    "scaleoffset": lambda: {"scaleoffset": 0},
    "zstd": lambda: hdf5plugin.Zstd(),
    "lz4": lambda: hdf5plugin.LZ4(),
    "bitshuffle": lambda: hdf5plugin.Bitshuffle(),
    "bitshuffle_zstd": lambda: hdf5plugin.Bitshuffle(cname="zstd"),
    "bitshuffle_none": lambda: hdf5plugin.Bitshuffle(cname="none"),
    "blosc": lambda: hdf5plugin.Blosc(cname="blosclz", shuffle=hdf5plugin.Blosc.SHUFFLE),
    "blosc_zstd": lambda: hdf5plugin.Blosc(cname="zstd", shuffle=hdf5plugin.Blosc.BITSHUFFLE),
}


def counted(shape, dtype="i4"):
    return (numpy.arange(numpy.prod(shape)) % 119).astype(dtype).reshape(shape)


if __name__ == "__main__":
    with h5py.File(sys.argv[2], "w") as file:
        for dtype in ["u1", "i2", "i4", "i8"]:
            file.create_dataset(dtype, data=counted((103, 77), dtype), chunks=(25, 30), **FILTERS[sys.argv[1]]())
