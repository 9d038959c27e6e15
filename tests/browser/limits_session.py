"""What a person over their limit reads; run with the variables of a server.

Prints one JSON object a line. The person may use 3 cores and 4 GiB together;
a scheduler counts 1 core and 1 GiB, a worker 1 core and 0.5 GiB.
"""

import json

from dask_gateway import Gateway, GatewayClusterError


def told(step, action):
    """Prints what came of an action: the refusal's words, or none."""
    try:
        action()
    except GatewayClusterError as refusal:
        print(json.dumps({"step": step, "refused": str(refusal)}))
    except ValueError as refusal:
        print(json.dumps({"step": step, "refused": str(refusal)}))
    else:
        print(json.dumps({"step": step, "refused": None}))


with Gateway() as gateway:
    cluster = gateway.new_cluster()
    told("scale within", lambda: cluster.scale(2))
    with cluster.get_client() as client:
        client.wait_for_workers(2, timeout=60)
        print(json.dumps({"step": "running", "cluster": cluster.name}))
        input()
    told("scale beyond", lambda: cluster.scale(5))
    told("adapt beyond", lambda: cluster.adapt(minimum=1, maximum=6))
    # Last: a refused create can make the client's next one hang.
    told("create beyond", gateway.new_cluster)
    cluster.shutdown()
    told("create alone", lambda: gateway.submit(worker_cores=8))
