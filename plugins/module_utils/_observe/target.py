# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a module talks to: the pods of an instance, or plain endpoints. PRIVATE to the collection."""

from __future__ import annotations

import base64
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Member
from ansible_collections.k8sredis.core.plugins.module_utils._observe import pods
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.port_forward import (
    PortForwardConnection,
    open_tunnel,
)

try:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.connection import Connection, ConnectionPool
    from redis.retry import Retry
except ImportError:  # reported by require_libraries() before anything here is called
    pass

# redis-py introduces itself by CLIENT SETINFO, which our ACL user may not send: each connection would leave two denials
# in the server's ACL LOG. Empty names are sent by no version; None stands for the default in some (7.2 to 7.4).
try:
    from redis.driver_info import DriverInfo
except ImportError:  # redis-py before 7.2
    NAMELESS: dict[str, Any] = {"lib_name": "", "lib_version": ""}
else:
    NAMELESS = {"driver_info": DriverInfo(name="", lib_version="")}

TOOL_USER = "k8sredis-tool"
"""ACL user of these modules; its password is in the instance's Secret."""
READINESS = "Readiness probe failed: "
"""How the kubelet's events about it begin."""
TOOL_PASSWORD_KEY = "tool-password"
SENTINEL_TOOL_PASSWORD_KEY = "sentinel-tool-password"
"""The same for Sentinels."""


@dataclass(frozen=True)
class Access:
    """How to log in. An empty username means the server's default user."""

    username: str = ""
    password: str = ""
    timeout: float = 5.0
    """Seconds to connect, and to wait for one reply."""
    tls: ssl.SSLContext | None = None

    def within(self, timeout: float | None) -> Access:
        """The same with another timeout, where one is given."""
        return self if timeout is None else replace(self, timeout=timeout)


class Endpoints:
    """Servers named by host and port: virtual machines, loopback processes; no Kubernetes at all."""

    kube: Kube | None = None

    def __init__(self, endpoints: Sequence[str], access: Access) -> None:
        self._members = tuple(_endpoint(text) for text in endpoints)
        _refuse_twice(self._members)
        self._access = access

    def members(self) -> tuple[Member, ...]:
        return self._members

    @property
    def login(self) -> tuple[str, str]:
        return self._access.username, self._access.password

    def connect(self, member: Member, timeout: float | None = None) -> Any:
        """By the name that was given: a certificate names its server by it."""
        return direct_client(replace(member, host=_split(member.name)[0]), self._access.within(timeout))

    def not_made(self, _name: str) -> str:
        return ""

    def not_ready(self, _name: str) -> str:
        return ""


class Pods:
    """The pods of an instance, found by label."""

    def __init__(
        self,
        kube: Kube,
        selector: str,
        port: int,
        container: str,
        transport: str,
        access: Access,
        lasting: bool = False,
    ) -> None:
        """``lasting``: whether each pod has a Service of its own name, by whose address others know it."""
        self.kube: Kube | None = kube
        self._kube = kube
        self._selector = selector
        self._port = port
        self._container = container
        self._transport = transport
        self._access = access
        self.lasting = lasting
        self._zones: dict[str, str] | None = None
        self._events_are_secret = False

    def members(self) -> tuple[Member, ...]:
        found = self._kube.list(self._kube.path("pods"), self._selector)
        zones = self._zones_of_nodes(found)
        members = tuple(pods.member(pod, self._port, self._container, zones) for pod in found)
        if not self.lasting:
            return members
        services = self._kube.list(self._kube.path("services"), self._selector)
        addresses = {each["metadata"]["name"]: each["spec"].get("clusterIP", "") for each in services}
        return tuple(replace(member, lasting=addresses.get(member.name, "")) for member in members)

    @property
    def login(self) -> tuple[str, str]:
        return self._access.username, self._access.password

    def connect(self, member: Member, timeout: float | None = None) -> Any:
        if self._transport == "direct":
            return direct_client(member, self._access.within(timeout))
        return _client(
            PortForwardConnection,
            self._access.within(timeout),
            tunnel=lambda: open_tunnel(
                self._kube.configuration,
                self._kube.headers,
                self._kube.namespace,
                member.name,
                member.port,
                self._access.timeout,
            ),
            pod=member.name,
            port=member.port,
            tls=self._access.tls,
        )

    def not_made(self, name: str) -> str:
        """Kubernetes' latest words on why it does not make this pod, such as a quota or Pod Security; empty when
        there are none, or the user may not read events."""
        return self._latest("StatefulSet", name.rpartition("-")[0], "FailedCreate", f"Pod {name} ").rstrip(".")

    def not_ready(self, name: str) -> str:
        """What the readiness probe of this pod said last; empty as above."""
        return self._latest("Pod", name, "Unhealthy", READINESS).partition(READINESS)[2]

    def _latest(self, kind: str, name: str, reason: str, part: str) -> str:
        """The first line of the latest event about this object that has ``part`` in it."""
        if self._events_are_secret:
            return ""
        wanted = f"involvedObject.kind={kind},involvedObject.name={name},reason={reason}"
        try:
            events = self._kube.list(self._kube.path("events"), fields=wanted)
        except Fatal:
            self._events_are_secret = True
            return ""
        about = [event for event in events if part in event.get("message", "")]
        latest = max(about, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "", default={})
        return str(latest.get("message", "")).split("\n", maxsplit=1)[0]

    def _zones_of_nodes(self, found: list[dict[str, Any]]) -> dict[str, str]:
        """Zone by kube_node, asked once, and only when a pod does not say it itself."""
        if all(pods.ZONE_LABEL in (pod["metadata"].get("labels") or {}) for pod in found):
            return {}
        if self._zones is None:
            self._zones = {node["metadata"]["name"]: _zone(node) for node in self._readable_nodes()}
        return self._zones

    def _readable_nodes(self) -> list[dict[str, Any]]:
        try:
            return self._kube.list("/api/v1/nodes")
        except Fatal:  # The namespaced Role does not grant nodes; unknown zones become a finding.
            return []


