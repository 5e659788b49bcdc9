# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a module talks to: endpoints, and pods found by label."""

from __future__ import annotations

import base64
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Member
from ansible_collections.k8sredis.core.plugins.module_utils._observe import target
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Forbidden, Object
from ansible_collections.k8sredis.core.plugins.module_utils._observe.port_forward import PortForwardConnection
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import (
    Access,
    Endpoints,
    Pods,
    tool_password,
)
from redis.exceptions import RedisError

from tests.unit.stand_ins.certificates import Authority
from tests.unit.stand_ins.kube import StandInKube
from tests.unit.stand_ins.resp import Words, ok, speaking
from tests.unit.stand_ins.tcp import listening

ENDPOINTS = [
    ("10.0.0.1:6379", "10.0.0.1", 6379),
    ("[fd00::1]:6379", "fd00::1", 6379),
    ("fd00::1:6379", "fd00::1", 6379),
    ("[FD00:0::1]:6379", "fd00::1", 6379),
]


@pytest.mark.parametrize(("text", "host", "port"), ENDPOINTS)
def test_endpoint(text: str, host: str, port: int) -> None:
    assert Endpoints([text], Access()).members() == (Member(text, host, port),)


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "10.0.0.1:", ":6379", "10.0.0.1:redis", "10.0.0.1:0", "10.0.0.1:65536", ""]
)
def test_endpoint_that_is_none(text: str) -> None:
    with pytest.raises(Fatal) as refused:
        Endpoints([text], Access())
    assert str(refused.value) == (
        f"Cannot use endpoint '{text}': it is not of the form host:port; write for example 10.0.0.1:6379."
    )


def test_a_server_is_reached_by_its_name_and_known_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.9", 7000))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_rest, **_more: found if host == "redis.example" else [])
    there = Endpoints(["redis.example:7000"], Access())
    (member,) = there.members()
    assert member == Member("redis.example:7000", "10.0.0.9", 7000)
    assert there.connect(member).get_connection_kwargs()["host"] == "redis.example"


def test_a_name_of_several_addresses_is_known_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", ("::1", 7000, 0, 0)), (0, 0, 0, "", ("127.0.0.1", 7000))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_more: found)
    (member,) = Endpoints(["localhost:7000"], Access()).members()
    assert (member.host, member.addresses) == ("::1", ("::1", "127.0.0.1"))


def test_a_name_that_is_none() -> None:
    with pytest.raises(Fatal, match=r"^Cannot use endpoint 'a\.\.b:6379': .+; use the address\.$"):
        Endpoints(["a..b:6379"], Access())


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_given: Any, **_more: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Fatal) as refused:
        Endpoints(["redis.example:7000"], Access())
    assert str(refused.value) == (
        "Cannot use endpoint 'redis.example:7000': Name or service not known; use the address."
    )


@pytest.mark.parametrize("again", ["[fd00::1]:7000", "fd00:0::1:7000"])
def test_an_endpoint_is_named_once(again: str) -> None:
    Endpoints(["[fd00::1]:7000", "[fd00::1]:7001"], Access())
    with pytest.raises(Fatal) as refused:
        Endpoints(["[fd00::1]:7000", again], Access())
    assert str(refused.value) == f"Cannot use endpoint '{again}': it is named twice; name each server once."


# Clients.


def told(access: Access, **server: Any) -> list[Words]:
    """What a server is told by a client that echoes a word."""
    words_told: list[Words] = []

    def answer(words: Words) -> Any:
        words_told.append(words)
        return ok(words)

    with listening(speaking(answer, **server)) as port:
        client = target.direct_client(Member("a", "127.0.0.1", port), access)
        assert client.execute_command("ECHO", "a") == "a"
        client.connection_pool.disconnect()
    return words_told


def test_a_server_is_told_only_what_it_is_asked() -> None:
    """No login without a password; no CLIENT SETINFO, which each server would note as denied."""
    assert told(Access()) == [("ECHO", "a")]


