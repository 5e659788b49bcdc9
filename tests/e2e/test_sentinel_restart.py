# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masters are handed over and pods restart one by one, also into another version, while clients of four libraries use
them: every write is accounted for."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import assert_each_was_replaced_once, lasting, sentinel_instance
from tests.e2e.sentinel_ledger import discard, made_and_used, used
from tests.e2e.sentinel_members import SentinelMembers

OTHERS = ("redis-7.0", "redis-8.6", "valkey-8.1", "valkey-9.1")


def image_of(cluster: Cluster, line: str) -> str:
    if line not in images(cluster):
        pytest.skip(f"{line} could not be had here")
    return images(cluster)[line]


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("line", "persistence", "times"),
    [
        ("redis-8.0", "aof", 20),
        ("redis-8.0", "rdb", 5),
        ("redis-8.0", "none", 5),
        *((line, "aof", 5) for line in OTHERS),
    ],
)
def test_handed_over_again_and_again(local: Cluster, namespace: str, line: str, persistence: str, times: int) -> None:
    name = f"handed-{line.replace('.', '-')}-{persistence}"
    variables = sentinel_instance(local, name, namespace, image_of(local, line), persistence=persistence)
    with made_and_used(local, variables) as (members, run):
        for number in range(times):
            before = members.master()["metadata"]["name"]
            run.mark(f"failover {number + 1}")
            done = playbook.run(local, "redis_sentinel_failover", variables)
            assert done.succeeded, done.output
            assert members.master()["metadata"]["name"] != before
        run.mark("over")


@pytest.mark.chaos
@pytest.mark.parametrize("line", ["redis-8.0", *OTHERS])
def test_serial_restart(local: Cluster, namespace: str, line: str) -> None:
    name = f"serial-{line.replace('.', '-')}"
    variables = sentinel_instance(local, name, namespace, image_of(local, line))
    with made_and_used(local, variables) as (_members, run):
        before = lasting(local, namespace, name)
        foreseen = playbook.run(local, "redis_sentinel_restart", variables, "--check", "--diff")
        assert foreseen.succeeded, foreseen.output
        assert lasting(local, namespace, name) == before
        run.mark("restart")
        done = playbook.run(local, "redis_sentinel_restart", variables)
        run.mark("over")
        assert done.succeeded, done.output
        assert_each_was_replaced_once(before, lasting(local, namespace, name))


@pytest.mark.chaos
@pytest.mark.parametrize(("old", "new"), [("redis-7.0", "redis-8.0"), ("valkey-8.1", "valkey-9.1")])
def test_upgraded(local: Cluster, namespace: str, old: str, new: str) -> None:
    name = f"upgraded-{old.partition('-')[0]}"
    before = sentinel_instance(local, name, namespace, image_of(local, old))
    variables = {**before, "redis_sentinel_image": image_of(local, new)}
    playbook.converge(local, before)
    first = lasting(local, namespace, name)
    with used(local, variables) as (members, run):
        run.mark(f"{old} to {new}")
        playbook.converge(local, variables)
        run.mark("over")
        assert_each_was_replaced_once(first, lasting(local, namespace, name))
        assert {version_of(members, pod) for kind in ("server", "sentinel") for pod in members.pods(kind)} == {new}
    again = playbook.converge(local, variables)
    assert again.changed == 0, again.output
    discard(local, namespace, name)


@pytest.mark.chaos
def test_resources_of_sentinels(local: Cluster, namespace: str, image: str) -> None:
    """Their pods are restarted for them, and those of servers are not."""
    few = sentinel_instance(local, "fed", namespace, image)
    more = {**few, "redis_sentinel_sentinel_resources": {"limits": {"memory": "96Mi"}}}
    playbook.converge(local, few)
    before = lasting(local, namespace, "fed")
    sentinels = {pod for pod in before if "-sentinel-" in pod}
    with used(local, more) as (_members, run):
        foreseen = playbook.converge(local, more, "--check", "--diff")
        for pod in sentinels:
            assert f"{pod} restarts" in foreseen.output, foreseen.output
        assert not [pod for pod in before if pod not in sentinels and f"{pod} restarts" in foreseen.output], (
            foreseen.output
        )
        run.mark("more memory for Sentinels")
        playbook.converge(local, more)
        run.mark("over")
    after = lasting(local, namespace, "fed")
    assert {pod for pod in before if before[pod] != after[pod]} == sentinels
    again = playbook.converge(local, more)
    assert again.changed == 0, again.output
    discard(local, namespace, "fed")


def version_of(members: SentinelMembers, pod: dict[str, object]) -> str:
    """Such as ``redis-8.0``. Valkey calls itself Redis 7.2 where it is asked for redis_version."""
    told = dict(line.split(":", 1) for line in members.ask(pod, "INFO", "server").splitlines() if ":" in line)
    family = "valkey" if "valkey_version" in told else "redis"
    return f"{family}-{'.'.join(told[f'{family}_version'].split('.')[:2])}"
