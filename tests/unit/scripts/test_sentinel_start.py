# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a server of an instance with Sentinels follows when it starts, by what the others say."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.unit.scripts.answers import NOBODY, SENTINELS, SERVERS, Answering, master, names, replica
from tests.unit.scripts.pod import SHELLS

OWN, OTHER, THIRD = SERVERS["sessions-0-1"], SERVERS["sessions-0-0"], SERVERS["sessions-0-2"]


@pytest.fixture(params=sorted(SHELLS))
def pod(request: pytest.FixtureRequest, tmp_path: Path) -> Answering:
    return Answering(tmp_path, request.param)


def append_only(pod: Answering) -> None:
    pod.place("/data/appendonlydir").mkdir()
    pod.write("/data/appendonlydir/appendonly.aof.manifest", "file appendonly.aof.1.base.rdb seq 1 type b\n")


def snapshot(pod: Answering, offset: int) -> None:
    pod.write("/data/dump.rdb", "REDIS0011")
    fields = {"repl-id": "a", "repl-offset": str(offset)}
    pod.program(
        "redis-check-rdb", "\n".join(f"echo \"[info] AUX FIELD {name} = '{text}'\"" for name, text in fields.items())
    )


def started(pod: Answering, **environment: str) -> list[str]:
    done = pod.run("start", **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"redis-server {pod.place('/run/redis/redis.conf')}\n"
    assert not pod.place("/run/redis/gate").exists()
    return pod.configuration()


def held(pod: Answering, words: str, **environment: str) -> None:
    """Its gate says this, and the pod ends at once when it is told to."""
    running = pod.begin(**environment)
    try:
        assert pod.waits_for(words), pod.place("/run/redis/gate").read_text(encoding="utf-8")
    finally:
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (143, "")
    assert "Waiting to start sessions-0-1: " in err


def test_a_replica_of_whom_the_majority_names(pod: Answering) -> None:
    pod.says(names(OTHER), *list(SENTINELS)[:2])
    pod.says(master(), "sessions-0-0")
    assert started(pod, MEMORY_LIMIT="1000", MAXMEMORY_PERCENT="70") == [
        f"include {pod.place('/usr/local/etc/redis')}/redis.conf",
        f"dir {pod.place('/data')}",
        f"replica-announce-ip {OWN}",
        "replica-announce-port 6379",
        "masteruser k8sredis-replication",
        "masterauth replica-secret",
        "maxmemory 700",
        f"replicaof {OTHER} 6379",
    ]


WAITS = "its master sessions-0-0 does not answer, and whether the data here is as new as that of others is not known"


def test_it_waits_for_a_master_that_is_still_on_its_way(pod: Answering) -> None:
    """Else Sentinels might elect this one, as any other whose data may be older."""
    pod.says(names(OTHER), *SENTINELS)
    running = pod.begin()
    assert pod.waits_for(WAITS)
    pod.says(replica(link="down"), "sessions-0-0")
    time.sleep(0.5)
    assert running.poll() is None, "a server that is no master was followed"
    pod.says(master(), "sessions-0-0")
    _out, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    assert pod.configuration()[-1] == f"replicaof {OTHER} 6379"


def test_without_its_master_it_starts_in_the_end_and_may_not_be_elected(pod: Answering) -> None:
    pod.says(names(OTHER), *SENTINELS)
    pod.program("sleep", ":")
    assert started(pod)[-2:] == [f"replicaof {OTHER} 6379", "replica-priority 0"]


@pytest.mark.parametrize("persistence", ["rdb", "none"])
def test_with_snapshots_sentinels_know_how_much_it_has(pod: Answering, persistence: str) -> None:
    pod.says(names(OTHER), *SENTINELS)
    assert started(pod, PERSISTENCE=persistence)[-1] == f"replicaof {OTHER} 6379"


def test_a_replica_of_nobody_where_the_majority_knows_no_master(pod: Answering) -> None:
    pod.says(NOBODY, *list(SENTINELS)[:2])
    assert started(pod)[-1] == "replicaof 127.0.0.1 1"


def test_the_master_with_a_whole_append_only_file(pod: Answering) -> None:
    append_only(pod)
    pod.says(names(OWN), *SENTINELS)
    pod.says(replica(offset=9, link="up"), "sessions-0-0")
    assert not [line for line in started(pod) if line.startswith("replicaof")]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([], "0 of 3 Sentinels answer, and a majority has to name the master"),
        ([names(OTHER)], "1 of 3 Sentinels answer"),
        ([names(OTHER), names(OWN)], "the Sentinels do not agree on a master"),
        ([names(OTHER), NOBODY], "the Sentinels do not agree on a master"),
        ([names("10.96.9.9")] * 3, "the Sentinels name 10.96.9.9, which is no server of this instance"),
        (["NOPERM this user has no permissions\n\nPONG\n"] * 3, "0 of 3 Sentinels answer"),
        (["NOAUTH Authentication required.\n\n"] * 3, "0 of 3 Sentinels answer"),
    ],
)
def test_without_a_majority_it_waits(pod: Answering, said: list[str], reason: str) -> None:
    for sentinel, text in zip(SENTINELS, said, strict=False):
        pod.says(text, sentinel)
    held(pod, reason)


