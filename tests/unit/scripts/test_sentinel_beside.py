# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the scripts ask in a pod that has a server and a Sentinel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.scripts.answers import OF_SENTINEL, SERVERS, Answering, master, names, replica
from tests.unit.scripts.pod import SHELLS

OWN, OTHER = SERVERS["sessions-0-1"], SERVERS["sessions-0-0"]
LINKED = replica(link="up").replace("link_status", "port:6379\r\nmaster_link_status")


class Beside(Answering):
    """The pod sessions-0-1; what is in a pod is at one address, and at 127.0.0.1 in this one."""

    def __init__(self, folder: Path, shell: str) -> None:
        super().__init__(folder, shell)
        book = "".join(f"{name} {address}\n" for name, address in SERVERS.items())
        self.write("/etc/k8sredis/addresses/sentinels", book)
        self.program("redis-cli", f'sed "s/^/$2:$4 /" >>"{folder}/asked"; cat "{self.answers}/$2:$4"')
        self.program("sleep", ":")

    def says(self, text: str, *hosts: str) -> None:
        for host in hosts:
            name, _slash, port = host.partition("/")
            address = "127.0.0.1" if name == "sessions-0-1" else SERVERS[name]
            super().says(text, f"{address}:{port or 6379}")

    @property
    def asked(self) -> set[str]:
        lines = (self.folder / "asked").read_text(encoding="utf-8").splitlines()
        return {line.split()[0] for line in lines}


@pytest.fixture(params=sorted(SHELLS))
def pod(request: pytest.FixtureRequest, tmp_path: Path) -> Beside:
    return Beside(tmp_path, request.param)


def test_a_server_counts_the_sentinel_beside_it(pod: Beside) -> None:
    """With another one it is a majority, when the third pod is gone."""
    pod.says(names(OTHER), "sessions-0-0/26379", "sessions-0-1/26379")
    pod.says(master(), "sessions-0-0")
    done = pod.run("start")
    assert done.returncode == 0, done.stderr
    assert pod.configuration()[-1] == f"replicaof {OTHER} 6379"
    assert "127.0.0.1:26379" in pod.asked
    assert not {"127.0.0.1:6379", f"{OWN}:6379", f"{OWN}:26379"} & pod.asked


def test_a_master_that_ends_does_not_count_it(pod: Beside) -> None:
    """It ends too, and might take a failover and leave it half done."""
    pod.says("OK\n" + master(), "sessions-0-1")
    pod.says(names(OWN), "sessions-0-0/26379", "sessions-0-1/26379")
    done = pod.run("prestop")
    assert done.stdout == (
        "Ending sessions-0-1: not handed over, 1 of 3 Sentinels answer, and a majority has to name the master.\n"
    )
    assert not {"127.0.0.1:26379", f"{OWN}:26379"} & pod.asked


def test_a_master_that_ends_asks_the_others_for_a_failover(pod: Beside) -> None:
    linked = LINKED.replace("10.96.1.1", OWN).replace("master_port", "master_sync_in_progress:0\r\nmaster_port")
    pod.says("OK\n" + master(1), "sessions-0-1")
    pod.says(linked, "sessions-0-0", "sessions-0-2")
    pod.says(names(OWN), *(f"sessions-0-{number}/26379" for number in range(3)))
    done = pod.run("prestop", HAND_OVER_SECONDS="3")
    sent = (pod.folder / "asked").read_text(encoding="utf-8").splitlines()
    told = {line.split()[0] for line in sent if "SENTINEL FAILOVER" in line}
    assert told == {f"{OTHER}:26379", f"{SERVERS['sessions-0-2']}:26379"}, done.stdout


def test_a_sentinel_asks_the_others(pod: Beside) -> None:
    pod.says(names(OTHER), "sessions-0-0/26379", "sessions-0-2/26379")
    done = pod.run("sentinel", **OF_SENTINEL)
    assert done.returncode == 0, done.stderr
    lines = pod.place("/data/sentinel.conf").read_text(encoding="utf-8").splitlines()
    assert f"sentinel monitor web.sessions {OTHER} 6379 2" in lines
    assert f"sentinel announce-ip {OWN}" in lines
    assert pod.asked == {f"{SERVERS[name]}:26379" for name in ("sessions-0-0", "sessions-0-2")}


def test_a_sentinel_asks_the_server_beside_it(pod: Beside) -> None:
    """And watches it where everybody does."""
    pod.says(master(), "sessions-0-1")
    pod.says(LINKED.replace("10.96.1.1", OWN), "sessions-0-0", "sessions-0-2")
    done = pod.run("sentinel", **OF_SENTINEL)
    assert done.returncode == 0, done.stderr
    assert f"sentinel monitor web.sessions {OWN} 6379 2" in pod.place("/data/sentinel.conf").read_text(encoding="utf-8")


def test_a_sentinel_leaves_the_data_beside_its_file_alone(pod: Beside) -> None:
    for name in ("dump.rdb", "nobodys"):
        pod.write(f"/data/{name}", name)
    assert pod.run("sentinel", **OF_SENTINEL).returncode == 0
    kept = {path.name: path.read_text(encoding="utf-8") for path in pod.place("/data").iterdir()}
    assert set(kept) == {"dump.rdb", "nobodys", "sentinel.conf", "servers"}
    assert (kept["dump.rdb"], kept["nobodys"]) == ("dump.rdb", "nobodys")
