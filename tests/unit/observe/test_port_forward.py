# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port-forward against a stand-in API server: handshake, headers, data both ways, and what pods and servers refuse."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._model import Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe import port_forward
from ansible_collections.k8sredis.core.plugins.module_utils._observe.port_forward import (
    PortForwardConnection,
    open_tunnel,
)
from kubernetes.client import Configuration
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as TooSlow

from tests.unit.stand_ins.api_server import ERROR, Request, WebSocket, forwarding
from tests.unit.stand_ins.certificates import Authority
from tests.unit.stand_ins.resp import ok, speaking
from tests.unit.stand_ins.tcp import listening, silent

MEGABYTE = 1024 * 1024
BOUND = 10.0
"""Seconds that no wait of 0.2 s may last, on a busy machine either; a hang would last for ever."""


def configuration(port: int, path: str = "", scheme: str = "http", **fields: Any) -> Configuration:
    found = Configuration(host=f"{scheme}://127.0.0.1:{port}{path}")
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def tunnel(port: int, headers: dict[str, str] | None = None, timeout: float = 5.0, **fields: Any) -> Any:
    return open_tunnel(configuration(port, **fields), headers or {}, "web", "shop-0-0", 6379, timeout)


@contextmanager
def redis_behind(answer: Any = ok, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[Request]]]:
    """The port of an API server that forwards to something like Redis, and the requests it got."""
    requests: list[Request] = []
    with listening(speaking(answer, tls)) as pod, listening(forwarding(pod, requests)) as api:
        yield api, requests


def connection(port: int, timeout: float = 5.0, **options: Any) -> PortForwardConnection:
    return PortForwardConnection(
        tunnel=lambda: tunnel(port), pod="shop-0-0", port=6379, socket_timeout=timeout, protocol=2, **options
    )


def ask(connected: PortForwardConnection, *words: str) -> Any:
    connected.send_command(*words)
    return connected.read_response()


# The handshake.


def test_the_request_names_namespace_pod_and_port() -> None:
    with redis_behind() as (port, requests):
        tunnel(port).close()
    assert requests[0].path == "/api/v1/namespaces/web/pods/shop-0-0/portforward?ports=6379"
    assert requests[0].headers["sec-websocket-protocol"] == ["v4.channel.k8s.io"]


def test_an_api_server_below_a_path() -> None:
    with redis_behind() as (port, requests):
        tunnel(port, path="/k8s/clusters/c-1/").close()
    assert requests[0].path.startswith("/k8s/clusters/c-1/api/v1/namespaces/web/")


def test_who_asks_and_as_whom() -> None:
    headers = {"Impersonate-User": "ann", "Impersonate-Group": "ops", "User-Agent": "x", "X-Secret": "y"}
    with redis_behind() as (port, requests):
        tunnel(port, headers, api_key={"authorization": "Bearer token"}).close()
    found = requests[0].headers
    assert (found["impersonate-user"], found["impersonate-group"]) == (["ann"], ["ops"])
    assert found["authorization"] == ["Bearer token"]
    assert "x-secret" not in found


def test_nobody_in_particular_asks_without_a_header() -> None:
    with redis_behind() as (port, requests):
        tunnel(port).close()
    assert not {"authorization", "impersonate-user"} & set(requests[0].headers)


def failure(port: int, **options: Any) -> str:
    begin = time.monotonic()
    with pytest.raises(Retryable) as failed:
        tunnel(port, **options)
    assert time.monotonic() - begin < BOUND
    return str(failed.value)


def test_a_silent_api_server_ends_the_handshake_in_time() -> None:
    with listening(silent) as port:
        message = failure(port, timeout=0.2)
    assert message == "Cannot open a port-forward to pod shop-0-0: Connection timed out; run again."


def test_an_api_server_that_hangs_up() -> None:
    with listening(lambda connection: connection.close()) as port:
        message = failure(port)
    assert message.startswith("Cannot open a port-forward to pod shop-0-0: ")
    assert message.endswith("; run again.")


def test_no_api_server() -> None:
    with listening(silent) as port:
        pass
    assert failure(port) == "Cannot open a port-forward to pod shop-0-0: [Errno 111] Connection refused; run again."


FORBIDDEN = 'pods \\"shop-0-0\\" is forbidden: User \\"ann\\" cannot create resource \\"pods/portforward\\"'

REFUSALS = [
    (
        "403 Forbidden",
        f'{{"kind": "Status", "message": "{FORBIDDEN}", "code": 403}}',
        f"403 {FORBIDDEN}".replace("\\", ""),
    ),
    ("404 Not Found", '{"message": "pods \\"shop-0-0\\" not found."}', '404 pods "shop-0-0" not found'),
    ("500 Internal Server Error", "<html>", "500 Internal Server Error"),
    ("502 Bad Gateway", "", "502 Bad Gateway"),
]


@pytest.mark.parametrize(("status", "body", "seen"), REFUSALS)
def test_what_the_api_server_refuses_it_says_why(status: str, body: str, seen: str) -> None:
    with listening(lambda connection: WebSocket(connection).refuse(status, body)) as port:
        message = failure(port)
    assert message == f"Cannot open a port-forward to pod shop-0-0: {seen}; run again."


# Certificates.


def test_a_server_with_a_certificate_of_our_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    requests: list[Request] = []
    with listening(speaking(ok)) as pod, listening(authority.guarded(forwarding(pod, requests))) as port:
        tunnel(port, scheme="https", ssl_ca_cert=str(authority.certificate)).close()
    assert len(requests) == 1


