# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Redis connection through the API server's port-forward. PRIVATE to the collection.

The handshake is our own, because kubernetes.stream.portforward
1. has no timeout: a silent API server hangs it for ever,
2. drops Impersonate-User and Impersonate-Group, so that it runs as the base user,
3. swaps a method of the shared ApiClient while it connects (kubernetes-client/python#928), which
   mixes up threads.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlparse

from ansible_collections.k8sredis.core.plugins.module_utils._model import Retryable

try:
    from kubernetes.stream.ws_client import PortForward, websocket_proxycare
    from redis.connection import AbstractConnection
    from redis.exceptions import ConnectionError as LostConnection
    from websocket import WebSocket, WebSocketBadStatusException, WebSocketException
except ImportError:  # reported by require_libraries() before anything here is called
    AbstractConnection = object

SUBPROTOCOL = "v4.channel.k8s.io"


def open_tunnel(
    configuration: Any, headers: Mapping[str, Any], namespace: str, pod: str, port: int, timeout: float
) -> Any:
    """A connected PortForward to one port of one pod; fails after ``timeout`` seconds."""
    base = urlparse(configuration.host)
    scheme = "wss" if base.scheme == "https" else "ws"
    url = f"{scheme}://{base.netloc}{base.path.rstrip('/')}/api/v1/namespaces/{namespace}/pods/{pod}/portforward?ports={port}"
    options: dict[str, Any] = {
        "header": _headers(configuration, headers),
        "subprotocols": [SUBPROTOCOL],
        "timeout": timeout,
    }
    if configuration.proxy or configuration.proxy_headers:
        options = websocket_proxycare(options, configuration, url, {})
    tunnel = WebSocket(sslopt=_tls(configuration), skip_utf8_validation=True)
    try:
        tunnel.connect(url, **options)
    except (WebSocketException, OSError) as error:
        raise Retryable(f"Cannot open a port-forward to pod {pod}: {_reason(error)}; run again.") from error
    tunnel.settimeout(None)
    return PortForward(tunnel, [port])


def _headers(configuration: Any, headers: Mapping[str, Any]) -> list[str]:
    lines = [f"{name}: {value}" for name, value in headers.items() if name.lower().startswith("impersonate-")]
    token = configuration.auth_settings().get("BearerToken", {}).get("value")
    return [*lines, f"Authorization: {token}"] if token else lines


def _tls(configuration: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
    if configuration.verify_ssl:
        options = {"cert_reqs": ssl.CERT_REQUIRED}
        if configuration.ssl_ca_cert:
            options["ca_certs"] = configuration.ssl_ca_cert
        if configuration.assert_hostname is not None:
            options["check_hostname"] = configuration.assert_hostname
    if configuration.cert_file:
        options["certfile"] = configuration.cert_file
    if configuration.key_file:
        options["keyfile"] = configuration.key_file
    if configuration.tls_server_name:
        options["server_hostname"] = configuration.tls_server_name
    return options


def _reason(error: BaseException) -> str:
    """One line; of a refusal the API server's own words, where websocket-client has headers and body in one string."""
    line = (str(error).split("\n", maxsplit=1)[0] or type(error).__name__).split(" -+-+- ")[0].rstrip(".")
    if not isinstance(error, WebSocketBadStatusException):
        return line
    try:
        return f"{error.status_code} {json.loads(getattr(error, 'resp_body', None) or '')['message']}".rstrip(".")
    except (KeyError, TypeError, ValueError):
        return line.removeprefix("Handshake status ")


class PortForwardConnection(AbstractConnection):
    """A redis-py connection whose socket is a port-forward."""

    def __init__(self, tunnel: Any = None, pod: str = "", port: int = 6379, tls: Any = None, **options: Any) -> None:
        """``tunnel``: called without arguments, returns a connected PortForward; ``tls``: an
        ssl.SSLContext when the Redis port speaks TLS."""
        self._tunnel = tunnel
        self._forward: Any = None
        self._tls_context = tls
        self._cause = ""
        self.pod = pod
        self.port = port
        self.host = pod
        super().__init__(**options)

    def repr_pieces(self) -> list[tuple[str, Any]]:
        return [("pod", self.pod), ("port", self.port)]

    def _connect(self) -> Any:
        self._cause = ""
        self._forward = self._tunnel()
        end = self._forward.socket(self.port)
        if self._tls_context is not None:
            # What PortForward returns is a wrapper; TLS needs the real socket below it.
            return self._tls_context.wrap_socket(end.dup(), server_hostname=self.pod)
        end.settimeout(self.socket_timeout)
        return end

    def _host_error(self) -> str:
        return f"pod {self.pod}"

    def _error_message(self, exception: BaseException) -> str:
        return f"Error connecting to pod {self.pod}. {exception}."

    def read_response(self, *args: Any, **options: Any) -> Any:
        with self._explained():
            return super().read_response(*args, **options)

    def send_packed_command(self, *args: Any, **options: Any) -> None:
        with self._explained():
            super().send_packed_command(*args, **options)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """A pod's refusal comes on a channel of its own, after which the connection just ends."""
        try:
            yield
        except LostConnection as error:
            if not self._cause:
                raise
            raise LostConnection(self._cause) from error

    def disconnect(self, *args: Any, **options: Any) -> None:
        super().disconnect(*args, **options)
        if self._forward is not None:
            self._cause = self._forward.error(self.port) or self._cause
            self._forward.close()
            self._forward = None


__all__ = ["PortForwardConnection", "open_tunnel"]
