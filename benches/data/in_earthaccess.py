"""What a user of earthaccess does. Prints a line of JSON.

    python in_earthaccess.py list SHORT_NAME COUNT          COUNT -1: all
    python in_earthaccess.py download SHORT_NAME COUNT FOLDER THREADS
"""

import json
import sys
import time

import earthaccess

work, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
earthaccess.login(strategy="environment")
began = time.monotonic()
granules = earthaccess.search_data(short_name=name, count=count)
told = {"found": len(granules), "different": len({one["meta"]["concept-id"] for one in granules})}
if work == "download":
    folder, threads = sys.argv[4], int(sys.argv[5])
    listed = time.monotonic()
    files = earthaccess.download(granules, folder, threads=threads)
    told |= {"files": len(files), "download_seconds": round(time.monotonic() - listed, 2)}
print(json.dumps(told | {"work_seconds": round(time.monotonic() - began, 2)}))
