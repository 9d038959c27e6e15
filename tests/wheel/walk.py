"""The seeds' walk with an installed wheel and nothing else: search ATL08 in a box, five granules, download three."""

import os
import tempfile
from importlib.metadata import distribution

from earthdata import World

wheel = distribution("frazil")
assert "\nTag: cp311-abi3-" in wheel.read_text("WHEEL")
assert {"frazil/py.typed", "frazil/_native.pyi"} <= {str(file) for file in wheel.files}
assert "Redistribution" in wheel.read_text("licenses/LICENSE")

world = World()
with tempfile.TemporaryDirectory() as home:
    login = {"EARTHDATA_USERNAME": world.username, "EARTHDATA_PASSWORD": world.password}
    os.environ.update({**world.environment, **login, "HOME": home})

    import frazil

    frazil.login()
    granules = frazil.search_granules(short_name="ATL08", bounding_box=(-10, 20, 10, 50), count=5)
    brought = frazil.download(granules[:3], home).raise_for_failures()
    assert len(granules) == 5 and [file.checked_by for file in brought.files] == ["checksum"] * 3
    print(f"frazil {frazil.__version__}: {brought!r}")
world.close()