@pytest.mark.parametrize(("username", "login"), [("ann", ("AUTH", "ann", "secret")), ("", ("AUTH", "secret"))])
def test_login(username: str, login: Words) -> None:
    assert told(Access(username, "secret"))[0] == login


def test_a_server_with_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    client = ssl.create_default_context(cafile=str(authority.certificate))
    assert ("ECHO", "a") in told(Access(tls=client), tls=authority.context)


def test_a_server_with_a_certificate_of_somebody_else(tmp_path: Path) -> None:
    with pytest.raises((RedisError, OSError), match="certificate verify failed"):
        told(Access(tls=ssl.create_default_context()), tls=Authority(tmp_path).context)


def test_a_certificate_that_is_not_to_be_checked(tmp_path: Path) -> None:
    client = ssl.create_default_context()
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    assert ("ECHO", "a") in told(Access(tls=client), tls=Authority(tmp_path).context)


# Pods.


class Cluster(StandInKube):
    """Pods and nodes; nodes may be out of reach."""

    def __init__(self, *pods: Object, nodes: dict[str, str] | None = None, forbidden: bool = False) -> None:
        super().__init__()
        self.pods = list(pods)
        self.nodes = nodes or {}
        self.forbidden = forbidden
        self.events: list[Object] = []
        self.asked: list[tuple[str, str]] = []

    def list(self, path: str, selector: str = "", fields: str = "") -> list[Object]:
        self.asked.append((path, selector or fields))
        if path.endswith("/events"):
            if self.forbidden:
                raise Forbidden("Cannot get /api/v1/namespaces/web/events: 403")
            return self.events
        if path != "/api/v1/nodes":
            return self.pods
        if self.forbidden:
            raise Forbidden("Cannot get /api/v1/nodes: 403")
        zone = "topology.kubernetes.io/zone"
        return [{"metadata": {"name": name, "labels": {zone: where}}} for name, where in self.nodes.items()]


def pod(name: str, zone: str = "", kube_node: str = "n1") -> Object:
    labels = {"k8sredis.io/shard": "0", **({"topology.kubernetes.io/zone": zone} if zone else {})}
    status = {
        "podIP": "10.0.0.1",
        "phase": "Running",
        "containerStatuses": [{"name": "redis", "state": {"running": {}}}],
    }
    return {"metadata": {"name": name, "labels": labels}, "spec": {"nodeName": kube_node}, "status": status}


def pods(kube: Cluster, transport: str = "port_forward", **access: Any) -> Pods:
    return Pods(kube, "app=redis", 6380, "redis", transport, Access(**access))


def test_pods_are_found_by_their_labels() -> None:
    kube = Cluster(pod("shop-0-0", "a"))
    (found,) = pods(kube).members()
    assert (found.name, found.host, found.port, found.zone) == ("shop-0-0", "10.0.0.1", 6380, "a")
    assert kube.asked == [("/api/v1/namespaces/web/pods", "app=redis")]


def test_zones_of_nodes_are_asked_once_where_pods_do_not_say_them() -> None:
    kube = Cluster(pod("shop-0-0", "a"), pod("shop-0-1", kube_node="n2"), nodes={"n2": "b"})
    there = pods(kube)
    for _index in range(2):
        assert [member.zone for member in there.members()] == ["a", "b"]
    assert [path for path, _selector in kube.asked].count("/api/v1/nodes") == 1


def test_zones_are_unknown_where_nodes_may_not_be_read() -> None:
    there = pods(Cluster(pod("shop-0-0"), forbidden=True))
    assert [member.zone for member in there.members()] == [""]


def refused(pod_name: str, at: str, why: str) -> Object:
    return {"lastTimestamp": at, "message": f"create Pod {pod_name} in StatefulSet shop-0 failed error: {why}"}


