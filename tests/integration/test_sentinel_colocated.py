# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods with a server and a Sentinel: with a pod both go and both come back, over one folder of data."""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pod_process import eventually
from tests.integration.sentinel_pods import SentinelInstance, SentinelPod, ServerPod, sentinel_instance
from tests.integration.sentinel_writer import lost, writing
from tests.integration.test_sentinel_pods import WRITES, have_all, write
from tests.servers import Server

SUITES = ("redis-trixie", "valkey-sid")
BOUND = 40
"""Seconds after which a hook that should have given up is stuck."""


def colocated(server: Server, shell: str, folder: Path, **settings: Any) -> Any:
    return sentinel_instance(server, shell, folder, colocated=True, **settings)


def beside(made: SentinelInstance, pod: ServerPod) -> SentinelPod:
    return next(each for each in made.sentinels if each.name == pod.name)


def kill(made: SentinelInstance, *pods: ServerPod) -> None:
    for pod in pods:
        pod.kill()
        beside(made, pod).kill()


def start(made: SentinelInstance, *pods: ServerPod) -> None:
    for pod in pods:
        beside(made, pod).start()
        pod.start()


def end(made: SentinelInstance, pod: ServerPod) -> None:
    """As the kubelet does: its Sentinel is told at once, its server when the hook is over."""
    hook = pod.prestop()
    beside(made, pod).told_to_end()
    assert hook.wait(timeout=BOUND) == 0
    assert pod.told_to_end() == 0


@pytest.mark.parametrize("persistence", ["aof", "rdb"])
def test_each_pod_ends_and_comes_back(server: Server, shell: str, tmp_path: Path, persistence: str) -> None:
    """A Sentinel ends beside the data and saves none of its own over it."""
    with colocated(server, shell, tmp_path, persistence=persistence) as made:
        made.bootstrap()
        ids = {each.ask("SENTINEL", "MYID") for each in made.sentinels}
        with writing(made) as client:
            for pod in made.servers:
                led = pod.is_master()
                end(made, pod)
                assert ("handed over to" in pod.prestop_log) is led, made.trouble()
                client.wait_for_more()
                start(made, pod)
                made.agreed()
        assert lost(client, made.agreed()) == set()
        assert {each.ask("SENTINEL", "MYID") for each in made.sentinels} == ids
        assert len(ids) == 3


def test_a_pod_is_killed(server: Server, shell: str, tmp_path: Path) -> None:
    """The other two elect."""
    with colocated(server, shell, tmp_path, persistence="aof") as made:
        master = made.bootstrap()
        write(made, master, 0, WRITES)
        kill(made, master)
        others = [pod for pod in made.servers if pod is not master]
        assert eventually(lambda: any(pod.is_master() for pod in others)), made.trouble()
        start(made, master)
        assert made.agreed() is not master
        assert eventually(partial(have_all, made, WRITES)), made.trouble()


def test_a_pod_comes_back_while_another_is_gone(server: Server, shell: str, tmp_path: Path) -> None:
    """The Sentinel beside it and one other are a majority."""
    with colocated(server, shell, tmp_path, persistence="aof") as made:
        master, replica, gone = made.servers
        made.bootstrap()
        kill(made, gone)
        kill(made, replica)
        start(made, replica)
        assert eventually(lambda: replica.follows(master)), made.trouble()


@pytest.mark.parametrize(("persistence", "number"), [("aof", signal.SIGKILL), ("rdb", signal.SIGTERM)])
def test_all_pods_gone_and_back(
    server: Server, shell: str, tmp_path: Path, persistence: str, number: signal.Signals
) -> None:
    with colocated(server, shell, tmp_path, persistence=persistence) as made:
        master = made.bootstrap()
        write(made, master, 0, WRITES)
        # Whoever ends last could still write over what the others have left.
        for kind in (made.servers, made.sentinels):
            for each in kind:
                each.kill(number)
        start(made, *made.servers)
        made.agreed()
        assert eventually(partial(have_all, made, WRITES)), made.trouble()


def test_all_data_gone_with_all_pods(server: Server, shell: str, tmp_path: Path) -> None:
    """As with an empty_dir: nobody leads, and nobody says he does, until a run decides."""
    with colocated(server, shell, tmp_path) as made:
        made.bootstrap()
        kill(made, *made.servers)
        for pod in made.servers:
            pod.lose_data()
        start(made, *made.servers)
        assert eventually(lambda: all(pod.follows_nobody() for pod in made.servers)), made.trouble()
        time.sleep(3)
        assert {sentinel.names() for sentinel in made.sentinels} == {""}
        made.promote(made.servers[1])


def test_a_sentinel_loses_its_file_alone(server: Server, shell: str, tmp_path: Path) -> None:
    with colocated(server, shell, tmp_path, persistence="aof") as made:
        master = made.bootstrap()
        sentinel = beside(made, master)
        own_id = sentinel.ask("SENTINEL", "MYID")
        sentinel.kill()
        sentinel.file.unlink()
        sentinel.start()
        assert made.agreed() is master
        assert sentinel.ask("SENTINEL", "MYID") == own_id
