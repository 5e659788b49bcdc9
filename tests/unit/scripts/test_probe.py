# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `probe` makes of replies, with a client that says what a server would say."""

from __future__ import annotations

import pytest

from tests.unit.scripts.pod import Pod

MASTER = "PONG\r\ncluster_state:{state}\r\ncluster_slots_assigned:16384\r\n# Replication\r\nrole:master\r\n"
REPLICA = "PONG\r\ncluster_state:ok\r\ncluster_slots_assigned:16384\r\nrole:slave\r\nmaster_link_status:{link}\r\n"


def answer(pod: Pod, text: str = "", error: str = "") -> None:
    """What the client prints, to a command in its arguments as to commands on its input."""
    pod.write("/data/reply", text)
    pod.write("/data/error", error)
    reply, complaint = pod.place("/data/reply"), pod.place("/data/error")
    pod.program("redis-cli", f'cat "{reply}"; cat "{complaint}" >&2; echo "$REDISCLI_AUTH $*" >>"{reply}.asked"')


def probe(pod: Pod, kind: str) -> tuple[bool, str]:
    """Whether it passes, and what the event would say."""
    done = pod.run("probe", kind)
    assert "probe-secret" not in done.stdout + done.stderr
    return done.returncode == 0, (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("kind", ["startup", "liveness"])
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("PONG\n", ""),
        ("LOADING Redis is loading the dataset in memory\n", ""),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\n", ""),
        ("BUSY Redis is busy running a script.\n", ""),
        ("NOAUTH Authentication required.\n", "AUTH failed: WRONGPASS invalid username-password pair\n"),
        ("", "AUTH failed: ERR max number of clients reached\nError: Server closed the connection\n"),
    ],
)
def test_alive_is_who_answers_anything(pod: Pod, kind: str, text: str, error: str) -> None:
    answer(pod, text, error)
    assert probe(pod, kind) == (True, "")


@pytest.mark.parametrize("kind", ["startup", "liveness"])
def test_dead_is_who_takes_no_connection(pod: Pod, kind: str) -> None:
    answer(pod, error="Could not connect to Redis at 127.0.0.1:6379: Connection refused\n")
    assert probe(pod, kind) == (False, "the server does not take connections")


@pytest.mark.parametrize("kind", ["startup", "liveness"])
def test_dead_is_who_says_nothing(pod: Pod, kind: str) -> None:
    answer(pod)
    assert probe(pod, kind) == (False, "the server says nothing")


@pytest.mark.parametrize(
    "text",
    [MASTER.format(state="ok"), MASTER.format(state="fail"), REPLICA.format(link="up")],
    ids=["master", "master of a failing cluster", "replica in sync"],
)
def test_ready(pod: Pod, text: str) -> None:
    answer(pod, text)
    assert probe(pod, "readiness") == (True, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the server does not serve:"),
        ("LOADING Redis is loading\n", "the server does not serve: LOADING Redis is loading"),
        ("NOAUTH Authentication required.\n", "the server does not serve: NOAUTH Authentication required."),
        (MASTER.format(state="fail").replace("16384", "0"), "not a member of a cluster yet"),
        (REPLICA.format(link="down"), "a replica that is not in sync with its master"),
    ],
)
def test_not_ready(pod: Pod, text: str, reason: str) -> None:
    answer(pod, text)
    assert probe(pod, "readiness") == (False, reason)


@pytest.mark.parametrize("kind", ["liveness", "readiness"])
def test_the_password_goes_by_the_environment(pod: Pod, kind: str) -> None:
    answer(pod, MASTER.format(state="ok"))
    probe(pod, kind)
    asked = pod.place("/data/reply.asked").read_text(encoding="utf-8")
    assert asked.startswith("probe-secret -h 127.0.0.1 -p 6379 --user k8sredis-probe")
    assert asked.count("probe-secret") == 1


def test_the_client_of_valkey(pod: Pod) -> None:
    answer(pod, MASTER.format(state="ok"))
    (pod.programs / "redis-cli").rename(pod.programs / "valkey-cli")
    assert probe(pod, "readiness") == (True, "")


@pytest.mark.parametrize("kind", ["startup", "liveness"])
def test_a_pod_whose_gate_waits_is_alive(pod: Pod, kind: str) -> None:
    answer(pod, error="Could not connect to Redis at 127.0.0.1:6379: Connection refused\n")
    pod.write("/run/redis/gate", "Waiting to start shop-0-1.\n")
    assert probe(pod, kind) == (True, "")


def test_a_pod_whose_gate_waits_is_not_ready_and_says_why(pod: Pod) -> None:
    answer(pod, error="Could not connect to Redis at 127.0.0.1:6379: Connection refused\n")
    pod.write("/run/redis/gate", "Waiting to start shop-0-1.\n")
    assert probe(pod, "readiness") == (False, "Waiting to start shop-0-1.")


def test_an_unknown_kind_of_probe(pod: Pod) -> None:
    answer(pod, "PONG\n")
    assert probe(pod, "health") == (False, "Cannot probe: 'health' is not startup, liveness or readiness.")
