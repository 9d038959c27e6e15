"""Small files that are laid out as those of the archives are, so that the notebooks find in them what they look for.

    python tests/notebooks/made.py FOLDER
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

WEB = "https://open.example.org/served/made"
"""Where the stand-in serves the folder to everybody."""
TRACK = (-49.6, 69.05, -49.0, 69.35)
"""The box that the tracks cross: west, south, east, north."""
LAKES = {
    "Superior": (-87.6, 47.7, 2.9, 0.85, 8),
    "Michigan": (-87.0, 43.8, 0.75, 2.1, 0),
    "Huron": (-82.4, 44.7, 0.95, 1.5, 25),
    "Erie": (-81.2, 42.2, 2.1, 0.42, 17),
    "Ontario": (-77.8, 43.6, 1.55, 0.38, 5),
}
"""Ellipses: longitude and latitude of the middle, half of the width and height in degrees, and how far it is turned."""


def everything(folder):
    """All of it, in a folder that is there."""
    for make in (granules, sst, rain, ensemble, scenes):
        make(folder)


# Granules of CMR


def granules(folder):
    """Granules of ATL03 and of daily temperatures of the sea, and what CMR tells of them."""
    told = folder / "recordings" / "earthaccess"
    told.mkdir(parents=True)
    for number, photons in enumerate((60_000, 40_000, 90_000)):
        name = f"ATL03_2022060{number + 1}031618_0731140{number}_007_01.h5"
        track(folder / name, photons, seed=number)
        day = f"2022-06-0{number + 1}T03"
        write_umm(told, folder / name, "ATL03", "007", "data.nsidc.earthdatacloud.nasa.gov", TRACK, (f"{day}:16:18Z", f"{day}:24:48Z"))
    for year in range(2013, 2023):
        for day in (24, 25):
            name = f"{year}12{day}090000-JPL-L4_GHRSST-SSTfnd-MUR-GLOB-v02.0-fv04.1.nc"
            sea(folder / name, year, day)
            times = (f"{year}-12-{day - 1}T21:00:00Z", f"{year}-12-{day}T21:00:00Z")
            write_umm(told, folder / name, "MUR-LIKE", "4.1", "archive.podaac.earthdata.nasa.gov", (-180, -90, 180, 90), times)


def write_umm(folder, path, short_name, version, host, box, times):
    """Writes the answer of CMR about a granule, as it would be recorded."""
    west, south, east, north = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    number = int(hashlib.sha256(path.name.encode()).hexdigest()[:8], 16)
    provider = "NSIDC_CPRD" if short_name == "ATL03" else "POCLOUD"
    size, sha = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    umm = {
        "GranuleUR": path.name,
        "TemporalExtent": {"RangeDateTime": dict(zip(("BeginningDateTime", "EndingDateTime"), times, strict=True))},
        "CollectionReference": {"ShortName": short_name, "Version": version},
        "SpatialExtent": {"HorizontalSpatialDomain": {"Geometry": {"GPolygons": [
            {"Boundary": {"Points": [{"Longitude": x, "Latitude": y} for x, y in corners]}}
        ]}}},
        "RelatedUrls": [
            {"URL": f"https://{host}/served/made/{path.name}", "Type": "GET DATA"},
            {"URL": f"s3://served/made/{path.name}", "Type": "GET DATA VIA DIRECT ACCESS"},
            {"URL": f"https://{host}/s3credentials", "Type": "VIEW RELATED INFORMATION"},
        ],
        "DataGranule": {"DayNightFlag": "Unspecified", "ProductionDateTime": times[1], "ArchiveAndDistributionInformation": [{
            "Name": path.name, "SizeInBytes": size, "Size": size / 2**20, "SizeUnit": "MB",
            "Checksum": {"Value": sha, "Algorithm": "SHA-256"},
        }]},
        "MetadataSpecification": {"URL": "https://cdn.earthdata.nasa.gov/umm/granule/v1.6.6", "Name": "UMM-G", "Version": "1.6.6"},
    }
    meta = {
        "concept-type": "granule", "concept-id": f"G{number}-{provider}", "revision-id": 1, "native-id": path.name,
        "provider-id": provider, "format": "application/vnd.nasa.cmr.umm+json", "revision-date": times[1],
    }
    (folder / f"{path.stem}_umm.json").write_text(json.dumps({"hits": 1, "took": 1, "items": [{"meta": meta, "umm": umm}]}))


def track(path, photons, seed):
    """Photons of six beams along a track over a glacier: its surface, and as many again that are noise."""
    import h5py

    random = np.random.default_rng(seed)
    west, south, east, north = TRACK
    with h5py.File(path, "w", libver=("earliest", "v108")) as file:
        for beam in ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"):
            # The track is ten times as long as the box that it crosses.
            along = np.sort(random.uniform(-4.5, 5.5, photons))
            is_surface = random.random(photons) < 0.5
            surface = 900 + 500 * along + 60 * np.sin(9 * along) + 8 * np.sin(140 * along)
            noise = surface + random.uniform(-400, 400, photons)
            height = np.where(is_surface, surface + random.normal(0, 1.5, photons), noise)
            confidence = np.where(is_surface, 4, 0).astype("i1")
            columns = {
                "delta_time": 1.4e8 + along * 30, "lat_ph": south + along * (north - south), "lon_ph": west + along * (east - west),
                "h_ph": height.astype("f4"), "dist_ph_along": (along * 33_000).astype("f4"), "quality_ph": np.zeros(photons, "i1"),
                "signal_conf_ph": np.repeat(confidence[:, None], 5, axis=1),
            }
            group = file.create_group(f"{beam}/heights")
            for name, values in columns.items():
                chunks = (min(10_000, photons), *values.shape[1:])
                group.create_dataset(name, data=values, chunks=chunks, compression=6, shuffle=True)
            group["delta_time"].make_scale("delta_time")
            group["delta_time"].attrs["units"] = "seconds since 2018-01-01"
            for name in columns.keys() - {"delta_time"}:
                group[name].dims[0].attach_scale(group["delta_time"])
            group["h_ph"].attrs.update(units="meters", long_name="Photon WGS84 Height")
            group["lat_ph"].attrs["units"], group["lon_ph"].attrs["units"] = "degrees_north", "degrees_east"


def sea(path, year, day):
    """A day's temperature of the sea and of lakes over a part of North America, with the ice on them."""
    import netCDF4

    # No cell's middle is at an edge of a box that people write.
    lat, lon = np.arange(36.025, 52, 0.05), np.arange(-97.975, -70, 0.05)
    x, y = np.meshgrid(lon, lat)
    is_water = np.zeros(x.shape, bool)
    for west, south, half_width, half_height, turned in LAKES.values():
        angle = np.radians(turned)
        across, up = x - west, y - south
        one = (across * np.cos(angle) + up * np.sin(angle)) / half_width
        other = (up * np.cos(angle) - across * np.sin(angle)) / half_height
        is_water |= one**2 + other**2 < 1
    random = np.random.default_rng(year * 100 + day)
    kelvin = 279.5 - 0.9 * (y - 42) + 0.12 * (year - 2013) + 0.4 * np.sin(x) + random.normal(0, 0.1, x.shape)
    ice = np.clip((274.9 - kelvin) / 2, 0, 1)
    with netCDF4.Dataset(path, "w") as file:
        for name, length in (("time", None), ("lat", lat.size), ("lon", lon.size)):
            file.createDimension(name, length)
        time = file.createVariable("time", "i4", ("time",))
        time.units = "seconds since 1981-01-01 00:00:00 UTC"
        time[:] = (np.datetime64(f"{year}-12-{day}T09", "s") - np.datetime64("1981-01-01", "s")).astype(int)
        for name, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            variable = file.createVariable(name, "f4", (name,))
            variable.units = units
            variable[:] = values
        layout = {"zlib": True, "complevel": 4, "chunksizes": (1, 160, 280)}
        packed(file.createVariable("analysed_sst", "i2", ("time", "lat", "lon"), fill_value=-32768, **layout), kelvin, is_water, 0.001, 298.15)
        packed(file.createVariable("sea_ice_fraction", "i1", ("time", "lat", "lon"), fill_value=-128, **layout), ice, is_water & (ice > 0), 0.01, 0.0)