def _zone(node: dict[str, Any]) -> str:
    return str((node["metadata"].get("labels") or {}).get(pods.ZONE_LABEL, ""))


def _split(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Fatal(f"Cannot use endpoint '{text}': it is not of the form host:port; write for example 10.0.0.1:6379.")
    return host, int(port)


def _endpoint(text: str) -> Member:
    """The members of a cluster know each other by address alone."""
    host, port = _split(text)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or longer than 63 characters
        reason = getattr(error, "strerror", None) or error
        raise Fatal(f"Cannot use endpoint '{text}': {reason}; use the address.") from error
    addresses = tuple(dict.fromkeys(str(ipaddress.ip_address(each[4][0])) for each in found))
    return Member(name=text, host=addresses[0], port=port, addresses=addresses[1:] and addresses)


def _refuse_twice(members: Sequence[Member]) -> None:
    seen: set[tuple[str, int]] = set()
    for member in members:
        where = (member.host, member.port)
        if where in seen:
            raise Fatal(f"Cannot use endpoint '{member.name}': it is named twice; name each server once.")
        seen.add(where)


def direct_client(member: Member, access: Access) -> Any:
    """A client over a plain TCP connection to the member's own address."""
    options: dict[str, Any] = {"host": member.host, "port": member.port}
    if access.tls is None:
        return _client(Connection, access, **options)
    return _client(_tls_connection(access.tls), access, **options)


def _tls_connection(context: ssl.SSLContext) -> Any:
    class TlsConnection(Connection):
        """A ready context, so that files are read once and checked early; redis-py's own SSLConnection makes one for
        each connection."""

        def _connect(self) -> Any:
            sock = super()._connect()
            try:
                return context.wrap_socket(sock, server_hostname=self.host)
            except OSError:
                sock.close()
                raise

    return TlsConnection


def _client(connection_class: Any, access: Access, **options: Any) -> Any:
    pool = ConnectionPool(
        connection_class=connection_class,
        username=access.username or None,
        password=access.password or None,
        socket_timeout=access.timeout,
        socket_connect_timeout=access.timeout,
        decode_responses=True,
        encoding_errors="replace",
        protocol=2,
        # A command whose answer was lost may have been executed: the caller looks again, it does not repeat.
        retry=Retry(NoBackoff(), 0),
        **NAMELESS,
        **options,
    )
    client = Redis(connection_pool=pool)
    # Replies as the server sends them; redis-py's own CLUSTER NODES loses nodes without an address.
    client.response_callbacks.clear()
    return client


def tool_password(kube: Kube, secret: str, key: str = TOOL_PASSWORD_KEY) -> str:
    """The password of our ACL user, from the instance's Secret; empty when there is no such Secret."""
    found = kube.get(kube.path("secrets", secret))
    data = (found or {}).get("data") or {}
    try:
        return base64.b64decode(data.get(key, "")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fatal(
            f"Cannot use {key} of Secret {secret}: it is not text in UTF-8; restore the Secret, or stop "
            "the pods and remove this key to get a new one."
        ) from error
