# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods restart one by one while clients of two libraries write and read, and every write is accounted for: also when
the run is killed, and when the API falls silent."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import Variables, instance, lives
from tests.e2e.load import accounted, fill
from tests.e2e.test_scaling import CLAIMS, KEPT, assert_same_again
from tests.e2e.test_silent_api import Relay
from tests.e2e.watched import watched

SILENT_SECONDS = 30
OTHERS = ("redis-7.0", "redis-8.6", "valkey-8.1", "valkey-9.1")
PODS = [f"{shard}-{ordinal}" for shard in range(3) for ordinal in (1, 0)]


def replaced(before: dict[str, tuple[str, int]], after: dict[str, tuple[str, int]]) -> list[str]:
    """Pods that are others now; no server was restarted in its pod."""
    assert set(before) == set(after)
    assert {restarts for _uid, restarts in after.values()} == {0}
    return sorted(name for name in before if before[name][0] != after[name][0])


@pytest.mark.chaos
@pytest.mark.parametrize("line", ["redis-8.0", *OTHERS])
def test_serial_restart(local: Cluster, namespace: str, line: str) -> None:
    if line not in images(local):
        pytest.skip(f"{line} could not be had here")
    name = f"turn-{line.replace('.', '-')}"
    variables = instance(name, namespace, images(local)[line], storage=CLAIMS)
    playbook.converge(local, variables)
    fill(local, variables, 30_000)
    before = lives(local, namespace, name)
    foreseen = playbook.run(local, "redis_cluster_restart", variables, "--check", "--diff")
    assert foreseen.succeeded, foreseen.output
    assert foreseen.output.count("hands over to a replica, then restarts (requested)") == 3, foreseen.output
    assert lives(local, namespace, name) == before
    with accounted(local, variables, KEPT / name) as run:
        run.mark("restart")
        done = playbook.run(local, "redis_cluster_restart", variables)
        run.mark("over")
        verdict = run.finish()
    assert done.succeeded, done.output
    assert [pod for pod in PODS if f"{name}-{pod} restarted in " not in done.output] == []
    assert verdict.clean, verdict
    assert len(replaced(before, lives(local, namespace, name))) == 6
    assert_same_again(local, variables)
    playbook.destroy(local, variables)


@pytest.mark.chaos
@pytest.mark.parametrize("replicas", [1, 2])
def test_ten_times_in_a_row(local: Cluster, namespace: str, image: str, replicas: int) -> None:
    """Also: what one leaves behind is no trouble for the next."""
    name = f"ten-3x{replicas}"
    variables = instance(name, namespace, image, storage=CLAIMS, replicas=replicas)
    playbook.converge(local, variables)
    fill(local, variables, 30_000)
    for number in range(10):
        before = lives(local, namespace, name)
        with accounted(local, variables, KEPT / f"{name}-{number:02}") as run:
            run.mark("restart")
            done = playbook.run(local, "redis_cluster_restart", variables)
            run.mark("over")
            verdict = run.finish()
        assert done.succeeded, done.output
        assert verdict.clean, verdict
        assert len(replaced(before, lives(local, namespace, name))) == 3 * (replicas + 1)
    assert_same_again(local, variables)
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_one_shard_and_pods_by_name(local: Cluster, namespace: str, image: str) -> None:
    variables = instance("parts", namespace, image, storage=CLAIMS)
    playbook.converge(local, variables)
    for given, expected in (
        ({"shard": 1}, ["parts-1-0", "parts-1-1"]),
        ({"pods": "parts-0-1,parts-2-1"}, ["parts-0-1", "parts-2-1"]),
    ):
        before = lives(local, namespace, "parts")
        done = playbook.run(local, "redis_cluster_restart", {**variables, **given})
        assert done.succeeded, done.output
        assert replaced(before, lives(local, namespace, "parts")) == expected
    wrong = playbook.run(local, "redis_cluster_restart", {**variables, "pods": "parts-9-9"})
    assert wrong.code == 2, wrong.output
    assert "Cannot restart parts-9-9: no pod of the instance has that name" in wrong.output, wrong.output
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_killed_in_the_middle_and_run_again(local: Cluster, namespace: str, image: str) -> None:
    """Each pod once, however many runs it took; a plain converge goes on with the request too."""
    variables = instance("broken-off", namespace, image, storage=CLAIMS, lock_duration=5)
    playbook.converge(local, variables)
    before = lives(local, namespace, "broken-off")
    with accounted(local, variables, KEPT / "broken-off") as run:
        run.mark("killed")
        kill_after_a_pod(local, "redis_cluster_restart", variables)
        middle = lives_when_back(local, namespace, "broken-off")
        run.mark("converge")
        done = playbook.converge(local, variables)
        verdict = run.finish()
    assert verdict.clean, verdict
    after = lives(local, namespace, "broken-off")
    once = [pod for pod in replaced(before, middle) if after[pod] == middle[pod]]
    assert once, done.output
    assert len(replaced(before, after)) == 6
    assert_same_again(local, variables)
    playbook.destroy(local, variables)


