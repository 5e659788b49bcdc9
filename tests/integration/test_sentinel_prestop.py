# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master with Sentinels that ends hands over before, and nothing that it acknowledged is lost."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.integration.pod_process import eventually
from tests.integration.sentinel_pods import sentinel_instance
from tests.integration.sentinel_writer import lost, writing
from tests.servers import Server

SUITES = ("redis-trixie", "valkey-sid")
BOUND = 40
"""Seconds after which a hook that should have given up is stuck."""


def test_a_master_hands_over_under_a_writer(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path, persistence="rdb") as made:
        master = made.bootstrap()
        with writing(made) as client:
            assert master.prestop().wait(timeout=BOUND) == 0
            assert master.prestop_log.startswith(f"Ending {master.name}: handed over to "), made.trouble()
            assert not master.is_master()
            assert master.told_to_end() == 0
            client.wait_for_more()
            master.start()
            client.wait_for_more()
        successor = made.agreed()
        assert successor is not master
        assert successor.name in master.prestop_log
        assert lost(client, successor) == set()


def test_a_replica_has_nothing_to_do(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path) as made:
        master = made.bootstrap()
        replica = made.servers[1]
        assert replica.prestop().wait(timeout=BOUND) == 0
        assert replica.prestop_log == ""
        assert made.agree_on(master)


def test_all_at_once(server: Server, shell: str, tmp_path: Path) -> None:
    """Each pod's server ends when its hook has, the Sentinels at once; the master's hook sees that and gives up."""
    with sentinel_instance(server, shell, tmp_path, persistence="rdb") as made:
        master = made.bootstrap()
        with writing(made) as client:
            pass
        hooks = {pod.name: (pod, pod.prestop()) for pod in made.servers}
        for sentinel in made.sentinels:
            sentinel.told_to_end()
        while hooks:
            for pod, hook in list(hooks.values()):
                if hook.poll() is not None:
                    assert hook.returncode == 0
                    pod.kill(signal.SIGTERM)
                    del hooks[pod.name]
        assert f"Ending {master.name}: not handed over" in master.prestop_log
        made.start()
        assert lost(client, made.agreed()) == set()


def test_without_a_replica_that_answers(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path) as made:
        master, *others = made.servers
        made.bootstrap()
        for other in others:
            other.kill()
        assert master.prestop().wait(timeout=BOUND) == 0
        assert master.prestop_log == f"Ending {master.name}: not handed over, no replica is in sync and answers.\n"
        assert master.ask("SET", "one", "1", user="default") == "OK"


def test_without_a_majority_of_sentinels(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path) as made:
        master = made.bootstrap()
        for sentinel in made.sentinels[1:]:
            sentinel.kill()
        assert master.prestop().wait(timeout=BOUND) == 0
        assert "not handed over, 1 of 3 Sentinels answer" in master.prestop_log
        assert master.is_master()


def test_a_replica_that_hangs(server: Server, shell: str, tmp_path: Path) -> None:
    """Whoever the Sentinels choose: nothing is lost, and writes go on."""
    with sentinel_instance(server, shell, tmp_path) as made:
        master = made.bootstrap()
        hanging = made.servers[1]
        with writing(made) as client:
            hanging.signal(signal.SIGSTOP)
            try:
                assert master.prestop().wait(timeout=BOUND) == 0
                master.told_to_end()
                client.wait_for_more()
            finally:
                hanging.signal(signal.SIGCONT)
            master.start()
        assert lost(client, made.agreed()) == set(), made.trouble()


def test_the_end_while_the_gate_waits(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path) as made:
        pod = made.servers[0]
        pod.start()
        assert eventually(pod.waits), made.trouble()
        assert pod.prestop().wait(timeout=BOUND) == 0
        assert pod.prestop_log == ""
        assert pod.told_to_end() == 143
