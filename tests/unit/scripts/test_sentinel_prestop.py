# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `prestop` of a master with Sentinels sends, and to whom, by what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.scripts.answers import SENTINELS, SERVERS, Answering, master, names, replica
from tests.unit.scripts.pod import SHELLS

OWN, OTHER, THIRD = SERVERS["sessions-0-1"], SERVERS["sessions-0-0"], SERVERS["sessions-0-2"]
UNKNOWN = "ERR wrong number of arguments for 'sentinel|failover' command\n"
PAUSE, UNPAUSE = "CLIENT PAUSE 2000 WRITE", "CLIENT UNPAUSE"


def following(offset: int = 100) -> str:
    linked = replica(offset=offset, link="up")
    return linked.replace("master_link_status", "master_sync_in_progress:0\r\nmaster_link_status")


@pytest.fixture(params=sorted(SHELLS))
def pod(request: pytest.FixtureRequest, tmp_path: Path) -> Answering:
    """A master with two replicas, and Sentinels that take a failover after which sessions-0-0 is master."""
    made = Answering(tmp_path, request.param)
    made.says(names(OWN), *SENTINELS)
    made.says(following(), "sessions-0-0", "sessions-0-2")
    made.says("OK\n" + master(100), "127.0.0.1")
    made.says(UNKNOWN, "coordinated")
    made.says("OK\n", "failover")
    made.says(master(101), "after-failover")
    made.says("role:slave\r\n", "after-replicaof")
    folder = made.answers
    made.program(
        "redis-cli",
        f"""commands=$(cat)
echo $2 $commands >>"{tmp_path}/asked"
case $commands in
    *COORDINATED*) cat "{folder}/coordinated"; read -r reply <"{folder}/coordinated" ;;
    *FAILOVER*) cat "{folder}/failover"; reply=OK ;;
    *REPLICAOF*) mv "{folder}/after-replicaof" "{folder}/127.0.0.1" ;;
    *) cat "{folder}/$2" ;;
esac
[ "$reply" != OK ] || mv "{folder}/after-failover" "{folder}/{OTHER}"
""",
    )
    return made


def ended(pod: Answering, **environment: str) -> tuple[str, list[str]]:
    """What it says, and what it sent to its own server and to Sentinels besides questions."""
    done = pod.run("prestop", **environment)
    assert done.returncode == 0
    asked = pod.folder / "asked"
    sent = asked.read_text(encoding="utf-8").splitlines() if asked.exists() else []
    deeds = [line.split(maxsplit=1)[1].replace("INFO replication", "").strip() for line in sent]
    words = ("PAUSE", "UNPAUSE", "FAILOVER", "REPLICAOF", "KILL")
    return done.stdout + done.stderr, [deed for deed in deeds if any(word in deed for word in words)]


def test_hands_over(pod: Answering) -> None:
    said, sent = ended(pod)
    assert said == "Ending sessions-0-1: handed over to sessions-0-0.\n"
    assert list(dict.fromkeys(sent)) == [
        "SENTINEL FAILOVER web.sessions COORDINATED",
        PAUSE,
        "SENTINEL FAILOVER web.sessions",
        f"REPLICAOF {OTHER} 6379 CLIENT KILL TYPE normal SKIPME yes",
        UNPAUSE,
    ]


def test_who_knows_the_word_does_it_alone(pod: Answering) -> None:
    pod.says("OK\n", "coordinated")
    said, sent = ended(pod)
    assert said == "Ending sessions-0-1: handed over to sessions-0-0.\n"
    assert not [deed for deed in sent if "PAUSE" in deed]


def test_unpaused_only_as_a_replica(pod: Answering) -> None:
    pod.says("OK\n" + master(100), "after-replicaof")
    said, sent = ended(pod)
    assert said == "Ending sessions-0-1: sessions-0-0 is master, and could not be followed.\n"
    assert UNPAUSE not in sent


def test_a_replica_that_does_not_get_all(pod: Answering) -> None:
    pod.says(following(99), "sessions-0-2")
    said, sent = ended(pod)
    assert said == "Ending sessions-0-1: not handed over, sessions-0-2 has not all that was written.\n"
    assert sent[-1] == UNPAUSE
    assert "SENTINEL FAILOVER web.sessions" not in sent


def test_a_failover_that_does_not_come_leaves_the_pause(pod: Answering) -> None:
    """It may still come, and the server is told to end before the pause is over."""
    pod.says(following(), "after-failover")
    said, sent = ended(pod, HAND_OVER_SECONDS="3")
    assert said == "Ending sessions-0-1: not handed over, nobody has become master in time.\n"
    assert UNPAUSE not in sent


@pytest.mark.parametrize("reply", ["NOGOODSLAVE No suitable replica to promote\n", "ERR No such master\n"])
def test_no_sentinel_takes_it(pod: Answering, reply: str) -> None:
    pod.says(reply, "failover")
    said, sent = ended(pod)
    assert said == f"Ending sessions-0-1: not handed over, {reply.strip()}.\n"
    assert sent[-1] == UNPAUSE
    assert sent.count("SENTINEL FAILOVER web.sessions") == 3


def test_a_failover_under_way_is_waited_for(pod: Answering) -> None:
    pod.says("INPROG Failover already in progress\n", "failover")
    said, _sent = ended(pod)
    assert said == "Ending sessions-0-1: handed over to sessions-0-0.\n"


def test_writes_that_cannot_be_paused(pod: Answering) -> None:
    pod.says("NOPERM\n" + master(100), "127.0.0.1")
    said, sent = ended(pod)
    assert said == "Ending sessions-0-1: not handed over, its writes cannot be paused.\n"
    assert "SENTINEL FAILOVER web.sessions" not in sent


def test_a_replica_that_is_being_filled(pod: Answering) -> None:
    pod.says(replica(offset=100), "sessions-0-2")
    said, sent = ended(pod, HAND_OVER_SECONDS="2")
    assert (said, sent) == ("Ending sessions-0-1: not handed over, sessions-0-2 is not in sync.\n", [])


def test_another_is_master_already(pod: Answering) -> None:
    pod.says(master(), "sessions-0-2")
    said, sent = ended(pod)
    assert (said, sent) == ("Ending sessions-0-1: not handed over, sessions-0-2 is master already.\n", [])


def test_nobody_answers(pod: Answering) -> None:
    for address in (OTHER, THIRD):
        (pod.answers / address).unlink()
    said, sent = ended(pod)
    assert (said, sent) == ("Ending sessions-0-1: not handed over, no replica is in sync and answers.\n", [])


def test_sentinels_that_name_another(pod: Answering) -> None:
    pod.says(names(THIRD), *SENTINELS)
    assert ended(pod) == ("Ending sessions-0-1: not handed over, the Sentinels name another master.\n", [])


def test_a_replica_has_nothing_to_do(pod: Answering) -> None:
    pod.says("role:slave\r\n", "127.0.0.1")
    assert ended(pod) == ("", [])


def test_the_gate_waits(pod: Answering) -> None:
    pod.write("/run/redis/gate", "Waiting to start sessions-0-1: a reason.\n")
    assert ended(pod) == ("", [])
    assert not (pod.folder / "asked").exists()
