# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods as members: where they are, and why they cannot be asked yet."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member
from ansible_collections.k8sredis.core.plugins.module_utils._observe import pods

RUNNING = {"name": "redis", "state": {"running": {"startedAt": "now"}}}
LABELS = {"k8sredis.io/shard": "2", "apps.kubernetes.io/pod-index": "1", "topology.kubernetes.io/zone": "a"}


def pod(status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    running = {"phase": "Running", "podIP": "10.0.2.2", "containerStatuses": [RUNNING]}
    return {
        "metadata": {"name": "shop-2-1", "uid": "u", "labels": LABELS, **metadata},
        "spec": {"nodeName": "node1"},
        "status": running if status is None else status,
    }


def test_a_running_pod() -> None:
    expected = Member("shop-2-1", "10.0.2.2", 6379, 2, 1, "u", "node1", "a", ready=False)
    assert pods.member(pod(), 6379) == expected


def test_addresses_of_both_families_and_readiness() -> None:
    status = {
        "podIP": "10.0.2.2",
        "podIPs": [{"ip": "10.0.2.2"}, {"ip": "fd00::2"}],
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "redis", "state": {"running": {}}}],
    }
    found = pods.member(pod(status), 6379)
    assert (found.host, found.addresses, found.ready) == ("10.0.2.2", ("10.0.2.2", "fd00::2"), True)


def test_what_it_was_made_from_and_where_its_data_is() -> None:
    made = {"k8sredis.io/restart-hash": "abc", "k8sredis.io/made-from": "{}"}
    found = pods.member(pod(annotations=made), 6379)
    assert (found.restart_hash, found.made_from, found.ever_ran, found.volatile) == ("abc", "{}", True, False)
    fresh = pod({"phase": "Pending"})
    fresh["spec"]["volumes"] = [{"name": "run", "emptyDir": {}}, {"name": "data", "emptyDir": {}}]
    found = pods.member(fresh, 6379)
    assert (found.restart_hash, found.ever_ran, found.volatile) == ("", False, True)


NUMBERS = [
    ("the ordinal of its name, before Kubernetes 1.28", {"labels": {"k8sredis.io/shard": "2"}}, (2, 1)),
    ("a shard that is no number", {"labels": {"k8sredis.io/shard": "two"}}, (None, 1)),
    ("a pod of another making", {"name": "redis-abcde", "labels": {"app": "redis"}}, (None, None)),
    ("no labels at all", {"labels": None}, (None, 1)),
]


@pytest.mark.parametrize(("metadata", "numbers"), [row[1:] for row in NUMBERS], ids=[row[0] for row in NUMBERS])
def test_shard_and_ordinal(metadata: dict[str, Any], numbers: tuple[int | None, int | None]) -> None:
    found = pods.member(pod(**metadata), 6379)
    assert (found.shard, found.ordinal) == numbers


ZONES = [
    ("the pod says it", {"labels": LABELS}, {"node1": "b"}, "a"),
    ("its node says it", {"labels": {}}, {"node1": "b"}, "b"),
    ("nobody says it", {"labels": {}}, {}, ""),
]


@pytest.mark.parametrize(("metadata", "zones", "zone"), [row[1:] for row in ZONES], ids=[row[0] for row in ZONES])
def test_zone(metadata: dict[str, Any], zones: dict[str, str], zone: str) -> None:
    assert pods.member(pod(**metadata), 6379, zones=zones).zone == zone


def waits(reason: str, name: str = "redis", message: str = "", ended: dict[str, Any] | None = None) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": name, "state": state, "lastState": {"terminated": ended} if ended else {}}


def pending(*containers: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"phase": "Pending", "podIP": "10.0.2.2", "containerStatuses": list(containers), **status}


UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 3 Insufficient cpu."}
NOT_YET = "the pod is Pending, its containers do not run yet"

