# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API server over HTTP with objects in memory, as far as the collection asks it.

What is simplified: one who applies owns all that he names; nothing is defaulted; no admission, no watches.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import METADATA_ONLY

from tests.unit.stand_ins.kube import merged

Json = dict[str, Any]

COLLECTION = re.compile(r"/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/[^/]+)?/[a-z]+")
OBJECT = re.compile(rf"(?P<collection>{COLLECTION.pattern})/(?P<name>[^/]+)")
NAMESPACE = re.compile(r"/api/v1/namespaces/[^/]+")

DISCOVERY: dict[str, Json] = {
    "/version": {},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": []},
}
"""What the client asks before anything else."""


def _matches(selector: str, labels: Mapping[str, str]) -> bool:
    """``key=value``, ``key in (one,other)`` and ``key notin (one,other)``, with commas between them."""
    for key, value, operator, values in re.findall(r"([^,= ]+)(?:=([^,]*)| (in|notin) \(([^)]*)\))", selector):
        wanted = values.split(",") if operator else [value]
        if (labels.get(key) in wanted) == (operator == "notin"):
            return False
    return True


@dataclass
class ApiServer:
    """``objects`` by path; requests whose path matches one of ``forbidden`` are answered with 403."""

    port: int = 0
    objects: dict[str, Json] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    version: Mapping[str, str] = field(default_factory=lambda: {"major": "1", "minor": "36"})
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request but those of the client's own discovery."""
    full_reads: set[str] = field(default_factory=set)
    """Paths whose object was sent as a whole."""

    def options(self) -> dict[str, Any]:
        """How a module connects."""
        return {"host": f"http://127.0.0.1:{self.port}", "api_key": "token"}

    def add(self, path: str, spec: Json | None = None, *, status: Json | None = None, **metadata: Any) -> None:
        name = path.rpartition("/")[2]
        self.objects[path] = {"metadata": {"name": name, **metadata}, "spec": spec or {}, "status": status or {}}

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [request for request in self.requests if request[0] != "GET"]

    def answer(self, method: str, url: str, body: Json, accept: str) -> tuple[int, Json]:
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if path in DISCOVERY:
            return 200, {**DISCOVERY[path], **(self.version if path == "/version" else {})}
        self.requests.append((method, path))
        if any(re.fullmatch(pattern, path) for pattern in self.forbidden):
            return 403, {"message": f'User "u" cannot {method.lower()} {path}'}
        if method == "PATCH":
            return 200, self._change(path, body, query)
        if method == "DELETE":
            return 200, self.objects.pop(path, {})
        if COLLECTION.fullmatch(path) and not NAMESPACE.fullmatch(path):
            return 200, {"items": self._list(path, query.get("labelSelector", [""])[0])}
        return self._get(path, accept)

    def _get(self, path: str, accept: str) -> tuple[int, Json]:
        if path not in self.objects:
            return 404, {"message": f"{path} not found"}
        if accept == METADATA_ONLY:
            return 200, {"metadata": self.objects[path]["metadata"]}
        self.full_reads.add(path)
        return 200, self.objects[path]

    def _list(self, path: str, selector: str) -> list[Json]:
        found = [value for key, value in sorted(self.objects.items()) if key.rpartition("/")[0] == path]
        return [each for each in found if _matches(selector, each["metadata"].get("labels") or {})]

    def _change(self, path: str, body: Json, query: Mapping[str, list[str]]) -> Json:
        """Server-side apply, or a merge patch, which names no manager."""
        there = self.objects.get(path, {"metadata": {}})
        applied = {**there, **body, "metadata": {**there["metadata"], **body["metadata"]}}
        after = applied if "fieldManager" in query else merged(there, body)
        if "dryRun" not in query:
            self.objects[path] = after
        return after


class Handler(BaseHTTPRequestHandler):
    api: ApiServer

    def _do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        accept = self.headers.get("Accept", "")
        status, answer = self.api.answer(self.command, self.path, body, accept)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = _do  # noqa: N815  names of http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  name of http.server
        """Nothing: tests look at ``requests``."""


class Server(ThreadingHTTPServer):
    request_queue_size = 64
    """With the default of 5 a dozen requests at once wait for a second attempt to connect."""


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Listens on loopback until the end."""
    api = ApiServer()
    handler = type("BoundHandler", (Handler,), {"api": api})
    server = Server(("127.0.0.1", 0), handler)
    api.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