def test_a_server_with_a_certificate_of_somebody_else(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with listening(authority.guarded(forwarding(1, []))) as port:
        message = failure(port, scheme="https")
    assert "certificate verify failed" in message
    assert message.count(".") <= 3


def test_a_certificate_that_is_not_to_be_checked(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with listening(speaking(ok)) as pod, listening(authority.guarded(forwarding(pod, []))) as port:
        tunnel(port, scheme="https", verify_ssl=False).close()


TLS = [
    ("checked by the system's authorities", {}, {"cert_reqs": ssl.CERT_REQUIRED}),
    ("not checked", {"verify_ssl": False}, {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}),
    ("an authority", {"ssl_ca_cert": "ca"}, {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": "ca"}),
    (
        "another name in the certificate",
        {"assert_hostname": False, "tls_server_name": "kubernetes"},
        {"cert_reqs": ssl.CERT_REQUIRED, "check_hostname": False, "server_hostname": "kubernetes"},
    ),
    (
        "a client certificate",
        {"cert_file": "crt", "key_file": "key"},
        {"cert_reqs": ssl.CERT_REQUIRED, "certfile": "crt", "keyfile": "key"},
    ),
]


@pytest.mark.parametrize(("fields", "options"), [row[1:] for row in TLS], ids=[row[0] for row in TLS])
def test_tls_options(fields: dict[str, Any], options: dict[str, Any]) -> None:
    assert port_forward._tls(configuration(1, **fields)) == options


# Data.


def test_commands_and_replies() -> None:
    with redis_behind() as (port, _requests):
        connected = connection(port)
        assert [ask(connected, "PING"), ask(connected, "ECHO", "a")] == [b"PONG", b"a"]
        connected.disconnect()


def test_a_megabyte_both_ways() -> None:
    text = "0123456789abcdef" * (MEGABYTE // 16)
    with redis_behind() as (port, _requests):
        connected = connection(port, timeout=30)
        assert ask(connected, "ECHO", text) == text.encode()
        connected.disconnect()


def test_two_tunnels_do_not_mix() -> None:
    with redis_behind() as (port, _requests):
        one, other = connection(port), connection(port)
        one.send_command("ECHO", "one")
        other.send_command("ECHO", "other")
        assert [other.read_response(), one.read_response()] == [b"other", b"one"]
        one.disconnect()
        other.disconnect()


def test_login_goes_through_the_tunnel() -> None:
    told = []

    def answer(words: tuple[str, ...]) -> str:
        told.append(words)
        return "OK"

    with redis_behind(answer) as (port, _requests):
        connected = connection(port, username="ann", password="secret")
        connected.connect()
        connected.disconnect()
    assert told[0] == ("AUTH", "ann", "secret")


def test_tls_to_redis_goes_through_the_tunnel(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "shop-0-0")
    client = ssl.create_default_context(cafile=str(authority.certificate))
    with redis_behind(tls=authority.context) as (port, _requests):
        connected = connection(port, tls=client)
        assert ask(connected, "PING") == b"PONG"
        connected.disconnect()


def test_a_redis_that_does_not_answer_is_given_up() -> None:
    with listening(silent) as pod, listening(forwarding(pod, [])) as port:
        connected = connection(port, timeout=0.2)
        with pytest.raises(TooSlow, match="Timeout reading from"):
            ask(connected, "PING")


CAUSE = "an error occurred forwarding 6379 -> 6379: failed to connect to localhost:6379 inside namespace: refused"


def refuses(peer: WebSocket) -> None:
    peer.send(ERROR, CAUSE.encode())


def breaks(peer: WebSocket) -> None:
    peer.close()


@contextmanager
def pod_that(*deeds: Callable[[WebSocket], None]) -> Iterator[int]:
    """Does these, one after the other, to those who connect."""
    left = list(deeds)

    def serve(connection: socket.socket) -> None:
        peer = WebSocket(connection)
        peer.accept(6379)
        left.pop(0)(peer)
        peer.receive()

    with listening(serve) as port:
        yield port


def test_a_pod_that_refuses_gives_its_cause() -> None:
    with pod_that(refuses) as port:
        connected = connection(port)
        with pytest.raises(LostConnection) as refused:
            ask(connected, "PING")
    assert str(refused.value) == CAUSE


def test_a_tunnel_that_breaks_is_a_lost_connection() -> None:
    with pod_that(breaks) as port:
        connected = connection(port)
        with pytest.raises(LostConnection):
            ask(connected, "PING")


def test_after_a_refusal_the_next_attempt_starts_afresh() -> None:
    with pod_that(refuses, breaks) as port:
        connected = connection(port)
        with pytest.raises(LostConnection, match="forwarding 6379"):
            ask(connected, "PING")
        with pytest.raises(LostConnection) as closed:
            ask(connected, "PING")
    assert CAUSE not in str(closed.value)


def test_a_tunnel_that_cannot_be_opened_is_told_of_as_it_is() -> None:
    with (
        listening(lambda connection: WebSocket(connection).refuse("403 Forbidden", "")) as port,
        pytest.raises(Retryable, match="403 Forbidden"),
    ):
        connection(port).connect()


def test_disconnecting_twice_is_no_error() -> None:
    with redis_behind() as (port, _requests):
        connected = connection(port)
        connected.connect()
        connected.disconnect()
        connected.disconnect()
    assert dict(connected.repr_pieces()) == {"pod": "shop-0-0", "port": 6379}
