# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims grow under pods that go on, also where the run is killed after any step."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide.growth import Growth, Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._execute.growth import Work, grow, look, plan
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Claim
from ansible_collections.k8sredis.core.plugins.module_utils._observe import instance
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Conflict, Denied, Forbidden, Object

from tests.unit.decide.declarations import labels
from tests.unit.stand_ins.clock import FakeClock
from tests.unit.stand_ins.kube import StandInKube

OLD, NEW = "8Gi", "16Gi"
WANTED = Wanted("shop", NEW, 2, 1)
TIMEOUT = 30.0
CLASS = "/apis/storage.k8s.io/v1/storageclasses/fast"
PODS = {f"shop-{shard}-{ordinal}": f"pod-{shard}-{ordinal}" for shard in range(2) for ordinal in range(2)}


class Killed(BaseException):
    """The process of a run ends here."""


class Cluster(StandInKube):
    """Two shards of two pods. What its controllers do, they do while the run sleeps: they give volumes the size that
    was asked for, and end StatefulSets that were deleted. Those that come take pods up that nobody owns."""

    def __init__(self) -> None:
        super().__init__()
        self.objects[CLASS] = {"metadata": {"name": "fast"}, "allowVolumeExpansion": True}
        for shard in range(2):
            self.apply(self.statefulset(shard), statefulset(shard))
        for pod, uid in PODS.items():
            shard = int(pod.split("-")[1])
            owner = {"controller": True, "uid": self.objects[self.statefulset(shard)]["metadata"]["uid"]}
            metadata = {"labels": labels(shard=shard), "uid": uid, "ownerReferences": [owner]}
            self.objects[self.path("pods", pod)] = {"metadata": {"name": pod, **metadata}}
            self.objects[self.claim(pod)] = {
                "metadata": {"name": f"data-{pod}", "labels": labels(shard=shard), "uid": f"claim-{pod}"},
                "spec": {**claim_spec(OLD), "storageClassName": "fast"},
                "status": {"capacity": {"storage": OLD}},
            }
        self.writes = 0
        self.conditions: dict[str, list[Object]] = {}
        """Of claims whose volumes do not grow, by pod."""
        self.controllers_run = True
        self.time = FakeClock(self.work)

    def statefulset(self, shard: int) -> str:
        return self.path("statefulsets", f"shop-{shard}", instance.APPS)

    def claim(self, pod: str) -> str:
        return self.path("persistentvolumeclaims", f"data-{pod}")

    def apply(self, path: str, body: Object, dry_run: bool = False) -> Object:
        there = self.objects.get(path)
        if there and sizes(there) != sizes(body):
            raise Denied(f"Cannot patch {path}: 422 immutable.", "immutable")
        made = super().apply(path, body, dry_run)
        for pod in self.pods():
            metadata = pod["metadata"]
            if not metadata["ownerReferences"] and metadata["labels"].items() >= selector(made).items():
                metadata["ownerReferences"] = [{"controller": True, "uid": made["metadata"]["uid"]}]
        return made

    def delete(self, path: str, preconditions: Mapping[str, str] | None = None, propagation: str = "") -> None:
        there = deepcopy(self.objects[path])
        super().delete(path, preconditions, propagation)
        there["metadata"] |= {"deletionTimestamp": "now", "finalizers": [propagation.lower()]}
        self.objects[path] = there

    def work(self) -> None:
        if not self.controllers_run:
            return
        for path, found in list(self.objects.items()):
            if "deletionTimestamp" in found["metadata"]:
                self.end(path, found)
            elif "/persistentvolumeclaims/" in path:
                pod = path.rpartition("/")[2].removeprefix("data-")
                asked = found["spec"]["resources"]["requests"]["storage"]
                status = (
                    {"conditions": self.conditions[pod]} if pod in self.conditions else {"capacity": {"storage": asked}}
                )
                found["status"] |= status

    def end(self, path: str, found: Object) -> None:
        del self.objects[path]
        for pod in self.pods():
            if pod["metadata"]["ownerReferences"] == [{"controller": True, "uid": found["metadata"]["uid"]}]:
                pod["metadata"]["ownerReferences"] = []
                if found["metadata"]["finalizers"] != ["orphan"]:
                    del self.objects[self.path("pods", pod["metadata"]["name"])]

    def pods(self) -> list[Object]:
        return [found for path, found in self.objects.items() if "/pods/" in path]

    def run(self) -> tuple[Claim, ...]:
        """A run from its beginning."""
        return self.grow(look(self, WANTED))

    def grow(self, found: Growth) -> tuple[Claim, ...]:
        self.done: list[Step] = []
        return grow(Work(self, self.guard, self.done, TIMEOUT, self.time.clock), WANTED, found)

    def guard(self) -> None:
        """The lock is held, until a test says otherwise."""

    def role_applies(self) -> None:
        """As "Apply the objects" does: what is missing is made as declared, what is there has the size already."""
        for shard in range(2):
            self.apply(self.statefulset(shard), statefulset(shard, NEW))


