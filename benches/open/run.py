"""Opens a group of a granule over HTTP with several readers, each in a process of its own, and prints what each
took: requests and bytes of bodies by the server's counters, seconds, and the mean of `h_ph[:50000]`.

    python run.py PEERS GRANULE [--bandwidth 3.6] [--latency 80] [--only frazil-open …]

PEERS is the folder of `range_server.py` and `open_granule.py`; GRANULE is what its `granule.py` made. Readers whose
packages are not installed are left out.
"""

import argparse
import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

GROUP = "/gt1l/heights"
BEAMS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")
OURS = ("frazil-file", "frazil-open", "frazil-engine", "frazil-beams")
PEERS = ("blockcache", "background", "h5coro", "obstore")


class Server:
    """The peers' server, with its counters."""

    def __init__(self, peers: Path, granule: Path, latency: float, bandwidth: float) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        arguments = [granule.parent, self.port, latency, bandwidth]
        self._program = subprocess.Popen([sys.executable, peers / "range_server.py", *map(str, arguments)])
        for _ in range(100):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("the server does not begin")

    def close(self) -> None:
        self._program.kill()
        self._program.wait()


def asked(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
        return answer.read()


def told(port: int) -> str:
    stats = json.loads(asked(port, "__stats"))
    return f"{stats['requests']} requests, {stats['bytes'] / 2**20:.2f} MiB"


def read(reader: str, port: int, granule: str) -> None:
    """What one of our readers does: all headers and attributes of the group, or what xarray reads to open it; then
    the first 50,000 heights, or all heights of all beams."""
    import frazil
    import xarray

    address = f"http://127.0.0.1:{port}/{granule}"
    asked(port, "__reset")
    begun = time.perf_counter()
    if reader == "frazil-file":
        opened = xarray.open_dataset(frazil.File(address), group=GROUP, engine="h5netcdf", phony_dims="sort")
    elif reader == "frazil-engine":
        opened = xarray.open_dataset(address, group=GROUP, engine="frazil")
    else:
        opened = frazil.open(address, GROUP)
        [variable.attrs for variable in opened.values()]
    seconds, after = time.perf_counter() - begun, told(port)
    if reader == "frazil-beams":
        parts = [opened[f"/{beam}/heights/h_ph"] for beam in BEAMS]
        due = sum(length for part in parts for _, _, length in part.ranges())
        mean = sum(float(part[:].mean(dtype="f8")) for part in parts) / len(parts)
        more = f" (chunks {due / 2**20:.2f} MiB)"
    else:
        mean, more = float(opened["h_ph"][:50_000].mean(dtype="f8")), ""
    whole = time.perf_counter() - begun
    print(f"{reader:14} open {seconds:6.2f} s, {after}; then {whole:6.2f} s, {told(port)}{more}, mean {mean:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", type=Path)
    parser.add_argument("granule", type=Path)
    parser.add_argument("--bandwidth", type=float, default=3.6, help="MB a second of all connections together")
    parser.add_argument("--latency", type=float, default=80, help="milliseconds before the first byte")
    parser.add_argument("--only", nargs="*", default=[*OURS, *PEERS])
    given = parser.parse_args()
    server = Server(given.peers, given.granule, given.latency, given.bandwidth)
    ours = "import sys, run; run.read(sys.argv[1], int(sys.argv[2]), sys.argv[3])"
    try:
        for reader in given.only:
            if reader in OURS:
                command = [sys.executable, "-c", ours, reader, server.port, given.granule.name]
            else:
                command = [sys.executable, given.peers / "open_granule.py", server.port, reader, given.granule.name]
            done = subprocess.run([str(part) for part in command], cwd=Path(__file__).parent, check=False)
            if done.returncode:
                print(f"{reader}: left out", file=sys.stderr)
    finally:
        server.close()


if __name__ == "__main__":
    main()
