"""The histogram on clusters that real gateways start, one and two of them: counts are those of numpy."""

import books
import dask_gateway_here
import numpy as np
import pytest
import xarray as xr


@pytest.fixture(scope="module")
def servers(tmp_path_factory, package):
    """Two gateways."""
    started = []
    try:
        for name in ("google", "amazon"):
            started.append(dask_gateway_here.Server(tmp_path_factory.mktemp(name), package))
        yield started
    finally:
        for server in started:
            server.close()


@pytest.fixture
def known(servers, monkeypatch):
    """Gateways, and how a person gives them to a notebook."""
    monkeypatch.setenv("GATEWAY_PASSWORD", dask_gateway_here.PASSWORD)
    return [{"address": server.address, "user": "grace", "secret_env": "GATEWAY_PASSWORD"} for server in servers]


def counted(sums, edges):
    """Counts of a latitude, the first dimension, in bins."""
    return np.array([np.histogram(one[np.isfinite(one)], edges)[0] for one in sums])


def of_reanalysis(made, during, edges):
    rain = xr.open_zarr(made / "era5.zarr", chunks=None)["total_precipitation"].sel(time=slice(*during)).load()
    return counted(rain.coarsen(time=6).sum().transpose("latitude", ...).values, edges)


def test_on_the_gateway(known, made, tmp_path):
    during = ("1990-01-02", "1990-01-15")
    book = books.with_parameters(books.read("09-histogram-on-the-gateway.ipynb"), address=str(made / "era5.zarr"), during=during, workers=2, gateway=known[0])
    found, book = books.run(book, tmp_path, "counts", "edges", "mean")
    expected = of_reanalysis(made, during, found["edges"])
    np.testing.assert_array_equal(found["counts"].transpose("latitude", ...), expected)
    np.testing.assert_allclose(found["mean"].transpose("latitude", ...), expected / 56)
    assert "jobs in" in books.printed(book) and books.pictures(book) == 1
    assert clusters(known[0]) == []


def test_over_two_gateways(known, made, tmp_path):
    during = ("1990-01-03", "1990-01-12")
    parameters = {
        "google": known[1], "amazon": known[0], "era5": str(made / "era5.zarr"), "catalogue": str(made / "lens.json"),
        "during": during, "workers": 1,
    }
    book = books.with_parameters(books.read("10-two-gateways.ipynb"), **parameters)
    found, book = books.run(book, tmp_path, "edges", "counts", "of_reanalysis", "of_model")
    first, second = (counts.transpose(..., counts.dims[-1]).values for counts in found["counts"])
    np.testing.assert_array_equal(first, of_reanalysis(made, during, found["edges"]))

    model = xr.open_zarr(made / "cesmLE-20C-PRECT.zarr", chunks=None)["PRECT"].sel(time=slice(*during)).isel(member_id=0).load()
    assert model.sizes["time"] == 40
    # As the notebook scales them: single precision, like the array.
    np.testing.assert_array_equal(second, counted((model * np.float32(6 * 3600)).transpose("lat", ...).values, found["edges"]))
    for shares, counts in ((found["of_reanalysis"], first), (found["of_model"], second)):
        np.testing.assert_allclose(shares.transpose("latitude", "rain"), 100 * counts[:, 1:] / counts.sum(axis=1, keepdims=True))
    assert books.pictures(book) == 1
    assert [clusters(gateway) for gateway in known] == [[], []]


def clusters(gateway):
    """Clusters that are left at a gateway."""
    import frazil

    return frazil.Gateway(**gateway).clusters()
