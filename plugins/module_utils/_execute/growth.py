# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grows the claims of an instance while its pods go on. PRIVATE to the collection.

1. Read StatefulSets, claims and, where the user may, their classes.
2. Refuse what cannot grow; then let the API try every change without keeping it. Nothing has been changed so far.
3. Ask for the new size, claim by claim.
4. Wait until the volumes have it. One whose file system alone is still to grow when the time is over does not stop the
   run: it grows when its pod starts again, and that pod is named.
5. Then StatefulSet by StatefulSet: read it, delete it alone (by its UID; its pods are orphaned), wait until it is gone,
   apply the same one with larger claims. It takes its pods up again by their labels, and their revisions too.
A run that was killed is taken up by the next one. After 3 the claims ask for the size already; a size that the storage
could not give can be set back until 5, because no StatefulSet has it yet. Killed inside 5, pods run without their
StatefulSet: the role counts them as this instance's and makes it when it applies its objects. Meanwhile nobody restarts
them, and the disruption budget lets none be evicted, because it does not know how many there should be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import growth
from ansible_collections.k8sredis.core.plugins.module_utils._decide.growth import Growth, Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import REAL, Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import Plan, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Claim, StatefulSet
from ansible_collections.k8sredis.core.plugins.module_utils._observe import instance
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Denied, Kube

ORPHAN = "orphan"
"""Finalizer of an object that is deleted without what it owns."""


@dataclass(frozen=True)
class Work:
    """``guard`` is called before every change, ``done`` gets each step that was executed, ``timeout`` in seconds."""

    kube: Kube
    guard: Callable[[], None]
    done: list[Step]
    timeout: float
    clock: Clock = REAL


def look(kube: Kube, wanted: Wanted) -> Growth:
    """Steps 1 and 2; raises Refused."""
    found = growth.growth(wanted, instance.statefulsets(kube, wanted.name), instance.claims(kube, wanted.name))
    classes = sorted({claim.asks.storage_class for claim in found.claims})
    allowed = {name: instance.allows_growth(kube, name) if name else False for name in classes}
    if problems := growth.problems(found, wanted.size, allowed):
        raise Refused("\n".join(problems))
    for claim in found.claims:
        _ask(kube, claim, wanted.size, dry_run=True)
    return found


def plan(found: Growth, size: str) -> Plan:
    steps = [growth.claim_step(claim, size) for claim in found.claims]
    return Plan((*steps, *(growth.statefulset_step(each, size) for each in found.statefulsets)))


def grow(work: Work, wanted: Wanted, found: Growth) -> tuple[Claim, ...]:
    """Steps 3 to 5; the claims whose volume has not grown as far as it can be seen."""
    for claim in found.claims:
        work.guard()
        _ask(work.kube, claim, wanted.size)
        work.done.append(growth.claim_step(claim, wanted.size))
    if not (found.claims or found.statefulsets):
        return found.growing
    left = _wait(work, wanted, found)
    for each in found.statefulsets:
        _renew(work, each, wanted.size)
    return left


def _ask(kube: Kube, claim: Claim, size: str, dry_run: bool = False) -> None:
    """The UID in the change makes the API refuse it for another claim of that name."""
    body = {"metadata": {"uid": claim.uid}, "spec": {"resources": {"requests": {"storage": size}}}}
    try:
        kube.patch(kube.path("persistentvolumeclaims", claim.name), body, dry_run=dry_run)
    except Denied as error:
        raise Refused(
            growth.sentence(claim, size, f"Kubernetes says '{error.words}'", "set redis_cluster_storage.size back")
        ) from error


def _wait(work: Work, wanted: Wanted, found: Growth) -> tuple[Claim, ...]:
    """Step 4; the claims whose file system has not grown yet."""
    asked = {claim.name for claim in (*found.claims, *found.growing)}
    running = bool(instance.statefulsets(work.kube, wanted.name))

    def seen() -> list[Claim]:
        return [claim for claim in instance.claims(work.kube, wanted.name) if claim.name in asked]

    def all_settled(claims: list[Claim]) -> bool:
        return all(growth.settled(claim, running) for claim in claims)

    left = [
        claim for claim in wait.until(seen, all_settled, work.timeout, 1.0, work.clock) if not growth.has_grown(claim)
    ]
    stuck = next((claim for claim in left if not growth.needs_pod(claim) or growth.is_infeasible(claim)), None)
    if stuck:
        advice = "see its events; run again, or set redis_cluster_storage.size back if the storage cannot give it"
        raise Retryable(f"Cannot wait longer for claim {stuck.name}: {growth.state(stuck)}; {advice}.")
    return tuple(left)


def _renew(work: Work, found: StatefulSet, size: str) -> None:
    """Step 5 for one; none that was gone already, because the role makes that."""
    path = work.kube.path("statefulsets", found.name, instance.APPS)
    live = work.kube.get(path)
    if live is None:
        return
    _orphan(work, path, live)
    uid = live["metadata"]["uid"]
    there = wait.until(lambda: work.kube.get(path), lambda now: not _is(now, uid), work.timeout, 0.5, work.clock)
    if _is(there, uid):
        raise Retryable(
            f"Cannot make StatefulSet {found.name} anew: Kubernetes has not finished its deletion; see whether its "
            "controller manager runs, and run again."
        )
    body = growth.renewed(live, size)

    def apply() -> Retryable | Denied | None:
        try:
            work.kube.apply(path, body)
        except (Retryable, Denied) as error:
            return error
        return None

    # Its pods have nobody who would make them again, so a moment's silence of the API does not end this, nor does a
    # quota of StatefulSets, which counts one that is gone for some seconds more.
    work.guard()
    failed = wait.until(apply, lambda error: error is None, work.timeout, 1.0, work.clock)
    if failed:
        seen = f"Kubernetes says '{failed.words}'" if isinstance(failed, Denied) else str(failed).rstrip(".")
        raise Retryable(
            f"Cannot make StatefulSet {found.name} again: {seen}; its pods go on without it; "
            "run again when the cause is gone."
        )
    work.done.append(growth.statefulset_step(found, size))


def _orphan(work: Work, path: str, live: dict[str, Any]) -> None:
    """Deletes it without its pods, unless an earlier run did."""
    metadata = live["metadata"]
    if not metadata.get("deletionTimestamp"):
        work.guard()
        work.kube.delete(path, {"uid": metadata["uid"]}, propagation="Orphan")
    elif ORPHAN not in (metadata.get("finalizers") or []):
        raise Retryable(
            f"Cannot make StatefulSet {metadata['name']} anew: somebody deletes it together with its pods; "
            "wait until it is gone, and run again."
        )


def _is(found: dict[str, Any] | None, uid: str) -> bool:
    return found is not None and found["metadata"].get("uid") == uid
