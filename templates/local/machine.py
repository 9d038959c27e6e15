"""What the hub and the gateway share on one machine: names, homes, control
groups, and finding the processes of a server or a cluster again.
"""

import asyncio
import hashlib
import os
from pathlib import Path
from urllib.parse import quote

PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]
# What the hub's own environment gives to servers and Dask clusters beside
# where programs are found. No more: the rest holds tokens and the way to the
# file of secrets.
KEPT_VARIABLES = PROXY_VARIABLES + [
    "NO_PROXY", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "TZ", "LANG", "LC_ALL", "LC_CTYPE",
]
# The parts that a person may have started from a terminal of their server.
HUB_PARTS = {"proxy", "hub", "gateway"}
PERIOD = 100_000  # microseconds; the kernel's own default for CPU quotas


def bypass_proxy(environment):
    """Adds this machine to NO_PROXY where a proxy is set.

    Hub, gateway and servers reach each other on 127.0.0.1, where a proxy of
    the network would look for them on itself.
    """
    if not any(environment.get(name) for name in PROXY_VARIABLES):
        return
    direct = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    names = [name.strip() for name in direct.split(",") if name.strip()]
    if "*" not in names:
        names += [name for name in ("127.0.0.1", "localhost") if name not in names]
    environment["no_proxy"] = environment["NO_PROXY"] = ",".join(names)


def slug(name):
    """A person's or server's name as one safe file name, never two alike.

    Letters, digits and `_-.~` stay, the rest is percent-encoded. A leading dot
    is encoded, and a long name ends in a hash, which holds a `+` so that no
    other name can give the same.
    """
    text = quote(name, safe="")
    if text.startswith("."):
        text = "%2E" + text[1:]
    if len(text) > 120:
        text = text[:80] + "+" + hashlib.sha256(name.encode()).hexdigest()[:32]
    return text


def home(data_dir, user_name):
    """Where a person's files live when everyone shares one account."""
    return Path(data_dir) / "homes" / slug(user_name)


def group_name(kind, *names):
    """The name of a control group, such as `server@ada@lab`."""
    return "@".join([kind, *map(slug, names)])


class Limits:
    """Makes control groups below the directories that `frazil up` prepared.

    settings: the object `limits` of hub.json or gateway.json.
    """

    def __init__(self, settings):
        self.kind = settings["kind"]
        self.reason = settings.get("reason", "")
        self.memory = settings.get("memory")
        self.cpu = settings.get("cpu")

    @property
    def enforced(self):
        return self.kind != "none"

    def group(self, name):
        """The group of that name, which may not exist yet; None without limits."""
        if not self.enforced:
            return None
        roots = dict.fromkeys(d for d in (self.memory, self.cpu) if d)
        return Group(self.kind, name, self.memory, self.cpu, list(roots))


class Group:
    """One control group: a directory in v2, one for each controller in v1."""

    def __init__(self, kind, name, memory, cpu, roots):
        self.kind = kind
        self.memory = Path(memory, name) if memory else None
        self.cpu = Path(cpu, name) if cpu else None
        self.dirs = [Path(root, name) for root in roots]

    def create(self, memory_bytes=None, cpu=None):
        """Makes it anew with these limits; None is no limit. Raises OSError."""
        self.remove()
        for directory in self.dirs:
            directory.mkdir(exist_ok=True)
        if memory_bytes and self.memory:
            self._limit_memory(int(memory_bytes))
        if cpu and self.cpu:
            self._limit_cpu(max(int(cpu * PERIOD), 1000))

    def _limit_memory(self, count):
        if self.kind == "v2":
            _write(self.memory / "memory.max", count)
            _write(self.memory / "memory.swap.max", 0, optional=True)
        else:
            _write(self.memory / "memory.memsw.limit_in_bytes", -1, optional=True)
            _write(self.memory / "memory.limit_in_bytes", count)
            _write(self.memory / "memory.memsw.limit_in_bytes", count, optional=True)

    def _limit_cpu(self, quota):
        if self.kind == "v2":
            _write(self.cpu / "cpu.max", f"{quota} {PERIOD}")
        else:
            _write(self.cpu / "cpu.cfs_period_us", PERIOD)
            _write(self.cpu / "cpu.cfs_quota_us", quota)

    def join(self):
        """Puts the calling process into it; meant for the child before exec."""
        for directory in self.dirs:
            _write(directory / "cgroup.procs", 0)

    def kills(self):
        """How many processes the kernel has killed in it for memory."""
        if not self.memory:
            return 0
        name = "memory.events" if self.kind == "v2" else "memory.oom_control"
        try:
            text = (self.memory / name).read_text()
        except OSError:
            return 0
        counts = dict(line.split(maxsplit=1) for line in text.splitlines())
        return int(counts.get("oom_kill", 0))

    def pids(self):
        found = set()
        for directory in self.dirs:
            try:
                found.update(map(int, (directory / "cgroup.procs").read_text().split()))
            except OSError:
                pass
        # A process that we cannot see has the number 0, which would signal us.
        return found - {0}

    async def dissolve(self, seconds=3):
        """Removes it, waiting for killed processes to be reaped."""
        for _ in range(int(seconds / 0.05)):
            self.remove()
            if not any(d.exists() for d in self.dirs):
                return
            await asyncio.sleep(0.05)

    def remove(self):
        """Removes it; one that still holds processes stays."""
        for directory in self.dirs:
            try:
                directory.rmdir()
            except OSError:
                pass


def _write(path, value, optional=False):
    if optional and not path.exists():
        return
    with open(path, "w") as file:
        file.write(str(value))


def variable(pid, name):
    """An environment variable that process `pid` started with, or None."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    found = [e for e in entries if e.startswith(f"{name}=".encode())]
    return os.fsdecode(found[0].partition(b"=")[2]) if found else None


def carries(pid, **variables):
    """Whether process `pid` started with these environment variables.

    A process number may name another program after a restart of the machine,
    so nothing is signalled by number alone. Without /proc the number decides.
    """
    if not os.path.isdir("/proc/self"):
        return True
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return all(f"{k}={v}".encode() in entries for k, v in variables.items())


def processes(**variables):
    """Numbers of all processes that started with these environment variables."""
    numbers = (int(n) for n in _listdir("/proc") if n.isdigit())
    return {pid for pid in numbers if carries(pid, **variables)}


def _listdir(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def gone(pid):
    """Whether a process has ended; one that nobody has reaped counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return os.path.isdir("/proc/self")
    return stat.rpartition(")")[2].split()[0] == "Z"


def signal_all(pids, number):
    """Sends a signal to each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def keep_newest(directory, count):
    """Removes all but the newest `count` folders of log files."""
    folders = sorted(Path(directory).glob("*/"), key=lambda p: p.stat().st_mtime)
    for folder in folders[:-count]:
        for file in folder.iterdir():
            file.unlink(missing_ok=True)
        folder.rmdir()
