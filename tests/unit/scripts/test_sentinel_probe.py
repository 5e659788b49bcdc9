# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probes of servers and Sentinels make of replies, with a client that says what they would say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.scripts.pod import SHELLS, Pod

REFUSED = "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n"
ALIVE = ("startup", "liveness", "sentinel-startup", "sentinel-liveness")
MASTER = "PONG\r\n# Replication\r\nrole:master\r\n"
REPLICA = "PONG\r\n# Replication\r\nrole:slave\r\nmaster_link_status:{link}\r\n"


@pytest.fixture(params=sorted(SHELLS))
def pod(request: pytest.FixtureRequest, tmp_path: Path) -> Pod:
    return Pod(tmp_path, request.param, "redis_sentinel")


def probe(pod: Pod, kind: str, text: str = "", error: str = "") -> tuple[bool, str]:
    """Whether it passes, and what the event would say."""
    pod.write("/data/reply", text)
    pod.write("/data/error", error)
    pod.program("redis-cli", f'cat "{pod.place("/data/reply")}"; cat "{pod.place("/data/error")}" >&2')
    done = pod.run("probe", kind, MASTER_NAME="web.sessions")
    assert "probe-secret" not in done.stdout + done.stderr
    return done.returncode == 0, (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("kind", ALIVE)
def test_alive_is_who_answers_anything(pod: Pod, kind: str) -> None:
    assert probe(pod, kind, "LOADING Redis is loading the dataset in memory\n") == (True, "")
    assert probe(pod, kind, error=REFUSED) == (False, "the server does not take connections")
    assert probe(pod, kind) == (False, "the server says nothing")


@pytest.mark.parametrize("text", [MASTER, REPLICA.format(link="up")], ids=["master", "replica in sync"])
def test_a_server_that_is_ready(pod: Pod, text: str) -> None:
    assert probe(pod, "readiness", text) == (True, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the server does not serve:"),
        ("LOADING Redis is loading\n", "the server does not serve: LOADING Redis is loading"),
        (REPLICA.format(link="down"), "a replica that is not in sync with its master"),
    ],
)
def test_a_server_that_is_not_ready(pod: Pod, text: str, reason: str) -> None:
    assert probe(pod, "readiness", text) == (False, reason)


def test_a_sentinel_is_ready_when_it_can_answer_clients(pod: Pod) -> None:
    assert probe(pod, "sentinel-readiness", "PONG\n10.96.1.2\n6379\n") == (True, "")
    without = "a Sentinel without a master of web.sessions; run the converge playbook, which names it"
    assert probe(pod, "sentinel-readiness", "PONG\n\n") == (False, without)
    assert probe(pod, "sentinel-readiness", "NOAUTH Authentication required.\n\n")[0] is False


def test_a_server_whose_gate_waits_is_alive_and_not_ready(pod: Pod) -> None:
    pod.write("/run/redis/gate", "Waiting to start shop-0-1.\n")
    assert probe(pod, "startup", error=REFUSED) == (True, "")
    assert probe(pod, "liveness", error=REFUSED) == (True, "")
    assert probe(pod, "readiness", error=REFUSED) == (False, "Waiting to start shop-0-1.")


def test_an_unknown_kind_of_probe(pod: Pod) -> None:
    reason = "Cannot probe: 'health' is not startup, liveness or readiness, also after sentinel-."
    assert probe(pod, "health", "PONG\n") == (False, reason)
