# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master that is killed and back after any time: nothing that a replica has acknowledged too is lost."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.integration.pod_process import eventually
from tests.integration.sentinel_pods import DOWN_AFTER, sentinel_instance
from tests.integration.sentinel_writer import lost, writing
from tests.servers import Server

SUITES = ("trixie",)
PAUSES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.3, 2.6, 2.9, 3.2, 3.5, 3.8, 4.1, 4.4, 4.7, 5.0, 6.0, 8.0)
"""Seconds: before, in, and after the election."""


@pytest.mark.chaos
@pytest.mark.parametrize("persistence", ["aof", "rdb", "none"])
def test_killed_and_back(server: Server, shell: str, tmp_path: Path, persistence: str) -> None:
    with sentinel_instance(server, shell, tmp_path, persistence=persistence) as made:
        master = made.bootstrap()
        with writing(made, replicas=1) as writer:
            for pause in PAUSES:
                master.kill()
                time.sleep(pause)
                master.start()
                writer.wait_for_more()
                master = made.agreed()
        assert lost(writer, master) == set()


@pytest.mark.chaos
@pytest.mark.parametrize("persistence", ["aof", "rdb"])
def test_all_killed_and_back(server: Server, shell: str, tmp_path: Path, persistence: str) -> None:
    """In any order, with any pauses between them. With snapshots, what the newest of them has is there."""
    with sentinel_instance(server, shell, tmp_path, persistence=persistence) as made:
        master = made.bootstrap()
        order = [*made.pods, *made.pods]
        for turn in range(len(made.pods)):
            with writing(made, replicas=2) as writer:
                pass
            if persistence == "rdb":
                made.servers[turn % len(made.servers)].ask("SAVE")
            for pod in made.pods:
                pod.kill(signal.SIGKILL if turn % 2 else signal.SIGTERM)
            for pod in order[turn : turn + len(made.pods)]:
                pod.start()
                time.sleep(turn * DOWN_AFTER / 1000 / 12)
            master = made.agreed()
            assert lost(writer, master) == set(), (turn, made.trouble())
            assert master.ask("DEL", "written") == 1


@pytest.mark.chaos
def test_prestop_killed_at_any_time(server: Server, shell: str, tmp_path: Path) -> None:
    """The server is told to end at once then, as the kubelet does."""
    with sentinel_instance(server, shell, tmp_path, persistence="rdb") as made:
        master = made.bootstrap()
        with writing(made) as writer:
            for tenth in range(16):
                hook = master.prestop()
                time.sleep(tenth / 10)
                hook.kill()
                hook.wait()
                assert master.told_to_end() == 0
                assert eventually(lambda: any(pod.is_master() for pod in made.servers)), made.trouble()
                master.start()
                writer.wait_for_more()
                master = made.agreed()
        assert lost(writer, master) == set()