def statefulset(shard: int, size: str = OLD) -> Object:
    return {
        "metadata": {"name": f"shop-{shard}", "namespace": "web", "labels": labels(shard=shard)},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels(shard=shard)},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim_spec(size)}],
        },
    }


def claim_spec(size: str) -> Object:
    return {"resources": {"requests": {"storage": size}}}


def selector(found: Object) -> dict[str, str]:
    return dict(found["spec"]["selector"]["matchLabels"])


def sizes(found: Object) -> list[str]:
    return [each["spec"]["resources"]["requests"]["storage"] for each in found["spec"]["volumeClaimTemplates"]]


def assert_grown(kube: Cluster) -> None:
    """And the pods are those they were, each owned by the StatefulSet of its shard."""
    for shard in range(2):
        assert sizes(kube.objects[kube.statefulset(shard)]) == [NEW]
    assert {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in kube.pods()} == PODS
    for pod in kube.pods():
        name = pod["metadata"]["name"]
        owner = kube.objects[kube.statefulset(int(name.split("-")[1]))]["metadata"]["uid"]
        assert pod["metadata"]["ownerReferences"] == [{"controller": True, "uid": owner}]
        found = kube.objects[kube.claim(name)]
        assert found["spec"]["resources"]["requests"]["storage"] == found["status"]["capacity"]["storage"] == NEW
    assert not look(kube, WANTED)


@pytest.fixture
def kube() -> Cluster:
    return Cluster()


def failure(kind: type[ClusterError], kube: Cluster) -> str:
    with pytest.raises(kind) as failed:
        kube.run()
    assert failed.type is kind
    return str(failed.value)


def test_everything_grows(kube: Cluster) -> None:
    foreseen = plan(look(kube, WANTED), NEW).steps
    assert kube.writes == 0
    assert kube.run() == ()
    assert_grown(kube)
    assert tuple(kube.done) == foreseen
    assert [step.text for step in foreseen] == [
        *(f"claim data-{pod}: 8Gi -> 16Gi" for pod in PODS),
        *(f"StatefulSet shop-{shard} is made anew, with claims of 16Gi; its pods go on" for shard in range(2)),
    ]
    writes = kube.writes
    assert kube.run() == ()
    assert (kube.writes, kube.done) == (writes, [])


STEPS = 4 + 2 * 2
"""A change for each claim, two for each StatefulSet."""


