# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `keeper` does about what servers say, with a client that says it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.scripts.pod import Pod

OWN, MASTER, OTHER = "a" * 40, "b" * 40, "c" * 40
DOMAIN = "shop-nodes.web.svc.cluster.local"
MASTERS_LINE = f"{MASTER} 10.0.0.9:6379@16379,shop-0-0.{DOMAIN} {{flags}} - 0 {{pong}} 5 {{link}} 0-16383"
OWN_LINE = f"{OWN} 10.0.0.1:6379@16379,shop-0-1.{DOMAIN} myself,slave {MASTER} 0 0 5 connected"
REPLICATION = "# Replication\nrole:slave\nmaster_host:{host}\nmaster_port:6379\nmaster_link_status:{link}\n"
ROUNDS = 3


def table(flags: str = "master", pong: str = "7", link: str = "connected") -> str:
    return f"{OWN_LINE}\n{MASTERS_LINE.format(flags=flags, pong=pong, link=link)}\n"


def asked(pod: Pod, own: str, replication: str, peer: str = "") -> tuple[list[str], str]:
    """The commands beside the questions, each once, and what it said, after some rounds."""
    folder = pod.place("/data")
    pod.write("/data/own", own)
    pod.write("/data/replication", replication)
    pod.write("/data/peer", peer)
    pod.program(
        "redis-cli",
        f'while read -r line; do echo "$2 $line" >>"{folder}/asked"; case $2/$line in\n'
        f'127.0.0.1/"CLUSTER NODES") cat "{folder}/own" ;;\n'
        f'127.0.0.1/"INFO replication") cat "{folder}/replication" ;;\n'
        f'*/"CLUSTER NODES") cat "{folder}/peer" ;;\n'
        "*) echo OK ;;\nesac; done",
    )
    pod.program("sleep", "exec /bin/sleep 0.05")
    keeper = subprocess.Popen(
        pod.command("keeper"), env=pod.variables(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        until_asked(folder / "asked", ROUNDS)
    finally:
        keeper.send_signal(signal.SIGTERM)
        said = keeper.communicate(timeout=10)[0]
    assert keeper.returncode == 0
    lines = (folder / "asked").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if "NODES" not in line and "INFO" not in line], said


def until_asked(file: Path, rounds: int) -> None:
    deadline = time.monotonic() + 20
    while not file.exists() or file.read_text(encoding="utf-8").count("127.0.0.1 CLUSTER NODES") < rounds:
        assert time.monotonic() < deadline, "it asks no more"
        time.sleep(0.02)


LINKED = REPLICATION.format(host="10.0.0.9", link="up")


def peer_at(address: str, node_id: str = MASTER) -> str:
    return f"{node_id} {address}:6379@16379,shop-0-0.{DOMAIN} myself,master - 0 0 5 connected 0-16383\n"


def test_nothing_to_do(pod: Pod) -> None:
    assert asked(pod, table(), LINKED) == ([], "")


@pytest.mark.parametrize(
    "trouble",
    [{"flags": "master,fail"}, {"flags": "master,fail?"}, {"link": "disconnected"}, {"pong": "0"}],
)
def test_a_peer_elsewhere_is_met_once(pod: Pod, trouble: dict[str, str]) -> None:
    done, said = asked(pod, table(**trouble), LINKED, peer_at("10.0.0.7"))
    assert done == ["127.0.0.1 CLUSTER MEET 10.0.0.7 6379 16379"]
    assert said == f"Met shop-0-0 ({MASTER}) at 10.0.0.7:6379, it was at 10.0.0.9:6379: OK\n"


@pytest.mark.parametrize(
    "peer",
    ["", "NOAUTH Authentication required.\n", peer_at("10.0.0.7", OTHER), peer_at("10.0.0.9"), peer_at("")],
    ids=["silent", "another instance", "another node", "where it was", "without an address"],
)
def test_nobody_else_is_met(pod: Pod, peer: str) -> None:
    assert asked(pod, table(flags="master,fail"), LINKED, peer) == ([], "")


def test_a_handshake_is_left_alone(pod: Pod) -> None:
    assert asked(pod, table(flags="handshake", pong="0"), LINKED, peer_at("10.0.0.7")) == ([], "")


def test_a_replica_that_dials_a_former_address_is_attached_again(pod: Pod) -> None:
    done, said = asked(pod, table(), REPLICATION.format(host="10.0.0.7", link="down"))
    assert done == [f"127.0.0.1 CLUSTER REPLICATE {MASTER}"]
    assert said == f"Attached again to {MASTER} at 10.0.0.9:6379, the replica dialled 10.0.0.7:6379: OK\n"


@pytest.mark.parametrize(
    ("own", "host", "link"),
    [
        (table(), "10.0.0.9", "down"),
        (table(), "10.0.0.7", "up"),
        (table(flags="master,fail"), "10.0.0.7", "down"),
    ],
    ids=["at the right address", "linked", "a master that fails"],
)
def test_other_replicas_are_left_alone(pod: Pod, own: str, host: str, link: str) -> None:
    assert asked(pod, own, REPLICATION.format(host=host, link=link)) == ([], "")


def test_a_server_that_loads_is_left_alone(pod: Pod) -> None:
    loading = "LOADING Redis is loading the dataset in memory\n"
    assert asked(pod, loading, REPLICATION.format(host="10.0.0.7", link="down")) == ([], "")