def test_why_a_pod_is_not_made() -> None:
    kube = Cluster()
    kube.events = [
        refused("shop-0-0", "2026-01-01T00:00:02Z", "exceeded quota."),
        refused("shop-0-0", "2026-01-01T00:00:01Z", "older"),
        refused("shop-0-1", "2026-01-01T00:00:03Z", "another pod's"),
    ]
    assert pods(kube).not_made("shop-0-2") == ""
    kube.asked.clear()
    assert pods(kube).not_made("shop-0-0") == "create Pod shop-0-0 in StatefulSet shop-0 failed error: exceeded quota"
    (asked,) = kube.asked
    assert asked[1] == "involvedObject.kind=StatefulSet,involvedObject.name=shop-0,reason=FailedCreate"


def test_nobody_says_why_a_pod_is_not_made() -> None:
    assert pods(Cluster()).not_made("shop-0-0") == ""
    secret = Cluster(forbidden=True)
    there = pods(secret)
    assert [there.not_made(name) for name in ("shop-0-0", "shop-0-1")] == ["", ""]
    assert len(secret.asked) == 1


def unhealthy(at: str, message: str) -> Object:
    return {"lastTimestamp": at, "message": message}


def test_what_a_readiness_probe_said_last() -> None:
    kube = Cluster()
    kube.events = [
        unhealthy("2026-01-01T00:00:01Z", "Readiness probe failed: older"),
        unhealthy("2026-01-01T00:00:02Z", "Readiness probe failed: Waiting to start shop-0-0: it waits.\n"),
        unhealthy("2026-01-01T00:00:03Z", "Liveness probe failed: another"),
    ]
    assert pods(kube).not_ready("shop-0-0") == "Waiting to start shop-0-0: it waits."
    (asked,) = kube.asked
    assert asked[1] == "involvedObject.kind=Pod,involvedObject.name=shop-0-0,reason=Unhealthy"
    assert pods(Cluster()).not_ready("shop-0-0") == ""
    assert pods(Cluster(forbidden=True)).not_ready("shop-0-0") == ""


def test_pods_are_reached_through_the_api() -> None:
    client = pods(Cluster(), username="ann", password="secret").connect(Member("shop-0-0", "10.0.0.1", 6380))
    connection = client.connection_pool.make_connection()
    assert isinstance(connection, PortForwardConnection)
    assert (connection.pod, connection.port, connection.socket_timeout) == ("shop-0-0", 6380, 5.0)


def test_pods_are_reached_directly_where_that_is_asked_for() -> None:
    client = pods(Cluster(), transport="direct").connect(Member("shop-0-0", "10.0.0.1", 6380))
    connection = client.connection_pool.make_connection()
    assert (connection.host, connection.port) == ("10.0.0.1", 6380)


# The password.

SECRET = "/api/v1/namespaces/web/secrets/shop-auth"

PASSWORDS: list[tuple[str, Object | None, str]] = [
    ("as the Secret has it", {"data": {"tool-password": base64.b64encode("päss".encode()).decode()}}, "päss"),
    ("no Secret", None, ""),
    ("a Secret without it", {"data": {"password": "eA=="}}, ""),
    ("an empty Secret", {"data": None}, ""),
]


@pytest.mark.parametrize(("secret", "password"), [row[1:] for row in PASSWORDS], ids=[row[0] for row in PASSWORDS])
def test_tool_password(secret: Object | None, password: str) -> None:
    kube = StandInKube()
    if secret is not None:
        kube.objects[SECRET] = secret
    assert tool_password(kube, "shop-auth") == password


def test_a_tool_password_that_is_no_text() -> None:
    kube = StandInKube()
    kube.objects[SECRET] = {"data": {"tool-password": base64.b64encode(b"caf\xe9").decode()}}
    with pytest.raises(Fatal) as refused:
        tool_password(kube, "shop-auth")
    assert str(refused.value) == (
        "Cannot use tool-password of Secret shop-auth: it is not text in UTF-8; restore the Secret, or stop the pods "
        "and remove this key to get a new one."
    )
