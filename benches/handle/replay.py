"""Replays the reads of a trace through every cache of fsspec, over a modelled link.

usage: replay.py TRACE.csv.gz ... > fsspec.csv

The caches are fsspec's own; only the fetcher below them is made: it counts requests and bytes, and
moves a modelled clock. A request takes one round trip and then its bytes on a link that all requests
share in turn. What a cache fetches in the background runs on the same clock beside the reader, so
that `background` and `adaptive` get the whole of their overlap; the reader itself takes no time.
Prints a line of CSV for each trace, cache, block size and bandwidth.

`parts` is left out: it serves what it was given when it was made, and fails for every other read, so that
who uses it has to know all reads beforehand.
"""

import asyncio
import concurrent.futures
import csv
import gzip
import mmap
import os
import re
import selectors
import sys

from fsspec import caching
from fsspec.prefetcher import BackgroundPrefetcher

KIB, MIB = 1 << 10, 1 << 20
SIZES = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 5 * MIB, 8 * MIB, 16 * MIB, 64 * MIB]
BLOCKED = ["mmap", "bytes", "readahead", "blockcache", "first", "background"]
RTT = 0.08
RATES = [3.6, 40.0]


class Link:
    """A link of a bandwidth, with a clock of its own."""

    def __init__(self, size, rtt, rate):
        self.size, self.rtt, self.rate = size, rtt, rate
        self.now = self.free = 0.0
        self.requests = self.bytes = 0
        self.behind = None

    def request(self, length):
        """Asks for so many bytes now; says when the last one comes."""
        self.requests += 1
        self.bytes += length
        self.free = max(self.free, self.now + self.rtt) + length / self.rate
        return self.free

    def fetch(self, start, end):
        """What a cache calls: waits for the bytes, unless it is called in the background."""
        length = max(0, min(end, self.size) - start)
        if length:
            ends = self.request(length)
            if self.behind is None:
                self.now = ends
            else:
                self.behind.ends = ends
        return nothing(length)


def nothing(length):
    """So many zeros; more than memory holds as pages that are never written."""
    return bytes(length) if length < 1 << 30 else mmap.mmap(-1, length)


class Later(concurrent.futures.Future):
    """What runs in the background: done when the clock says so."""

    def __init__(self, link):
        super().__init__()
        self.link, self.ends = link, link.now

    def done(self):
        return self.link.now >= self.ends

    def result(self, timeout=None):
        self.link.now = max(self.link.now, self.ends)
        return super().result(0)


class Behind:
    """In place of the thread of `background`."""

    def __init__(self, link):
        self.link = link

    def submit(self, call, *arguments):
        later = self.link.behind = Later(self.link)
        later.set_result(call(*arguments))
        self.link.behind = None
        return later

    def shutdown(self, **_):
        pass


class Clock(selectors.SelectSelector):
    """A selector that does not wait: the modelled clock jumps."""

    def __init__(self, link):
        super().__init__()
        self.link = link

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("everything waits")
        self.link.now += max(0.0, timeout)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """A loop whose time is the link's."""

    def __init__(self, link):
        super().__init__(Clock(link))
        self.link = link

    def time(self):
        return self.link.now


async def at_once(call, *arguments, **named):
    """In place of `asyncio.to_thread`: cutting bytes takes no modelled time."""
    return call(*arguments, **named)


def adaptive(link, reads):
    """`AdaptiveReadaheadCache` is this prefetcher; its default is four at once."""
    asyncio.to_thread = at_once
    loop = Loop(link)

    async def fetcher(start, length, split_factor=1):
        await asyncio.sleep(link.request(length) - link.now)
        return nothing(length)

    async def replay():
        prefetcher = BackgroundPrefetcher(fetcher=fetcher, size=link.size, concurrency=4)
        for start, length in reads:
            got = await prefetcher.afetch(start, start + length)
            assert len(got) == length, (start, length, len(got))
        took = link.now
        await prefetcher.aclose()
        return took

    return loop.run_until_complete(replay())


def blocked(name, block, link, reads):
    """Any other cache."""
    make = caching.caches[name]
    cache = make(block, link.fetch, link.size)
    if name == "background":
        cache._thread_executor.shutdown()
        cache._thread_executor = Behind(link)
    for start, length in reads:
        got = cache._fetch(start, start + length)
        assert len(got) == length, (name, start, length, len(got))
    return link.now


def trace(path):
    """The object's length, and the reads with start and length, in their order; of the stand-in granule those of opening."""
    with gzip.open(path, "rt") as lines:
        size = int(re.search(r"file_size=(\d+)", next(lines))[1])
        rows = list(csv.DictReader(lines))
    rows = [row for row in rows if row.get("phase", "open") == "open"]
    reads = [(int(row["start"]), int(row["length"])) for row in rows]
    return max(size, max(start + length for start, length in reads)), reads


def policies():
    yield "none", 0
    yield "adaptive", 0
    yield "all", 0
    for name in BLOCKED:
        for block in SIZES:
            yield name, block


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["trace", "policy", "block", "mb_per_s", "requests", "bytes", "seconds"])
    for path in sys.argv[1:]:
        size, reads = trace(path)
        for name, block in policies():
            for rate in RATES:
                link = Link(size, RTT, rate * 1e6)
                took = adaptive(link, reads) if name == "adaptive" else blocked(name, block, link, reads)
                row = [os.path.basename(path).removesuffix(".csv.gz"), name, block, f"{rate:g}"]
                out.writerow([*row, link.requests, link.bytes, f"{took:.2f}"])
                sys.stdout.flush()


main()
