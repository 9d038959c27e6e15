"""Which service and action a request is for: from its signature, its headers, its body or its path."""

import functools
import io
import json
import re
from urllib.parse import parse_qs, unquote

import botocore.session
from botocore.exceptions import UnknownServiceError

# Names that requests are signed with, where botocore calls the service otherwise.
NAMES = {
    "elasticfilesystem": "efs",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
    "monitoring": "cloudwatch",
    "bcm-data-exports": "bcm-data-exports",
}
SCOPE = re.compile(r"Credential=([^/]+)/(\d{8})/([^/]*)/([^/]+)/aws4_request")


class Request:
    """One request, with its body read and put back."""

    def __init__(self, environ):
        self.method = environ["REQUEST_METHOD"]
        # Still encoded: an ARN in the path has slashes of its own.
        self.path = (environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]).split("?")[0]
        self.query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        self.body = read(environ)
        self.region, self.service = "us-east-1", ""
        self.sign_presigned(environ)
        scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if scope:
            self.region, self.service = scope.group(3), scope.group(4)
        self.action, self.labels = "", {}
        self.find_action(environ)

    def sign_presigned(self, environ):
        """Moto finds a service by the Authorization header only; a presigned request says it in its query."""
        credential = self.query.get("X-Amz-Credential")
        if credential and "HTTP_AUTHORIZATION" not in environ:
            environ["HTTP_AUTHORIZATION"] = (
                f"AWS4-HMAC-SHA256 Credential={credential[0]}, SignedHeaders=host, Signature=presigned"
            )

    def find_action(self, environ):
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        form = {}
        if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            form = parse_qs(self.body.decode())
        if target:
            self.action = target.rsplit(".", 1)[-1]
        elif "Action" in form or "Action" in self.query:
            self.action = (form.get("Action") or self.query["Action"])[0]
        else:
            self.action, self.labels = rest_action(self.service, self.method, self.path)

    def json(self):
        try:
            return json.loads(self.body) if self.body else {}
        except ValueError as error:
            raise ValueError(f"the body is no JSON: {error}") from error


def read(environ):
    length = environ.get("CONTENT_LENGTH")
    if length:
        body = environ["wsgi.input"].read(int(length))
    elif "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        body = environ["wsgi.input"].read()
        environ.pop("HTTP_TRANSFER_ENCODING")
        environ["CONTENT_LENGTH"] = str(len(body))
    else:
        body = b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def rest_action(service, method, path):
    """The operation of a REST API that a path belongs to, and what its path says."""
    for operation, wanted, form in rest_forms(service):
        if wanted == method:
            found = form.fullmatch(path.rstrip("/") or "/")
            if found:
                return operation, {key: unquote(value) for key, value in found.groupdict().items()}
    return "", {}


@functools.cache
def rest_forms(service):
    try:
        model = botocore.session.get_session().get_service_model(NAMES.get(service, service))
    except UnknownServiceError:
        return []
    if not model.protocol.startswith("rest"):
        return []
    forms = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        pattern = http["requestUri"].split("?")[0].rstrip("/") or "/"
        form = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(pattern))
        form = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", form)
        forms.append((name, http["method"], re.compile(form), len(re.sub(r"\{[^}]*\}", "", pattern))))
    # A path that says more wins: /addons/supported-versions over /addons/{addonName}.
    forms.sort(key=lambda one: -one[3])
    return [one[:3] for one in forms]
