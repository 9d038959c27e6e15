"""Moto's server as the AWS of a test, with what moto lacks, faults, and a door for tests under /_world/.

Prints {"address": ...} as its first line; ends on SIGTERM or when standard input ends."""

import argparse
import json
import logging
import os
import signal
import sys
import threading


from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import WSGIRequestHandler, make_server

import backups
import clusters
import policies
import tagging
from world import World


class Silent(WSGIRequestHandler):
    """Says nothing of requests: a test's output is the test's."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on the loopback address; 0 takes a free one")
    parser.add_argument("--polls", type=int, default=1, help="reads of an EKS resource until it is ready or gone")
    parser.add_argument("--max-page", type=int, default=100, help="most members in one page of EKS's lists")
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    clusters.install(
        endpoint=os.environ.get("FRAZIL_WORLD_CLUSTER_ENDPOINT"),
        authority=os.environ.get("FRAZIL_WORLD_CLUSTER_CA"),
        polls=arguments.polls,
    )
    backups.install()
    policies.install()
    tagging.install()
    world = World(DomainDispatcherApplication(create_backend_app), arguments.max_page)
    server = make_server("127.0.0.1", arguments.port, world, threaded=True, request_handler=Silent)
    server.daemon_threads = True
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=wait_for_end, args=(stop,), daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"address": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    stop.wait()


def wait_for_end(stop):
    """A test that is killed closes our standard input."""
    while sys.stdin.buffer.read(4096):
        pass
    stop.set()


if __name__ == "__main__":
    main()
