"""An API server that knows DaskClusters and secrets, for the real client.

It keeps objects, versions and watches as Kubernetes does, so far as Dask
Gateway asks for them, and fails on request: the watch can be late, and the next
calls can be refused, cut off, or cut off after they were carried out.
"""

import asyncio
import copy
import json
import uuid
from contextlib import suppress

from aiohttp import web

BASE = "/apis/gateway.dask.org/v1alpha1"


class FakeKubernetes:
    def __init__(self):
        self.objects, self.events, self.version = {}, [], 1
        self.lag = 0.0  # seconds until a watch tells
        self.faults = []  # (method, status, carried out first)
        self.calls = []
        self.secrets_fail = False

    async def __aenter__(self):
        app = web.Application(middlewares=[self._record])
        many, one = BASE + "/namespaces/{ns}/daskclusters", "/{name}"
        app.router.add_get(BASE + "/daskclusters", self._list)
        app.router.add_post(many, self._create)
        app.router.add_get(many + one, self._get)
        app.router.add_patch(many + one, self._patch)
        app.router.add_get("/api/v1/namespaces/{ns}/secrets/{name}", self._secret)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *error):
        await self.runner.cleanup()

    # What tests do as the controller would.

    def update(self, name, change):
        obj = copy.deepcopy(self.objects[name])
        change(obj)
        self._store(name, obj, "MODIFIED")

    def phase(self, name, phase):
        def change(obj):
            obj.setdefault("status", {}).update(phase=phase, service="s", credentials="c")
        self.update(name, change)

    def delete(self, name):
        obj = self.objects.pop(name)
        self._tell("DELETED", obj)

    def promise(self, name):
        return self.objects[name]["spec"]["config"]["promised_workers"]

    # The API.

    @web.middleware
    async def _record(self, request, handler):
        self.calls.append((request.method, request.path))
        for fault in self.faults:
            method, status, carried_out = fault
            if method == request.method and "watch" not in request.query:
                self.faults.remove(fault)
                if carried_out:
                    await handler(request)
                return _status(status)
        return await handler(request)

    def _tell(self, kind, obj):
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        due = asyncio.get_running_loop().time() + self.lag
        self.events.append((due, self.version, {"type": kind, "object": copy.deepcopy(obj)}))

    def _store(self, name, obj, kind):
        self.objects[name] = obj
        self._tell(kind, obj)

    async def _list(self, request):
        key, _, value = request.query["labelSelector"].partition("=")
        if request.query.get("watch") in ("true", "True"):
            return await self._watch(request, int(request.query["resourceVersion"]))
        items = [o for o in self.objects.values() if o["metadata"]["labels"].get(key) == value]
        return web.json_response({"kind": "DaskClusterList", "items": items,
                                  "metadata": {"resourceVersion": str(self.version)}})

    async def _watch(self, request, since):
        response = web.StreamResponse()
        await response.prepare(request)
        clock = asyncio.get_running_loop().time
        end = clock() + float(request.query["timeoutSeconds"])
        with suppress(ConnectionError):
            while clock() < end:
                for due, version, event in self.events:
                    if version > since and due <= clock():
                        since = version
                        await response.write(json.dumps(event).encode() + b"\n")
                await asyncio.sleep(0.01)
        return response

    async def _create(self, request):
        obj = await request.json()
        namespace, name = request.match_info["ns"], obj["metadata"]["name"]
        obj["metadata"].update(namespace=namespace, uid=uuid.uuid4().hex,
                               creationTimestamp="2026-03-21T09:00:00Z")
        self._store(f"{namespace}.{name}", obj, "ADDED")
        return web.json_response(obj, status=201)

    def _name(self, request):
        return f"{request.match_info['ns']}.{request.match_info['name']}"

    async def _get(self, request):
        obj = self.objects.get(self._name(request))
        return web.json_response(obj) if obj else _status(404)

    async def _patch(self, request):
        name = self._name(request)
        if name not in self.objects:
            return _status(404)
        if request.content_type != "application/json-patch+json":
            return _status(415)
        obj = copy.deepcopy(self.objects[name])
        for step in await request.json():
            *path, last = step["path"].strip("/").split("/")
            place = obj
            for part in path:
                if part not in place:
                    return _status(422)
                place = place[part]
            assert step["op"] == "add"
            place[last] = step["value"]
        self._store(name, obj, "MODIFIED")
        return web.json_response(obj)

    async def _secret(self, request):
        if self.secrets_fail:
            return _status(500)
        data = {"dask.crt": "Yw==", "dask.pem": "cA==", "api-token": "dA=="}
        return web.json_response({"kind": "Secret", "apiVersion": "v1", "data": data,
                                  "metadata": {"name": request.match_info["name"]}})


def _status(code):
    return web.json_response({"kind": "Status", "code": code, "message": "a test"}, status=code)