WAITING = [
    ("nothing is known yet", {}, NOT_YET, False),
    ("the image is being pulled", pending(waits("ContainerCreating")), NOT_YET, False),
    (
        "it cannot be scheduled",
        {"phase": "Pending", "conditions": [UNSCHEDULABLE]},
        "the pod cannot be scheduled: 0/3 nodes are available: 3 Insufficient cpu.",
        True,
    ),
    (
        "it cannot be scheduled, nobody says why",
        {"conditions": [{"type": "PodScheduled", "status": "False"}]},
        "the pod cannot be scheduled: no reason given",
        True,
    ),
    ("it was scheduled", pending(conditions=[{"type": "PodScheduled", "status": "True"}]), NOT_YET, False),
    ("it was evicted", {"phase": "Failed", "reason": "Evicted"}, "the pod has ended: Evicted", False),
    ("it ended", {"phase": "Succeeded"}, "the pod has ended: Succeeded", False),
    (
        "no such image",
        pending(waits("ImagePullBackOff", message='Back-off pulling image "redis:99"')),
        'container redis: ImagePullBackOff, Back-off pulling image "redis:99"',
        True,
    ),
    (
        "it crashes, and says why",
        pending(waits("CrashLoopBackOff", ended={"exitCode": 1, "message": "starting\nBad directive 'x'\n"})),
        "container redis: CrashLoopBackOff, Bad directive 'x'",
        True,
    ),
    (
        "it crashes without a word",
        pending(waits("CrashLoopBackOff", message="back-off 5m0s", ended={"exitCode": 137})),
        "container redis: CrashLoopBackOff, exit code 137",
        True,
    ),
    (
        "an init container crashes",
        pending(waits("PodInitializing"), initContainerStatuses=[waits("CrashLoopBackOff", "prepare")]),
        "container prepare: CrashLoopBackOff",
        True,
    ),
    (
        "another container runs, redis does not",
        pending({**RUNNING, "name": "exporter"}, waits("ContainerCreating")),
        NOT_YET,
        False,
    ),
    (
        "it runs and has no address",
        {"phase": "Running", "containerStatuses": [RUNNING]},
        "the pod is Running, its containers do not run yet",
        False,
    ),
    (
        "it runs beside others",
        {"phase": "Running", "podIP": "10.0.2.2", "containerStatuses": [RUNNING, {"name": "exporter", "state": {}}]},
        "",
        False,
    ),
    (
        "the only container has another name",
        {"phase": "Running", "podIP": "10.0.2.2", "containerStatuses": [{**RUNNING, "name": "valkey"}]},
        "",
        False,
    ),
]


@pytest.mark.parametrize(("status", "waiting", "stuck"), [row[1:] for row in WAITING], ids=[row[0] for row in WAITING])
def test_waiting(status: dict[str, Any], waiting: str, stuck: bool) -> None:
    found = pods.member(pod(status), 6379)
    assert (found.waiting, found.stuck) == (waiting, stuck)


@pytest.mark.parametrize("reason", sorted(pods.STUCK_REASONS))
def test_reasons_that_do_not_go_away(reason: str) -> None:
    assert pods.member(pod(pending(waits(reason))), 6379).stuck


def test_a_pod_that_is_being_deleted_is_not_asked() -> None:
    found = pods.member(pod(deletionTimestamp="now"), 6379)
    assert (found.waiting, found.stuck) == ("the pod is being deleted", False)


def test_another_container_is_the_one_that_counts() -> None:
    beside = {"phase": "Running", "podIP": "10.0.2.2", "containerStatuses": [RUNNING, waits("Pulling", "valkey")]}
    assert pods.member(pod(beside), 6379, "redis").waiting == ""
    assert pods.member(pod(beside), 6379, "valkey").waiting != ""


def test_who_is_a_server() -> None:
    """Also a pod that does not say what it is: Services lead clients to it."""
    ours = {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "k8sredis"}
    kinds = {None: True, "server": True, "server-with-sentinel": True, "sentinel": False, "proxy": False}
    for component, expected in kinds.items():
        labels = ours if component is None else {**ours, "app.kubernetes.io/component": component}
        assert pods.is_of({"metadata": {"labels": labels}}, "shop") == expected
        assert not pods.is_of({"metadata": {"labels": labels}}, "other")
    both = ",app.kubernetes.io/component in (sentinel,server-with-sentinel)"
    assert pods.selector("shop", "sentinel").endswith(both)


def test_selector() -> None:
    assert pods.selector("shop") == (
        "app.kubernetes.io/instance=shop,app.kubernetes.io/managed-by=k8sredis,"
        "app.kubernetes.io/component notin (sentinel,proxy)"
    )
