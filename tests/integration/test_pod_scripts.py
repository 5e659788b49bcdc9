# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of the pods with the real programs of every version, and with the files that a pod would have."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl

from tests.integration.instance import PASSWORDS, mount
from tests.integration.pod_process import image
from tests.loopback import BUS_OFFSET, ports
from tests.servers import Server
from tests.unit.scripts.pod import Pod, which

WITHIN = 20.0
"""Seconds for a server to start, and for a probe to see what has happened."""


@pytest.fixture
def port() -> Iterator[int]:
    with ports() as held:
        yield held.take()


@pytest.fixture
def pod(server: Server, port: int, tmp_path: Path) -> Iterator[Pod]:
    """A pod whose server runs."""
    pod = image(server, Pod(tmp_path, "dash"))
    mount(pod, port=port, bus_port=port + BUS_OFFSET)
    pod.environment |= {
        "POD_IPS": "127.0.0.1",
        "PORT": str(port),
        "MEMORY_LIMIT": "100000000",
        "MAXMEMORY_PERCENT": "70",
    }
    # setpriv: the server ends with the program that started it, even when that is killed.
    command = [which("setpriv"), "--pdeathsig", "KILL", "--", *pod.command("start")]
    with (tmp_path / "log").open("wb") as log:
        pod.server = subprocess.Popen(
            command, cwd=pod.place("/data"), env=pod.variables(), stdout=log, stderr=subprocess.STDOUT
        )
    try:
        assert passes(pod, "startup"), (tmp_path / "log").read_text(encoding="utf-8")
        yield pod
    finally:
        pod.server.kill()  # a server in an endless script does not end by itself
        pod.server.wait()


def passes(pod: Pod, kind: str) -> bool:
    deadline = time.monotonic() + WITHIN
    while pod.run("probe", kind).returncode != 0:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def tool(port: int) -> redis.Redis:
    return redis.Redis(port=port, username=acl.TOOL, password=PASSWORDS["tool"], decode_responses=True)


def test_a_server_starts_with_what_the_pod_has(pod: Pod, port: int) -> None:
    settings = tool(port).config_get("cluster-announce-ip", "cluster-announce-hostname", "maxmemory", "masteruser")
    assert settings == {
        "cluster-announce-ip": "127.0.0.1",
        "cluster-announce-hostname": "shop-0-1.shop-nodes.web.svc.cluster.local",
        "maxmemory": "70000000",
        "masteruser": "k8sredis-replication",
    }


def test_ready_is_who_has_joined(pod: Pod, port: int) -> None:
    assert pod.run("probe", "liveness").returncode == 0
    before = pod.run("probe", "readiness")
    assert (before.returncode, before.stdout) == (1, "not a member of a cluster yet\n")
    tool(port).execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    assert passes(pod, "readiness")


def test_no_connection_left_is_alive(pod: Pod, port: int) -> None:
    own = tool(port)
    own.config_set("maxclients", 1)
    try:
        assert pod.run("probe", "liveness").returncode == 0
    finally:
        own.config_set("maxclients", 1000)


def test_a_long_script_is_alive_and_not_ready(pod: Pod, port: int) -> None:
    tool(port).execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    assert passes(pod, "readiness")
    tool(port).config_set("lua-time-limit", 1)
    application = redis.Redis(port=port, password=PASSWORDS["default"], socket_timeout=0.2)
    other = redis.Redis(port=port, password=PASSWORDS["default"], single_connection_client=True)  # logged in before
    with pytest.raises(redis.exceptions.RedisError):  # no answer, or BUSY when the client tries again
        application.eval("while true do end", 0)
    try:
        assert pod.run("probe", "liveness").returncode == 0
        busy = pod.run("probe", "readiness")
        assert busy.returncode == 1
        assert "does not serve: BUSY" in busy.stdout
    finally:
        other.script_kill()


def test_a_server_that_ended_is_dead(pod: Pod, port: int) -> None:
    tool(port).execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    application = redis.Redis(port=port, password=PASSWORDS["default"])
    with pytest.raises(redis.exceptions.NoPermissionError):
        application.shutdown(nosave=True)
    assert pod.server is not None
    pod.server.terminate()
    pod.server.wait()
    dead = pod.run("probe", "liveness")
    assert (dead.returncode, dead.stdout) == (1, "the server does not take connections\n")
