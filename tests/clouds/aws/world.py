"""What stands before moto: faults, the APIs that moto lacks, and the tests' own door."""

import json
import threading
import traceback
from urllib.parse import parse_qs

import eks
import quotas
import records
from clusters import received
from faults import Faults
from requests_of_aws import Request


class World:
    """A WSGI application around moto's."""

    def __init__(self, moto, max_page):
        self.moto = moto
        self.max_page = max_page
        self.faults = Faults()
        self.requests = []
        self.lock = threading.RLock()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"].startswith("/_world/"):
            return self.administer(environ, start_response)
        request = Request(environ)
        fault = self.faults.strike(request)
        if fault and not fault.get("after"):
            self.note(request, 0)
            return fault.answer(request, environ, start_response)
        answer = self.answer(request, environ, start_response if not fault else lambda *_: None)
        if not fault:
            return answer
        b"".join(answer)
        return fault.answer(request, environ, start_response)

    def answer(self, request, environ, start_response):
        def noted(status, headers, *rest):
            self.note(request, int(status.split()[0]))
            return start_response(status, headers, *rest)

        for own in (eks, quotas, records):
            if own.answers(request):
                with self.lock:
                    return self.run(own, request, noted)
        # moto changes what it holds step by step, so that of two requests at once one may be lost.
        with self.lock:
            # moto's EKS drops some of what a request says; clusters.py takes it from here.
            received.body = request.json() if request.service == "eks" else {}
            return [b"".join(self.moto(environ, noted))]

    def run(self, own, request, start_response):
        try:
            status, body, headers = own.answer(request, self.max_page)
        except Exception as error:  # a defect of ours must reach the test as an error, not as a closed socket
            traceback.print_exc()
            status, body, headers = 500, {"message": f"the stand-in failed: {error}"}, {}
        return reply(start_response, status, body, headers)

    def note(self, request, status):
        self.requests.append(
            {
                "service": request.service,
                "action": request.action,
                "method": request.method,
                "path": request.path,
                "status": status,
            }
        )

    def administer(self, environ, start_response):
        request = Request(environ)
        what = f"{request.method} {request.path.removeprefix('/_world/')}"
        query = parse_qs(environ.get("QUERY_STRING", ""))
        try:
            with self.lock:
                body = self.carry_out(what, query, request)
        except (ValueError, KeyError, TypeError) as error:
            return reply(start_response, 400, {"message": f"{what}: {error}"}, {})
        return reply(start_response, 200, body, {})

    def carry_out(self, what, query, request):
        match what:
            case "GET faults":
                return self.faults.told()
            case "POST faults":
                return self.faults.add(request.json())
            case "DELETE faults":
                return self.faults.clear()
            case "GET requests":
                return self.requests
            case "DELETE requests":
                self.requests.clear()
                return []
            case "GET quotas":
                return quotas.told()
            case "POST quotas":
                return quotas.put(request.json())
        raise ValueError(f"there is no such method {query or ''}".strip())


def reply(start_response, status, body, headers):
    """An answer in JSON."""
    text = json.dumps(body, default=str).encode()
    all_headers = {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}
    start_response(f"{status} {'OK' if status < 300 else 'Error'}", list(all_headers.items()))
    return [text]