def kill_after_a_pod(cluster: Cluster, name: str, variables: Variables) -> None:
    """In the middle of the second one, as an item of a loop is shown when it is over."""
    with watched(cluster, name, variables) as run:
        run.until_line(" restarted in ")
        time.sleep(2)
        run.kill()


def lives_when_back(cluster: Cluster, namespace: str, name: str) -> dict[str, tuple[str, int]]:
    """A pod that was just evicted is not there for a moment."""
    deadline = time.monotonic() + 60
    while len(found := lives(cluster, namespace, name)) != 6:
        assert time.monotonic() < deadline, "the pods do not come back"
        time.sleep(1)
    return found


@pytest.mark.chaos
def test_the_api_falls_silent_in_the_middle(local: Cluster, namespace: str, image: str, tmp_path: Path) -> None:
    """The run waits or ends with a sentence; no pod is deleted twice, and the next run goes on."""
    variables = instance("hush", namespace, image, storage=CLAIMS, lock_duration=5)
    playbook.converge(local, variables)
    before = lives(local, namespace, "hush")
    config = yaml.safe_load(local.kubeconfig.read_text(encoding="utf-8"))
    server = urlsplit(config["clusters"][0]["cluster"]["server"])
    with (
        accounted(local, variables, KEPT / "hush") as account,
        Relay(server.hostname or "", server.port or 443) as relay,
    ):
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{relay.port}"
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
        with watched(Cluster(kubeconfig, local.local), "redis_cluster_restart", variables) as run:
            run.until_line(" restarted in ")
            account.mark("silent")
            relay.fall_silent()
            time.sleep(SILENT_SECONDS)
            middle = lives_when_back(local, namespace, "hush")
            relay.speak()
            account.mark("speaks")
            ended = run.end()
        assert "Traceback" not in ended.output, ended.output
        time.sleep(6)  # the lock of a run that could not release it
        playbook.converge(local, variables)
        verdict = account.finish()
    assert verdict.clean, verdict
    after = lives(local, namespace, "hush")
    assert len(replaced(before, after)) == 6
    # Who was another one in the silence stays that one.
    assert all(after[pod] == middle[pod] for pod in replaced(before, middle))
    assert_same_again(local, variables)
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_masters_later(local: Cluster, namespace: str, image: str) -> None:
    variables = instance("window", namespace, image, storage=CLAIMS)
    playbook.converge(local, variables)
    now = {**variables, "redis_cluster_rollout": {"masters": "skip"}}
    before = lives(local, namespace, "window")
    done = playbook.run(local, "redis_cluster_restart", now)
    assert done.succeeded, done.output
    first = lives(local, namespace, "window")
    assert len(replaced(before, first)) == 3
    assert "wait because redis_cluster_rollout.masters is skip" in done.output, done.output
    playbook.converge(local, variables)
    last = lives(local, namespace, "window")
    assert len(replaced(before, last)) == 6
    assert len(replaced(first, last)) == 3
    playbook.destroy(local, variables)
