"""An API server and a kubelet that say what a file says, over TLS, to whoever has the token.

Usage: kubelet.py CERTIFICATE KEY ANSWERS. Prints the port. ANSWERS is JSON: a path, and what is said there.
"""

import http.server
import json
import pathlib
import ssl
import sys
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        answers = json.loads(pathlib.Path(sys.argv[3]).read_text())
        allowed = self.headers.get("Authorization") == "Bearer recorder-token"
        status = 401 if not allowed else 200 if path in answers else 404
        body = json.dumps(answers.get(path) if status == 200 else {"kind": "Status", "code": status}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