@pytest.mark.parametrize("collected", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("writes", range(STEPS))
def test_a_run_killed_after_any_step_is_taken_up(kube: Cluster, writes: int, collected: bool) -> None:
    """At once: a StatefulSet that was deleted may be on its way out still."""

    def kill() -> None:
        if kube.writes == writes:
            raise Killed

    found = look(kube, WANTED)
    kube.before_write = kill
    with pytest.raises(Killed):
        kube.grow(found)
    kube.before_write = lambda: None
    if collected:
        kube.work()
    kube.run()
    kube.role_applies()
    assert_grown(kube)


def test_a_run_killed_while_volumes_grow_is_taken_up(kube: Cluster) -> None:
    """The next one waits for them too, while the size can still be set back."""

    def kill() -> None:
        raise Killed

    kube.time = FakeClock(kill)
    with pytest.raises(Killed):
        kube.run()
    kube.time = FakeClock(kube.work)
    kube.run()
    assert kube.time.slept[0] == 1.0
    assert_grown(kube)


def test_a_statefulset_that_is_another_by_now_stays(kube: Cluster) -> None:
    path = kube.statefulset(0)

    def replace() -> None:
        if kube.writes == len(PODS):
            kube.objects[path]["metadata"]["uid"] = "another"

    kube.guard = replace  # type: ignore[method-assign]
    assert "modified" in failure(Conflict, kube)
    assert "deletionTimestamp" not in kube.objects[path]["metadata"]


def test_a_class_that_does_not_allow_it(kube: Cluster) -> None:
    kube.objects[CLASS]["allowVolumeExpansion"] = False
    text = failure(Refused, kube).split("\n")
    assert len(text) == len(PODS)
    assert text[0].startswith("Cannot grow claim data-shop-0-0 from 8Gi to 16Gi: its StorageClass 'fast' does not")
    assert kube.writes == 0


class Unreadable(Cluster):
    """Nobody may read the class, and the last claim cannot grow."""

    def get(self, path: str) -> Object | None:
        if path == CLASS:
            raise Forbidden("no")
        return super().get(path)

    def patch(self, path: str, body: Object, dry_run: bool = False) -> Object:
        if path == self.claim("shop-1-1"):
            raise Denied("Cannot patch: 403 exceeded quota.", "exceeded quota")
        return super().patch(path, body, dry_run)


def test_what_the_api_refuses_is_refused_before_anything_is_changed() -> None:
    kube = Unreadable()
    assert failure(Refused, kube) == (
        "Cannot grow claim data-shop-1-1 from 8Gi to 16Gi: Kubernetes says 'exceeded quota'; set "
        "redis_cluster_storage.size back."
    )
    assert kube.writes == 0


def test_a_claim_that_is_another_by_now(kube: Cluster) -> None:
    found = look(kube, WANTED)
    kube.objects[kube.claim("shop-0-0")]["metadata"]["uid"] = "another"
    with pytest.raises(Retryable, match="UID"):
        kube.grow(found)
    assert kube.writes == 0


PENDING = [{"type": "FileSystemResizePending", "status": "True", "message": "Waiting for user to (re-)start a pod"}]


def test_a_file_system_that_waits_for_its_pod_is_told_and_does_not_stop_the_run(kube: Cluster) -> None:
    kube.conditions["shop-0-1"] = PENDING
    assert [claim.name for claim in kube.run()] == ["data-shop-0-1"]
    assert sizes(kube.objects[kube.statefulset(0)]) == [NEW]
    writes, slept = kube.writes, kube.time.passed
    assert [claim.name for claim in kube.run()] == ["data-shop-0-1"]
    assert (kube.writes, kube.time.passed, kube.done) == (writes, slept, [])


def test_without_pods_no_file_system_is_waited_for(kube: Cluster) -> None:
    """Claims that a removed instance left."""
    for path in [path for path in kube.objects if "/statefulsets/" in path or "/pods/" in path]:
        del kube.objects[path]
    kube.conditions = dict.fromkeys(PODS, PENDING)
    assert len(kube.run()) == len(PODS)
    assert kube.time.passed < TIMEOUT


@pytest.mark.parametrize("condition", [{"type": "Resizing", "status": "True"}, {"type": "Resizing", "status": "False"}])
def test_a_volume_that_does_not_grow_leaves_the_way_back_open(kube: Cluster, condition: Object) -> None:
    kube.conditions["shop-0-1"] = [condition]
    seen = "its volume has 8Gi (Resizing)" if condition["status"] == "True" else "its volume has 8Gi"
    assert failure(Retryable, kube).startswith(f"Cannot wait longer for claim data-shop-0-1: {seen}; see its events")
    assert [sizes(kube.objects[kube.statefulset(shard)]) for shard in range(2)] == [[OLD], [OLD]]
    assert len(kube.done) == len(PODS)
    kube.conditions.clear()
    kube.run()
    assert_grown(kube)


def test_a_controller_manager_that_stands_still(kube: Cluster) -> None:
    for pod in PODS:
        kube.objects[kube.claim(pod)]["status"]["capacity"]["storage"] = NEW
    kube.controllers_run = False
    assert failure(Retryable, kube).startswith(
        "Cannot make StatefulSet shop-0 anew: Kubernetes has not finished its deletion"
    )
    kube.controllers_run = True
    kube.run()
    assert_grown(kube)


def test_a_statefulset_that_somebody_removes_with_its_pods(kube: Cluster) -> None:
    kube.delete(kube.statefulset(0), propagation="Foreground")
    kube.controllers_run = False
    for pod in PODS:
        kube.objects[kube.claim(pod)]["status"]["capacity"]["storage"] = NEW
    assert "somebody deletes it together with its pods" in failure(Retryable, kube)


def test_an_api_that_is_silent_for_a_moment_after_the_deletion(kube: Cluster) -> None:
    """Nobody else would make the StatefulSet again."""
    silent = [3]

    def silence() -> None:
        if kube.writes == len(PODS) + 1 and silent[0]:
            silent[0] -= 1
            raise Retryable("Cannot reach the Kubernetes API; check that it answers.")

    kube.before_write = silence
    kube.run()
    assert silent == [0]
    assert_grown(kube)


@pytest.mark.parametrize("seconds", [5, 5 * TIMEOUT])
def test_a_quota_that_still_counts_what_is_gone(kube: Cluster, seconds: float) -> None:
    until = kube.time.time + seconds

    def count() -> None:
        if kube.writes == len(PODS) + 1 and kube.time.time < until:
            raise Denied("Cannot patch: 403 exceeded quota.", "exceeded quota")

    kube.before_write = count
    if seconds > TIMEOUT:
        assert failure(Retryable, kube) == (
            "Cannot make StatefulSet shop-0 again: Kubernetes says 'exceeded quota'; its pods go on without it; run "
            "again when the cause is gone."
        )
        kube.before_write = lambda: None
        kube.run()
        kube.role_applies()
    else:
        kube.run()
    assert_grown(kube)


@pytest.mark.parametrize("writes", range(STEPS))
def test_without_the_lock_nothing_more_is_changed(kube: Cluster, writes: int) -> None:
    def guard() -> None:
        if kube.writes >= writes:
            raise Refused("Cannot change shop: it is locked by another.")

    kube.guard = guard  # type: ignore[method-assign]
    assert failure(Refused, kube) == "Cannot change shop: it is locked by another."
    assert kube.writes == writes


def test_what_was_observed() -> None:
    found: dict[str, Any] = {
        "metadata": {"name": "data-shop-0-0", "uid": "u"},
        "spec": claim_spec(NEW),
        "status": {
            "capacity": {"storage": OLD},
            "conditions": [*PENDING, {"type": "Resizing", "status": "False", "message": "done"}],
            "allocatedResourceStatuses": {"storage": "NodeResizePending"},
        },
    }
    seen = instance.claim(found)
    assert (seen.uid, seen.asks.size, seen.has, seen.resizing) == ("u", NEW, OLD, "NodeResizePending")
    assert dict(seen.conditions) == {"FileSystemResizePending": "Waiting for user to (re-)start a pod"}
