# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master that ends hands over before; nobody waits for what cannot come."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.integration.instance import Instance, instance
from tests.integration.pod_process import eventually
from tests.servers import Server

SUITES = ("trixie",)
BOUND = 40
"""Seconds after which a hook that should have given up is stuck."""


def ended(made: Instance, *names: str) -> dict[str, str]:
    """What the hooks of these pods said, begun at the same moment."""
    running = [made[name].prestop() for name in names]
    assert [hook.wait(timeout=BOUND) for hook in running] == [0] * len(names)
    return {name: made[name].prestop_log for name in names}


def test_a_master_hands_over(server: Server, shell: str, tmp_path: Path) -> None:
    with instance(server, shell, tmp_path / "shop", replicas=2) as made:
        said = ended(made, "shop-0-0")["shop-0-0"]
        assert said.startswith("Ending shop-0-0: handed over to shop-0-")
        successor = said.rpartition(" ")[2].strip().rstrip(".")
        assert made[successor].is_master()
        assert not made["shop-0-0"].is_master()
        assert eventually(made.is_healthy), made.trouble()


def test_a_replica_has_nothing_to_do(server: Server, shell: str, tmp_path: Path) -> None:
    with instance(server, shell, tmp_path / "shop") as made:
        assert ended(made, "shop-0-1") == {"shop-0-1": ""}
        assert made["shop-0-0"].is_master()


def test_a_master_without_a_replica(server: Server, shell: str, tmp_path: Path) -> None:
    with instance(server, shell, tmp_path / "shop", replicas=0) as made:
        said = ended(made, "shop-1-0")["shop-1-0"]
        assert said == "Ending shop-1-0: not handed over, no replica is in sync and answers.\n"


def test_a_replica_that_hangs_is_not_chosen(server: Server, shell: str, tmp_path: Path) -> None:
    with instance(server, shell, tmp_path / "shop", replicas=2, node_timeout=15000) as made:
        hanging = made["shop-0-1"]
        hanging.signal(signal.SIGSTOP)
        try:
            said = ended(made, "shop-0-0")["shop-0-0"]
        finally:
            hanging.signal(signal.SIGCONT)
        assert said == "Ending shop-0-0: handed over to shop-0-2.\n"


def test_two_masters_at_once_take_turns(server: Server, shell: str, tmp_path: Path) -> None:
    with instance(server, shell, tmp_path / "shop") as made:
        said = ended(made, "shop-0-0", "shop-1-0")
        assert said == {
            "shop-0-0": "Ending shop-0-0: handed over to shop-0-1.\n",
            "shop-1-0": "Ending shop-1-0: handed over to shop-1-1.\n",
        }


def test_all_at_once(server: Server, shell: str, tmp_path: Path) -> None:
    """Each pod's server ends when its hook has; the hooks of the others see that and give up."""
    with instance(server, shell, tmp_path / "shop", persistence="aof") as made:
        hooks = {name: member.prestop() for name, member in made.members.items()}
        waiting = dict(hooks)
        while waiting:
            for name, hook in list(waiting.items()):
                if hook.poll() is not None:
                    made[name].kill(signal.SIGTERM)
                    del waiting[name]
        assert {hook.returncode for hook in hooks.values()} == {0}


def test_no_majority_of_masters(server: Server, tmp_path: Path) -> None:
    with instance(server, "dash", tmp_path / "shop") as made:
        for name in ("shop-1-0", "shop-1-1", "shop-2-0", "shop-2-1"):
            made[name].kill()
        master = made["shop-0-0"]
        assert eventually(lambda: sum("fail" in line[2] and "master" in line[2] for line in master.sees()) == 2)
        assert "1 of 3 masters are there and cannot elect" in ended(made, "shop-0-0")["shop-0-0"]


def test_a_server_that_has_ended(server: Server, tmp_path: Path) -> None:
    with instance(server, "dash", tmp_path / "shop", shards=1, replicas=1) as made:
        made["shop-0-0"].kill()
        assert ended(made, "shop-0-0") == {"shop-0-0": ""}


def test_the_same_replica_again_is_waited_for(server: Server, tmp_path: Path) -> None:
    """On Redis it would win with an old epoch and be demoted again, and writes would stall for five seconds."""
    if server.family == "valkey":
        pytest.skip("Valkey has no such window")
    with instance(server, "dash", tmp_path / "shop") as made:
        ended(made, "shop-0-0")
        assert eventually(made.is_healthy), made.trouble()
        ended(made, "shop-0-1")
        assert made["shop-0-0"].is_master()
        assert eventually(made.is_healthy), made.trouble()
        said = ended(made, "shop-0-0")["shop-0-0"]
        assert "shop-0-1 took over from this node moments ago and may do so again in" in said
        assert said.endswith("Ending shop-0-0: handed over to shop-0-1.\n")
        assert eventually(made.is_healthy), made.trouble()