def packed(variable, values, is_there, scale, offset):
    """Writes one moment of packed numbers."""
    variable.scale_factor, variable.add_offset = scale, offset
    variable[0] = np.ma.masked_array(values, ~is_there)


# Grids


def sst(folder):
    """Forty years of monthly temperatures of the sea, in which El Niño comes and goes, laid out as ERSST is."""
    import netCDF4

    random = np.random.default_rng(34)
    lat, lon, months = np.arange(88, -90, -2.0), np.arange(0, 360, 2.0), 480
    x, y = np.meshgrid(lon, lat)
    nino = np.zeros(months)
    for month in range(2, months):
        nino[month] = 1.86 * nino[month - 1] - 0.885 * nino[month - 2] + random.normal(0, 0.08)
    nino *= 0.9 / nino.std()
    mean = 29 * np.cos(np.radians(y)) ** 1.6 - 1.8
    tongue = np.exp(-((x - 215) / 40) ** 2 - (y / 7) ** 2)
    far = [((x - a) / b) ** 2 + ((y - c) / d) ** 2 < 1 for a, b, c, d in (
        (260, 33, 50, 24), (300, 17, -15, 30), (20, 22, 5, 33), (80, 62, 55, 22), (134, 18, -25, 12), (320, 14, 72, 9),
    )]
    is_land = np.any(far, axis=0) | (y < -72)
    with netCDF4.Dataset(folder / "sst.mnmean.nc", "w", format="NETCDF4_CLASSIC") as file:
        for name, length in (("lat", lat.size), ("lon", lon.size), ("time", None)):
            file.createDimension(name, length)
        for name, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            variable = file.createVariable(name, "f4", (name,))
            variable.units = units
            variable[:] = values
        time = file.createVariable("time", "f8", ("time",))
        time.units = "days since 1800-1-1 00:00:00"
        moments = np.arange("1980-01", "2020-01", dtype="M8[M]").astype("M8[D]")
        time[:] = (moments - np.datetime64("1800-01-01")).astype(float)
        layout = {"zlib": True, "complevel": 2, "chunksizes": (1, lat.size, lon.size), "fill_value": np.float32(-9.96921e36)}
        values = file.createVariable("sst", "f4", ("time", "lat", "lon"), **layout)
        values.setncatts({"units": "degC", "long_name": "Monthly Means of Sea Surface Temperature"})
        for month in range(months):
            season = 4 * np.sin(np.radians(y)) * np.cos(2 * np.pi * (month % 12 - 7.5) / 12)
            now = mean + season + nino[month] * 1.4 * tongue + random.normal(0, 0.25, x.shape)
            values[month] = np.ma.masked_array(np.round(np.maximum(now, -1.8), 2), is_land)