def test_the_wait_ends_when_they_agree(pod: Answering) -> None:
    pod.says(master(), "sessions-0-0", "sessions-0-2")
    running = pod.begin()
    assert pod.waits_for("0 of 3 Sentinels answer")
    pod.says(names(THIRD), *SENTINELS)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out.split()[0]) == (0, "redis-server")
    assert pod.configuration()[-1] == f"replicaof {THIRD} 6379"
    assert err.splitlines()[-1] == "sessions-0-1 starts as a replica of sessions-0-2."
    assert err.count("0 of 3 Sentinels answer") == 1


@pytest.mark.parametrize("persistence", ["aof", "rdb", "none"])
def test_another_is_master_already(pod: Answering, persistence: str) -> None:
    append_only(pod)
    pod.says(names(OWN), *SENTINELS)
    pod.says(master(), "sessions-0-2")
    held(pod, "sessions-0-2 is master already", PERSISTENCE=persistence)


@pytest.mark.parametrize("persistence", ["aof", "rdb", "none"])
def test_another_has_newer_data(pod: Answering, persistence: str) -> None:
    """With aof: without files of its own."""
    snapshot(pod, 100)
    pod.says(names(OWN), *SENTINELS)
    pod.says(replica(offset=101), "sessions-0-0")
    pod.says(replica(), "sessions-0-2")
    held(pod, "sessions-0-0 has newer data than the files here", PERSISTENCE=persistence)


def test_another_has_data_of_another_history(pod: Answering) -> None:
    snapshot(pod, 100)
    pod.says(names(OWN), *SENTINELS)
    pod.says(replica(offset=99, history="b"), "sessions-0-0")
    held(pod, "sessions-0-0 has newer data than the files here", PERSISTENCE="rdb")


def test_the_snapshot_is_as_new_as_all_others(pod: Answering) -> None:
    snapshot(pod, 100)
    pod.says(names(OWN), *SENTINELS)
    pod.says(replica(offset=100, link="up"), "sessions-0-0", "sessions-0-2")
    assert not [line for line in started(pod, PERSISTENCE="rdb") if line.startswith("replicaof")]


def test_a_folder_that_another_pod_left_may_be_older(pod: Answering) -> None:
    data = pod.place("/data/sessions-0-0")
    (data / "appendonlydir").mkdir(parents=True)
    pod.write("/data/sessions-0-0/k8sredis-owner", "web/sessions/sessions-0-0\n")
    pod.write("/data/sessions-0-0/appendonlydir/appendonly.aof.manifest", "file\n")
    pod.says(names(OWN), *SENTINELS)
    pod.says(replica(offset=100), "sessions-0-0", "sessions-0-2")
    held(pod, "has newer data", FOLDER_MARK="web/sessions/sessions-0-1", ALONE_ON_KUBE_NODE="yes")


def test_another_is_loading(pod: Answering) -> None:
    snapshot(pod, 100)
    pod.says(names(OWN), *SENTINELS)
    pod.says(replica(offset=100, loading=1), "sessions-0-0", "sessions-0-2")
    held(pod, "sessions-0-2 may have newer data and is loading it", PERSISTENCE="rdb")


def test_an_answer_that_broke_off_says_nothing(pod: Answering) -> None:
    snapshot(pod, 100)
    pod.says(names(OWN), *SENTINELS)
    pod.says(replica(offset=100).split("# Keyspace")[0], "sessions-0-0", "sessions-0-2")
    held(pod, "sessions-0-2 may have newer data and does not answer", PERSISTENCE="rdb")


@pytest.mark.parametrize(
    "said",
    [names(OWN, flags="s_down,master"), names(OWN, flags="master,failover_in_progress"), names(OWN, silence=3500)],
)
def test_an_election_is_near_and_somebody_can_win_it(pod: Answering, said: str) -> None:
    append_only(pod)
    pod.says(names(OWN), *list(SENTINELS)[1:])
    pod.says(said, "sessions-sentinel-0")
    pod.says(replica(offset=100, link="down", since=4), "sessions-0-0")
    held(pod, "the Sentinels are about to make sessions-0-0 or another replica master")


def test_an_election_among_those_that_have_just_started_is_not_waited_for(pod: Answering) -> None:
    append_only(pod)
    pod.says(names(OWN, flags="s_down,master"), *SENTINELS)
    pod.says(replica(), "sessions-0-0", "sessions-0-2")
    done = pod.run("start")
    assert (done.returncode, done.stderr) == (0, "")
    assert not [line for line in pod.configuration() if line.startswith("replicaof")]


def test_who_stays_silent_is_not_waited_for_for_ever(pod: Answering) -> None:
    snapshot(pod, 100)
    pod.says(names(OWN), *SENTINELS)
    (pod.programs / "sleep").unlink()
    pod.program("sleep", f'echo "$1" >>"{pod.folder}/slept"')
    assert not [line for line in started(pod, PERSISTENCE="rdb") if line.startswith("replicaof")]
    assert len((pod.folder / "slept").read_text(encoding="utf-8").split()) == 3 * 5 + 15


def test_a_pod_that_is_not_in_the_book(pod: Answering) -> None:
    done = pod.run("start", POD_NAME="sessions-0-7")
    assert done.returncode == 1
    assert "Cannot start sessions-0-7: the address book of its instance has no line for it" in done.stderr


def test_a_folder_of_unknown_origin(pod: Answering) -> None:
    pod.place("/data/sessions-0-1/appendonlydir").mkdir(parents=True)
    done = pod.run("start", FOLDER_MARK="web/sessions/sessions-0-1")
    assert done.returncode == 1
    assert "holds a node of unknown origin" in done.stderr
