"""What the recorder and monitoring tell of the month: lives of pods and nodes, samples, homes, groups."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from world import DAY, END, START, STEP, Hub, Node, Pod, World, stamp

Json = dict[str, object]


def labels_of(pod: Pod) -> dict[str, str]:
    """What the recorder keeps; names as the annotation says them."""
    if pod.namespace == "kube-system":
        return {"app.kubernetes.io/name": pod.name.split("-")[0]}
    if pod.cluster:
        part = pod.name.split("-")[1]
        return {
            "app.kubernetes.io/component": f"dask-{part}",
            "app.kubernetes.io/name": "dask-gateway",
            "gateway.dask.org/cluster": pod.cluster,
            "hub.jupyter.org/username": pod.user,
        }
    if pod.user:
        return {
            "app": "jupyterhub",
            "component": "singleuser-server",
            "frazil/size": pod.size,
            "hub.jupyter.org/servername": "",
            "hub.jupyter.org/username": pod.user,
        }
    return {"app": "jupyterhub", "component": pod.name.split("-")[0]}


def pod_life(pod: Pod, ended: int | None) -> Json:
    return {
        "kind": "pod",
        "uid": pod.uid,
        "namespace": pod.namespace,
        "name": pod.name,
        "node": pod.node.name if pod.node else "",
        "labels": dict(sorted(labels_of(pod).items())),
        "cpu_millis": pod.cpu_millis,
        "memory_bytes": pod.memory_bytes,
        "gpus": pod.gpus,
        "created": stamp(pod.created),
        "scheduled": None if pod.scheduled is None else stamp(pod.scheduled),
        "ended": None if ended is None else stamp(ended),
        "ended_before": False,
    }


def node_life(node: Node, ended: int | None) -> Json:
    return {
        "kind": "node",
        "uid": node.uid,
        "name": node.name,
        "provider_id": node.provider_id,
        "machine": node.machine.name,
        "zone": node.zone,
        "pool": node.pool,
        "spot": node.spot,
        "cpu_millis": node.machine.cpu_millis,
        "memory_bytes": node.machine.memory_bytes,
        "created": stamp(node.begin),
        "ended": None if ended is None else stamp(ended),
        "ended_before": False,
    }


def recorded(hub: Hub, end: int) -> bool:
    """Whether the recorder was there before something ended."""
    return end > hub.recorded_from


def lives(world: World, hub: Hub) -> Iterator[str]:
    """Lines in the order they were written: a life when it begins, again when it is over."""
    told: list[tuple[int, str]] = []
    for node in world.nodes:
        if node.hub is hub and recorded(hub, node.end):
            told.append(
                (max(node.begin, hub.recorded_from), json.dumps(node_life(node, None), separators=(",", ":")))
            )
            if node.end < END:
                told.append((node.end, json.dumps(node_life(node, node.end), separators=(",", ":"))))
    for pod in world.pods:
        if pod.hub is hub and recorded(hub, pod.until):
            told.append(
                (max(pod.created, hub.recorded_from), json.dumps(pod_life(pod, None), separators=(",", ":")))
            )
            if pod.ended is not None:
                told.append((pod.ended, json.dumps(pod_life(pod, pod.ended), separators=(",", ":"))))
    yield from (line for _, line in sorted(told, key=lambda each: each[0]))


def answer(series: Iterable[tuple[Json, list[list[object]]]]) -> Json:
    """A range answer of Prometheus."""
    result = [{"metric": metric, "values": values} for metric, values in series if values]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def sampled(pod: Pod) -> bool:
    """Monitored hubs tell of every pod; on Google Cloud not of the system's, whose use is not known."""
    return (
        pod.hub.monitored
        and pod.node is not None
        and (pod.hub.cloud == "aws" or pod.namespace == pod.hub.name)
    )


def times(pod: Pod) -> range:
    """A sample each five minutes from when it began to before it ended."""
    assert pod.scheduled is not None
    return range(max(pod.scheduled, START), pod.until, STEP)


def samples(world: World, hub: Hub) -> dict[str, Json]:
    """Range answers by name: requests and use of CPU (cores) and memory (bytes)."""
    pods = [pod for pod in world.pods if pod.hub is hub and sampled(pod)]
    series: dict[str, list[tuple[Json, list[list[object]]]]] = {}
    for pod in pods:
        assert pod.node is not None
        metric: Json = {"namespace": pod.namespace, "node": pod.node.name, "pod": pod.name}
        if pod.user:
            metric |= {"annotation_hub_jupyter_org_username": pod.user, "username": pod.user}
        if pod.cluster:
            metric["label_gateway_dask_org_cluster"] = pod.cluster
        told = [(time, pod.use(time)) for time in times(pod)]
        series.setdefault("cpu_requests", []).append(
            (metric, [[time, f"{pod.cpu_millis / 1000:.3f}"] for time, _ in told])
        )
        series.setdefault("memory_requests", []).append(
            (metric, [[time, str(pod.memory_bytes)] for time, _ in told])
        )
        series.setdefault("cpu_use", []).append(
            (metric, [[time, f"{cpu / 1000:.3f}"] for time, (cpu, _) in told])
        )
        series.setdefault("memory_use", []).append(
            (metric, [[time, str(memory)] for time, (_, memory) in told])
        )
    return {name: answer(each) for name, each in series.items()}


def home_sizes(world: World, hub: Hub) -> Json:
    """In the shape that jupyterhub-cost-monitoring gets."""
    return answer(
        (
            {"directory": person, "namespace": hub.name, "username": person},
            [[time, str(size)] for time, size in known],
        )
        for (name, person), known in world.homes.items()
        if name == hub.name
    )


def group_info(world: World, hub: Hub) -> Json:
    series: dict[tuple[str, str], list[list[object]]] = {}
    for (name, person, day), groups in world.groups.items():
        for group in groups:
            if name == hub.name:
                series.setdefault((person, group), []).append([START + day * DAY, "1"])
    return answer(
        ({"namespace": hub.name, "username": person, "username_escaped": person, "usergroup": group}, values)
        for (person, group), values in series.items()
    )


def write(world: World, folder: Path) -> None:
    for hub in world.hubs:
        place = folder / hub.name
        place.mkdir(parents=True, exist_ok=True)
        (place / "history.jsonl").write_text("".join(line + "\n" for line in lives(world, hub)))
        answers = samples(world, hub) if hub.monitored else {}
        answers |= {"home_sizes": home_sizes(world, hub), "user_group_info": group_info(world, hub)}
        for name, each in answers.items():
            (place / f"{name}.json").write_text(json.dumps(each))