def drops(shape, lat, random):
    """Amounts of rain, many of them nothing: much around the equator, some where storms pass."""
    wet = 0.25 + 0.5 * np.exp(-((lat - 6) / 9) ** 2) + 0.3 * np.exp(-((np.abs(lat) - 50) / 14) ** 2)
    wet = wet[:, None]
    amount = np.exp(random.normal(-9.6, 1.3, shape)) * (0.4 + 4 * wet**2)
    return np.where(random.random(shape) < wet, amount, 0).astype("f4")


def rain(folder):
    """Hourly rain in metres over three weeks, as ERA5 has it: a store of Zarr, a chunk for each day."""
    import xarray as xr

    lat, lon = np.arange(90, -90.1, -2.5, "f4"), np.arange(0, 360, 2.5, "f4")
    times = np.datetime64("1990-01-01T00", "ns") + np.arange(21 * 24) * np.timedelta64(1, "h")
    amounts = drops((times.size, lat.size, lon.size), lat, np.random.default_rng(5))
    told = {"units": "m", "long_name": "Total precipitation"}
    store = xr.Dataset({"total_precipitation": (("time", "latitude", "longitude"), amounts, told)}, {"time": times, "latitude": lat, "longitude": lon})
    store.total_precipitation.encoding["chunks"] = (24, lat.size, lon.size)
    store.to_zarr(folder / "era5.zarr", zarr_format=2, consolidated=True)


