# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that the documentation gives for client libraries: with the users of the role, and across failovers."""

from __future__ import annotations

import signal
from pathlib import Path

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl

from tests.integration import modules
from tests.integration.client_programs import PROGRAMS, Program, run, running, settings
from tests.integration.pod_process import eventually
from tests.integration.sentinel_pods import TOOL, SentinelInstance, SentinelPod, ServerPod, sentinel_instance
from tests.servers import Server

SUITES = ("redis-trixie",)

WRONG = {
    "MASTER_NAME": {
        "redis_py": "No master found for 'wrong-0123456789'",
        "go_redis": "redis: nil",
        "jedis": "wrong-0123456789 seems to be not monitored",
    },
    "SENTINEL_PASSWORD": {
        "redis_py": "No master found for 'web.sessions' : ",
        "go_redis": "all sentinels specified in configuration are unreachable: WRONGPASS",
        "jedis": "All sentinels down",
    },
    "PASSWORD": dict.fromkeys(PROGRAMS, "invalid username-password pair"),
}


def hand_over(made: SentinelInstance, to: ServerPod) -> None:
    modules.succeed(
        ["sentinel_failover"],
        (),
        endpoints=[f"{each.address}:{made.port}" for each in made.servers],
        sentinels=[f"{each.address}:{made.sentinel_port}" for each in made.sentinels],
        master_name=made.master_name,
        to=f"{to.address}:{made.port}",
        redis_username=acl.TOOL,
        redis_password=TOOL,
        sentinel_username=acl.TOOL,
        sentinel_password=TOOL,
    )


def lost(program: Program, master: ServerPod) -> dict[str, str]:
    """Of what the program says was acknowledged, what the master has not."""
    written = program.acknowledged
    stored = master.ask("MGET", *written, user="default")
    return {key: value for (key, value), there in zip(written.items(), stored, strict=True) if there != value}


def asked_by_go(made: SentinelInstance) -> SentinelPod:
    """It asks one alone, and is the only one that listens to two channels of it."""
    return next(each for each in made.sentinels if " sub=2 " in each.ask("CLIENT", "LIST"))


def test_nothing_is_lost_in_a_planned_failover(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path, servers=2) as made:
        made.bootstrap()
        with running(made, tmp_path) as programs:
            hand_over(made, made.servers[1])
            for program in programs:
                program.wait_for_more()
        assert made.agreed() is made.servers[1]
        for program in programs:
            assert all(key.endswith(f":{value}") for key, value in program.acknowledged.items()), program.log
            assert lost(program, made.servers[1]) == {}


def test_they_go_on_when_a_node_falls_silent(server: Server, shell: str, tmp_path: Path) -> None:
    """With the master and the Sentinel that go-redis asks: connections stay open, and nobody answers."""
    with sentinel_instance(server, shell, tmp_path, servers=2) as made:
        made.bootstrap()
        with running(made, tmp_path) as programs:
            for pod in (made.servers[0], asked_by_go(made)):
                pod.signal(signal.SIGSTOP)
            for program in programs:
                program.wait_for_more()
            assert eventually(made.servers[1].is_master)


def test_wrong_settings_are_told(server: Server, shell: str, tmp_path: Path) -> None:
    with sentinel_instance(server, shell, tmp_path, servers=1, sentinels=1) as made:
        made.bootstrap()
        right = {**settings(made), "WRITES": "3"}
        for name in PROGRAMS:
            done = run(name, right)
            assert done.returncode == 0, done.stderr
            assert len(done.stdout.splitlines()) == 3
            for setting, words in WRONG.items():
                done = run(name, {**right, setting: "wrong-0123456789"})
                assert (done.returncode, done.stdout) == (1, ""), done.stderr
                assert words[name] in done.stderr
                assert not [value for key, value in right.items() if "PASSWORD" in key and value in done.stderr]
