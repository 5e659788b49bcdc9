# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a live instance takes up only by restarts: another version, a directive, resources; and what goes wrong on
the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import ask, instance, lives, password, pods
from tests.e2e.load import accounted, fill
from tests.e2e.test_restart import replaced
from tests.e2e.test_scaling import CLAIMS, KEPT, assert_same_again

STEPS = [("redis-7.0", "redis-8.0"), ("valkey-8.1", "valkey-9.1")]


@pytest.mark.parametrize(
    ("old", "new"), [STEPS[0], *(pytest.param(*step, marks=pytest.mark.chaos) for step in STEPS[1:])]
)
def test_upgrade(local: Cluster, namespace: str, old: str, new: str) -> None:
    found = images(local)
    if not {old, new} <= set(found):
        pytest.skip(f"{old} or {new} could not be had here")
    name = f"up-{new.replace('.', '-')}"
    before = instance(name, namespace, found[old], storage=CLAIMS)
    after = {**before, "redis_cluster_image": found[new]}
    playbook.converge(local, before)
    fill(local, before, 30_000)
    alive = lives(local, namespace, name)
    foreseen = playbook.converge(local, after, "--check", "--diff")
    assert f"image {found[old]} -> {found[new]}" in foreseen.output, foreseen.output
    assert lives(local, namespace, name) == alive
    with accounted(local, before, KEPT / name) as run:
        run.mark("upgrade")
        playbook.converge(local, after)
        run.mark("over")
        verdict = run.finish()
    assert verdict.clean, verdict
    assert len(replaced(alive, lives(local, namespace, name))) == 6
    assert_same_again(local, after)
    for pod in pods(local, namespace, name):
        where = ["logs", f"--namespace={namespace}", pod["metadata"]["name"], "--container=redis"]
        assert "handle RDB format" not in local.kubectl(*where).stdout
    back = playbook.run(local, "redis_cluster", before)
    assert back.code == 2, back.output
    assert "is of an older branch than" in back.output, back.output
    assert back.changed == 0, back.output
    playbook.destroy(local, after)


UNSCHEDULABLE = {"resources": {"requests": {"cpu": "1000", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"image": "{image}.0.0.0", "version": "redis-8.0.2"}, "ImagePull", id="image"),
        pytest.param(UNSCHEDULABLE, "the pod cannot be scheduled: ", id="resources", marks=pytest.mark.chaos),
        pytest.param({"modules": ["/nowhere.so"]}, "CrashLoopBackOff", id="modules", marks=pytest.mark.chaos),
    ],
)
def test_a_wrong_value_stops_at_the_first_pod_and_one_rerun_heals(
    local: Cluster, namespace: str, image: str, request: pytest.FixtureRequest, given: dict[str, Any], words: str
) -> None:
    name = f"wrong-{request.node.callspec.id}"
    variables = instance(name, namespace, image, storage=CLAIMS)
    bad = {**variables, **{f"redis_cluster_{key}": value for key, value in given.items()}}
    bad["redis_cluster_image"] = bad["redis_cluster_image"].format(image=image)
    playbook.converge(local, variables)
    before = lives(local, namespace, name)
    with accounted(local, variables, KEPT / name) as run:
        run.mark("wrong")
        stopped = playbook.run(local, "redis_cluster", bad)
        assert stopped.code == 2, stopped.output
        assert "its new pod does not come up: " in stopped.output, stopped.output
        assert words in stopped.output, stopped.output
        seen = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods(local, namespace, name)}
        touched = [pod for pod in before if seen[pod] != before[pod][0]]
        assert len(touched) == 1, stopped.output
        assert f"Cannot restart {touched[0]} to the end" in stopped.output, stopped.output
        run.mark("heal")
        playbook.converge(local, variables)
        after = lives(local, namespace, name)
        assert [pod for pod in before if after[pod][0] != before[pod][0]] == touched
        assert_same_again(local, variables)
        verdict = run.finish()
    assert verdict.clean, verdict
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_canary(local: Cluster, namespace: str, image: str) -> None:
    variables = instance("canary", namespace, image, storage=CLAIMS)
    playbook.converge(local, variables)
    before = lives(local, namespace, "canary")
    changed = {**variables, "redis_cluster_config": {"io-threads": 2}}
    one = {**changed, "redis_cluster_rollout": {"limit": 1}}
    done = playbook.converge(local, one)
    assert "config.io-threads none -> 2" in done.output, done.output
    assert "wait because redis_cluster_rollout.limit is 1" in done.output, done.output
    (canary,) = replaced(before, lives(local, namespace, "canary"))
    assert canary in ("canary-0-0", "canary-0-1")
    assert_same_again(local, one)
    report = playbook.run(local, "redis_cluster_info", changed).output
    assert "restart_due: " in report, report
    playbook.converge(local, changed)
    assert len(replaced(before, lives(local, namespace, "canary"))) == 6
    tool = ("k8sredis-tool", password(local, namespace, "canary", "tool-password"))
    said = {ask(local, namespace, f"canary-{n}-1", tool, "CONFIG", "GET", "io-threads").split()[-1] for n in range(3)}
    assert said == {"2"}
    assert_same_again(local, changed)
    playbook.destroy(local, variables)
