"""What a user of pystac-client does with CMR's STAC API. Prints a line of JSON.

    python in_pystac_client.py list PROVIDER COLLECTION COUNT          COUNT -1: all
"""

import json
import sys
import time

from pystac_client import Client

provider, collection, count = sys.argv[2], sys.argv[3], int(sys.argv[4])
began = time.monotonic()
client = Client.open(f"https://cmr.earthdata.nasa.gov/stac/{provider}")
search = client.search(collections=[collection], limit=2000, max_items=None if count < 0 else count)
found, names = 0, set()
for item in search.items_as_dicts():
    found += 1
    names.add(item["id"])
told = {"found": found, "different": len(names)}
print(json.dumps(told | {"work_seconds": round(time.monotonic() - began, 2)}))
