"""What a test lays in the way of requests: errors, lost answers, answers that never come."""

import re
import socket
import time
from xml.sax.saxutils import escape

import botocore.session
from botocore.exceptions import UnknownServiceError

from requests_of_aws import NAMES

KEYS = {"service", "action", "method", "path", "fault", "status", "code", "message", "times", "skip", "after", "seconds"}
KINDS = {"status", "quota", "hang", "drop"}
# What each service says of a limit that is reached; the others say LimitExceededException.
LIMITS = {
    "ec2": "VcpuLimitExceeded",
    "eks": "ResourceLimitExceededException",
    "elasticfilesystem": "FileSystemLimitExceeded",
    "iam": "LimitExceeded",
    "autoscaling": "LimitExceeded",
    "elasticloadbalancing": "TooManyLoadBalancers",
    "s3": "TooManyBuckets",
}
CODES = {403: "AccessDenied", 404: "ResourceNotFoundException", 429: "TooManyRequestsException", 503: "ServiceUnavailable"}


class Fault(dict):
    """One fault, with how often it struck."""

    def fits(self, request):
        return (
            self.get("service", request.service) == request.service
            and re.fullmatch(self.get("action", ".*"), request.action) is not None
            and self.get("method", request.method) == request.method
            and re.search(self.get("path", ""), request.path) is not None
        )

    def answer(self, request, environ, start_response):
        if self["fault"] == "hang":
            wait_for(environ.get("werkzeug.socket"), self.get("seconds", 600))
        if self["fault"] in ("hang", "drop"):
            close(environ.get("werkzeug.socket"))
            # The server takes it as the client's own going away and says nothing more.
            raise ConnectionAbortedError("a test wanted no answer")
        status = self.get("status", 400 if self["fault"] == "quota" else 500)
        code = LIMITS.get(request.service, "LimitExceededException") if self["fault"] == "quota" else None
        code = self.get("code") or code or CODES.get(status, "InternalFailure")
        return refuse(request, status, code, self.get("message", f"{code} (laid down by a test)"), start_response)


class Faults:
    """Faults in the order they were laid down."""

    def __init__(self):
        self.all = []

    def add(self, given):
        for one in given:
            unknown = set(one) - KEYS
            if unknown:
                raise ValueError(f"a fault has no {sorted(unknown)}; it has {sorted(KEYS)}")
            if one.get("fault") not in KINDS:
                raise ValueError(f"there is no fault {one.get('fault')!r}; there are {sorted(KINDS)}")
            if one.get("after") and one["fault"] not in ("hang", "drop"):
                raise ValueError("only hang and drop can come after a request")
            re.compile(one.get("action", "")), re.compile(one.get("path", ""))
        self.all += [Fault(one, hits=0) for one in given]
        return self.told()

    def told(self):
        return self.all

    def clear(self):
        self.all = []
        return []

    def strike(self, request):
        """The first fault that fits, which counts as a hit: times 1 unless said, -1 for all."""
        for fault in self.all:
            if fault["hits"] == fault.get("times", 1) or not fault.fits(request):
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                continue
            fault["hits"] += 1
            return fault
        return None


def wait_for(connection, seconds):
    """Waits until the client gives up or the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if connection is not None:
            connection.settimeout(0.2)
            try:
                if connection.recv(1, socket.MSG_PEEK) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
        time.sleep(0.2)


def close(connection):
    if connection is not None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def refuse(request, status, code, message, start_response):
    """An error in the protocol of the service."""
    protocol = protocol_of(request.service)
    headers = [("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")]
    if protocol in ("query", "ec2", "rest-xml"):
        body = xml_error(protocol, code, message).encode()
        headers.append(("Content-Type", "text/xml"))
    else:
        body = f'{{"__type": "{code}", "message": {quoted(message)}}}'.encode()
        headers += [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    headers.append(("Content-Length", str(len(body))))
    start_response(f"{status} Error", headers)
    return [body]


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def xml_error(protocol, code, message):
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if protocol == "ec2":
        return f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>0</RequestID></Response>"
    if protocol == "rest-xml":
        return f"<Error>{inner}<RequestId>0</RequestId></Error>"
    return f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>0</RequestId></ErrorResponse>"


def protocol_of(service):
    if service == "elasticloadbalancing":
        return "query"
    try:
        return botocore.session.get_session().get_service_model(NAMES.get(service, service)).protocol
    except UnknownServiceError:
        return "json"
