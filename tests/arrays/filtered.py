"""A file whose arrays went through a filter: `filtered.py NAME FILE`. It is a program of its own, since plugins find
the wrong HDF5 library in a process that has netCDF4's too."""

import sys

import h5py
import hdf5plugin
import numpy

FILTERS = {
    "shuffle": {"shuffle": True},
    "deflate": {"compression": "gzip", "compression_opts": 4},
    "both": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "lzf": {"compression": "lzf", "shuffle": True},
    "scaleoffset": {"scaleoffset": 0},
    "zstd": hdf5plugin.Zstd(),
    "lz4": hdf5plugin.LZ4(),
    "bitshuffle": hdf5plugin.Bitshuffle(),
    "bitshuffle_zstd": hdf5plugin.Bitshuffle(cname="zstd"),
    "bitshuffle_none": hdf5plugin.Bitshuffle(cname="none"),
    "blosc": hdf5plugin.Blosc(cname="blosclz", shuffle=hdf5plugin.Blosc.SHUFFLE),
    "blosc_zstd": hdf5plugin.Blosc(cname="zstd", shuffle=hdf5plugin.Blosc.BITSHUFFLE),
}


def counted(shape, dtype="i4"):
    return (numpy.arange(numpy.prod(shape)) % 119).astype(dtype).reshape(shape)


if __name__ == "__main__":
    with h5py.File(sys.argv[2], "w") as file:
        for dtype in ["u1", "i2", "i4", "i8"]:
            file.create_dataset(dtype, data=counted((103, 77), dtype), chunks=(25, 30), **FILTERS[sys.argv[1]])