def ensemble(folder):
    """Rain of two runs of a climate model, in metres a second every six hours of a year without leap days, and its catalogue."""
    import cftime
    import xarray as xr

    lat, lon = np.linspace(-90, 90, 64), np.arange(0, 360, 3.75)
    first = cftime.DatetimeNoLeap(1990, 1, 1)
    times = xr.date_range(first, periods=84, freq="6h", calendar="noleap", use_cftime=True)
    amounts = drops((2, times.size, lat.size, lon.size), lat, np.random.default_rng(9)) * 6 / 21_600
    told = {"units": "m/s", "long_name": "Total (convective and large-scale) precipitation rate"}
    coordinates = {"member_id": [1, 2], "time": times, "lat": lat, "lon": lon}
    store = xr.Dataset({"PRECT": (("member_id", "time", "lat", "lon"), amounts.astype("f4"), told)}, coordinates)
    store.PRECT.encoding["chunks"] = (1, 12, lat.size, lon.size)
    store.to_zarr(folder / "cesmLE-20C-PRECT.zarr", zarr_format=2, consolidated=True)
    columns = ("component", "frequency", "experiment", "variable", "path")
    rows = [columns, ("atm", "hourly6-1990-2005", "20C", "PRECT", str(folder / "cesmLE-20C-PRECT.zarr"))]
    (folder / "lens.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    catalogue = {
        "esmcat_version": "0.1.0", "id": "aws-cesm1-le", "description": "Runs of a climate model", "catalog_file": "lens.csv",
        "attributes": [{"column_name": name} for name in columns[:-1]], "assets": {"column_name": "path", "format": "zarr"},
    }
    (folder / "lens.json").write_text(json.dumps(catalogue))


# Images


def scenes(folder):
    """Four scenes of fields that are watered in circles, and a catalogue of STAC of them."""
    items = [scene(folder, number, date) for number, date in enumerate(("2023-04-12", "2023-06-01", "2023-07-21", "2023-09-09"))]
    links = [{"rel": "root", "href": f"{WEB}/catalog.json"}, *({"rel": "item", "href": f"{WEB}/{item['id']}.json"} for item in items)]
    catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "scenes", "description": "Scenes of fields", "links": links}
    (folder / "catalog.json").write_text(json.dumps(catalogue))
    for item in items:
        (folder / f"{item['id']}.json").write_text(json.dumps(item))


def scene(folder, number, date):
    """One scene: images of red and near infrared light, and the item that tells of them."""
    import rasterio
    from rasterio.transform import from_origin
    from rasterio.warp import transform_bounds

    size, origin, pixel = 600, (300_000, 4_200_000), 20
    random = np.random.default_rng(number)
    y, x = np.mgrid[0:size, 0:size]
    green = np.full((size, size), 0.15)
    for row in range(6):
        for column in range(6):
            is_field = (x - 50 - 100 * column) ** 2 + (y - 50 - 100 * row) ** 2 < 44**2
            # Each field is green at another time of the year.
            green[is_field] = 0.2 + 0.65 * np.exp(-(((number - (row + column) % 4) / 1.2) ** 2))
    green = np.clip(green + random.normal(0, 0.02, green.shape), 0, 1)
    reflectance = {"red": 0.22 - 0.17 * green, "nir": 0.22 + 0.3 * green}
    place = {"crs": "EPSG:32614", "transform": from_origin(*origin, pixel, pixel), "nodata": 0}
    layout = {"driver": "COG", "blocksize": 256, "compress": "deflate"}
    name, assets = f"S2B_14SKH_{date.replace('-', '')}_0_L2A", {}
    for band, values in reflectance.items():
        stored = np.round((values + 0.1) / 0.0001).astype("u2")
        # A corner that the satellite did not see.
        stored[: 40 * number, : 40 * number] = 0
        about = {"width": size, "height": size, "count": 1, "dtype": "uint16", **place, **layout}
        with rasterio.open(folder / f"{name}-{band}.tif", "w", **about) as file:
            file.write(stored, 1)
        assets[band] = {
            "href": f"{WEB}/{name}-{band}.tif", "type": "image/tiff; application=geotiff; profile=cloud-optimized", "roles": ["data"],
            "proj:shape": [size, size], "proj:transform": [pixel, 0, origin[0], 0, -pixel, origin[1]],
            "raster:bands": [{"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}],
        }
    edges = origin[0], origin[1] - size * pixel, origin[0] + size * pixel, origin[1]
    west, south, east, north = transform_bounds("EPSG:32614", "EPSG:4326", *edges)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "sentinel-2-l2a", "bbox": [west, south, east, north],
        "geometry": {"type": "Polygon", "coordinates": [ring]}, "assets": assets,
        "properties": {"datetime": f"{date}T17:20:00Z", "eo:cloud_cover": 60.0 if number == 1 else 3.0, "proj:epsg": 32614, "proj:code": "EPSG:32614"},
        "links": [{"rel": "root", "href": f"{WEB}/catalog.json"}],
    }


if __name__ == "__main__":
    everything(Path(sys.argv[1]))
