# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declaration against what is there in Kubernetes. Pure; PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    declared,
    growth,
    names,
    quantities,
    versions,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import foreign, unchangeable, unusable
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import (
    SENTINELS,
    Claim,
    Instance,
    KubeNode,
    Object,
    StatefulSet,
)

OLDEST_KUBERNETES = (1, 29)
"""Native sidecar containers are on by default since then."""

APPLICATION = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
MANAGED_BY = "app.kubernetes.io/managed-by"
SHARD = "k8sredis.io/shard"
COMPONENT = "app.kubernetes.io/component"
OURSELVES = "k8sredis"

POD_SECURITY = "pod-security.kubernetes.io/enforce"
SHRINKS = "a claim cannot shrink"
IMMUTABLE_REASON = "{field} of a StatefulSet cannot be changed"

SKIPPED = {
    "nodes": "Whether there are enough Kubernetes nodes was not checked: the user may not list nodes.",
    "storageclasses": "Whether the StorageClass exists was not checked: the user may not read storage classes.",
    "namespaces": "Whether the namespace exists and what it allows was not checked: the user may not read namespaces.",
    "controllerrevisions": "Stale ConfigMaps were not looked for: the user may not list controller revisions.",
}


def problems(wish: Declaration, there: Instance) -> list[str]:
    return [
        *_kubernetes(there),
        *_namespace(wish, there),
        *_kube_nodes(wish, there),
        *_storage_class(wish, there),
        *_foreign(wish, there),
        *(_changes(wish, there) if lives(wish, there) else _left_claims(wish, there)),
    ]


def skipped(there: Instance) -> list[str]:
    return [SKIPPED[kind] for kind in sorted(there.unreadable)]


def stale_config_maps(there: Instance, keep: frozenset[str]) -> list[str]:
    """Immutable ConfigMaps of the instance that nothing refers to; ``keep``: those this run is about to use."""
    if "controllerrevisions" in there.unreadable:
        return []
    return sorted(there.config_maps - there.referred_config_maps - keep)


def namespace_exists(there: Instance) -> bool:
    """True also when nobody may say so."""
    return there.namespace is not None or "namespaces" in there.unreadable


def ours(wish: Declaration, there: Instance) -> tuple[StatefulSet, ...]:
    """The instance's StatefulSets with servers."""
    return tuple(found for found in there.statefulsets if holds_data(found, wish))


def lives(wish: Declaration, there: Instance) -> bool:
    """Whether it has StatefulSets, or pods whose StatefulSets are being made anew."""
    return bool(ours(wish, there) or orphaned(wish, there))


def orphaned(wish: Declaration, there: Instance) -> dict[int, int]:
    """Pods that no StatefulSet owns: how many the one that owned them had, by shard."""
    found: dict[int, int] = {}
    for pod in there.orphans:
        match = re.fullmatch(rf"{re.escape(wish.name)}-(\d+)-(\d+)", pod)
        if match:
            shard, ordinal = int(match[1]), int(match[2])
            found[shard] = max(found.get(shard, 0), ordinal + 1)
    return found


def claim_size(wish: Declaration) -> str:
    """Empty where no claims are declared."""
    kind = wish.storage.get("type") or "persistent_claim"
    return str(wish.storage.get("size") or "") if kind == "persistent_claim" else ""


def growth_of(wish: Declaration, there: Instance) -> growth.Growth:
    """What is to grow."""
    wanted = growth.Wanted(wish.name, claim_size(wish), wish.shards, wish.replicas)
    return growth.growth(wanted, ours(wish, there), [each for each in there.claims if holds_data(each, wish)])


def declared_before(wish: Declaration, there: Instance) -> list[dict[str, Any]]:
    """What was declared in former runs. The Secret has it before the servers have, so it tells also of a run that was
    killed on the way to them."""
    objects: list[Object] = [*ours(wish, there), *([there.secret] if there.secret else [])]
    found = (declared.read(each.annotations.get(declared.ANNOTATION, "")) for each in objects)
    return [each for each in found if each is not None]


def belongs(found: Object, wish: Declaration) -> bool:
    return _has_the_name(found, wish) and found.labels.get(MANAGED_BY) == OURSELVES


def holds_data(found: Object, wish: Declaration) -> bool:
    """Whether it is of the instance's servers, and not of its Sentinels."""
    return belongs(found, wish) and found.labels.get(COMPONENT) != SENTINELS


def _has_the_name(found: Object, wish: Declaration) -> bool:
    """Charts of others label a Redis Cluster in the same way; a Service of theirs would choose our pods."""
    labels = found.labels
    return labels.get(APPLICATION) == names.APPLICATIONS[wish.topology] and labels.get(INSTANCE) == wish.name


def _kubernetes(there: Instance) -> list[str]:
    if there.kubernetes >= OLDEST_KUBERNETES:
        return []
    seen, oldest = (".".join(map(str, version)) for version in (there.kubernetes, OLDEST_KUBERNETES))
    return [foreign(f"this Kubernetes {seen}", f"the pods need {oldest}", f"upgrade it to {oldest} or newer")]


def _namespace(wish: Declaration, there: Instance) -> list[str]:
    if not namespace_exists(there):
        if wish.create_namespace:
            return []
        advice = "create it, or set redis_cluster_create_namespace"
        return [unusable("namespace", wish.namespace, "it does not exist", advice)]
    level = there.namespace.labels.get(POD_SECURITY, "") if there.namespace else ""
    if wish.storage.get("type") == "host_path" and level in ("baseline", "restricted"):
        reason = f"namespace {wish.namespace} enforces Pod Security '{level}', which forbids host paths"
        return [unusable("storage.type", "host_path", reason, "use a namespace of its own without that label")]
    return []


def _kube_nodes(wish: Declaration, there: Instance) -> list[str]:
    """Only for pods that are new: a lost node must not keep a run from looking after those that live."""
    members = wish.replicas + 1
    present = max((*(found.replicas for found in ours(wish, there)), *orphaned(wish, there).values()), default=0)
    if not needs_kube_nodes(wish) or "nodes" in there.unreadable or members <= present:
        return []
    usable = sum(_is_usable(kube_node, wish) for kube_node in there.kube_nodes)
    if members <= usable:
        return []
    reason = (
        f"the {members} pods of a shard must run on different Kubernetes nodes, and {usable} of "
        f"{len(there.kube_nodes)} can take them"
    )
    return [unusable("replicas", wish.replicas, reason, "add nodes, or set redis_cluster_anti_affinity to preferred")]


def needs_kube_nodes(wish: Declaration) -> bool:
    return wish.anti_affinity == "required" and not wish.affinity and wish.replicas > 0


def _is_usable(kube_node: KubeNode, wish: Declaration) -> bool:
    if any(kube_node.labels.get(key) != value for key, value in wish.node_selector.items()):
        return False
    repelling = [taint for taint in kube_node.taints if taint[2] != "PreferNoSchedule"]
    tolerated = all(any(_tolerates(toleration, taint) for toleration in wish.tolerations) for taint in repelling)
    return tolerated and not kube_node.unschedulable


def _tolerates(toleration: Any, taint: tuple[str, str, str]) -> bool:
    """As the scheduler: an empty key with Exists tolerates all, an empty effect matches every effect."""
    if not isinstance(toleration, Mapping) or toleration.get("effect") not in (None, "", taint[2]):
        return False
    key = toleration.get("key") or ""
    if toleration.get("operator", "Equal") == "Exists":
        return key in ("", taint[0])
    return key == taint[0] and (toleration.get("value") or "") == taint[1]


def _storage_class(wish: Declaration, there: Instance) -> list[str]:
    if there.storage_class_found or lives(wish, there):
        return []
    name = wish.storage.get("class") or ""
    if name:
        return [unusable("storage.class", name, "there is no such StorageClass", "use one of the cluster's, or none")]
    reason = "Kubernetes has no default StorageClass"
    return [unusable("storage.class", name, reason, "name one, or use storage.type empty_dir for data that may go")]


def _foreign(wish: Declaration, there: Instance) -> list[str]:
    """Objects that have the names of ours and belong to somebody else."""
    wished = {names.statefulset(wish.name, shard) for shard in range(wish.shards)}
    claims = {names.claim(wish.name, shard, ordinal) for shard, ordinal in _members(wish)}
    budgets = (
        {wish.name} if wish.disruption_budget == "instance" else wished | {each.name for each in ours(wish, there)}
    )
    secret = [there.secret] if there.secret and INSTANCE in there.secret.labels else []
    found: list[Object] = [
        *(each for each in there.statefulsets if each.name in wished or _has_the_name(each, wish)),
        *(each for each in there.claims if each.name in claims or _has_the_name(each, wish)),
        *(each for each in there.budgets if each.name in budgets),
        *(*there.services, *there.others, *secret),
    ]
    return [_foreign_text(each) for each in found if not belongs(each, wish) and not _is_lock(each, wish)]


def _is_lock(found: Object, wish: Declaration) -> bool:
    """It is there before anything else, and does not say of which topology the instance is."""
    ours = {INSTANCE: wish.name, MANAGED_BY: OURSELVES}
    return found.kind == "Lease" and ours.items() <= dict(found.labels).items()


def _foreign_text(found: Object) -> str:
    instance, manager = found.labels.get(INSTANCE), found.labels.get(MANAGED_BY)
    reason = f"its labels name the instance '{instance}'" if instance else "its labels name no instance"
    if instance and manager != OURSELVES:
        reason += f", managed by '{manager}'" if manager else ", managed by nobody"
    return foreign(f"{found.kind} {found.name}", reason, "choose another redis_cluster_name, or remove it by hand")


def _members(wish: Declaration) -> Iterator[tuple[int, int]]:
    return ((shard, ordinal) for shard in range(wish.shards) for ordinal in range(wish.replicas + 1))


def _changes(wish: Declaration, there: Instance) -> list[str]:
    """Each difference once, however many StatefulSets tell it."""
    way_out = _way_out(wish, there)
    found: dict[str, str] = dict(_orphans(wish, there, way_out))
    for statefulset in ours(wish, there):
        for setting, text in _immutable(wish, statefulset, way_out):
            found.setdefault(setting, text)
        for setting, text in _declared(wish, statefulset, way_out):
            found.setdefault(setting, text)
    return [*found.values(), *_server(wish, there)]


def _orphans(wish: Declaration, there: Instance, way_out: str) -> Iterator[tuple[str, str]]:
    """Where a run was killed between the deletion of a StatefulSet and making it anew. Where it was the only one, the
    Secret tells how it was declared, and the claims themselves what they are."""
    beyond = max(orphaned(wish, there), default=-1)
    if beyond >= wish.shards and beyond not in (_shard(found) for found in ours(wish, there)):
        reason = (
            f"pods of shard {beyond} run without their StatefulSet, which a run that grew claims did not make again"
        )
        yield "shards", unusable("shards", wish.shards, reason, f"run with {beyond + 1} first, then with fewer")
    if not ours(wish, there) and _left_annotation(there):
        yield from _declared(wish, StatefulSet("StatefulSet", "", annotations=_annotations(there)), way_out)
        left = [claim for claim in there.claims if holds_data(claim, wish)]
        if claim_size(wish) and left:
            yield from ((text, text) for text in _left_sizes(wish, left))


def _shard(found: StatefulSet) -> int:
    number = found.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1


def _way_out(wish: Declaration, there: Instance) -> str:
    """A server that crashes again and again may have data, which would go with an empty_dir when the pod is removed."""
    if there.started_pods:
        return "set it back"
    # A pod that was made anew does not tell of the one before it, whose data may be in the claim.
    claims = any(holds_data(claim, wish) for claim in there.claims)
    how = ", with redis_cluster_delete_claims unless its claims hold data that is needed," if claims else ""
    return f"set it back, or, as none of its servers runs, remove the instance{how} and create it again"


def _immutable(wish: Declaration, seen: StatefulSet, way_out: str) -> Iterator[tuple[str, str]]:
    """What Kubernetes itself would refuse, by the setting that it follows from."""
    service = names.nodes_service(wish)
    if seen.service_name != service:
        reason = IMMUTABLE_REASON.format(field="serviceName")
        yield "nodes_service_name", unchangeable("nodes_service_name", seen.service_name, service, reason, way_out)
    selector = {
        APPLICATION: names.APPLICATIONS[wish.topology],
        INSTANCE: wish.name,
        MANAGED_BY: OURSELVES,
        SHARD: seen.labels.get(SHARD, ""),
    }
    if dict(seen.selector) != selector:
        yield "selector", _by_hand(seen, "selector")
    if seen.pod_management != "Parallel":
        yield "podManagementPolicy", _by_hand(seen, "podManagementPolicy")
    yield from _claim_templates(wish, seen, way_out)


def _by_hand(seen: StatefulSet, field: str) -> str:
    reason = f"its {field} is not that of this collection and cannot be changed"
    return foreign(f"StatefulSet {seen.name}", reason, "choose another redis_cluster_name, or remove it by hand")


def _claim_templates(wish: Declaration, seen: StatefulSet, way_out: str) -> Iterator[tuple[str, str]]:
    reason = IMMUTABLE_REASON.format(field="volumeClaimTemplates")
    before, kind = seen.claim_templates.get(names.DATA), wish.storage.get("type") or "persistent_claim"
    if (before is not None) != (kind == "persistent_claim"):
        old = "persistent_claim" if before else "a storage without claims"
        yield "storage.type", unchangeable("storage.type", old, kind, reason, way_out)
    elif before is not None:
        size, storage_class = str(wish.storage.get("size") or ""), str(wish.storage.get("class") or "")
        if (quantities.quantity(before.size) or 0) > (quantities.quantity(size) or 0):
            yield "storage.size", unchangeable("storage.size", before.size, size, SHRINKS, way_out)
        if before.storage_class != storage_class:
            yield "storage.class", unchangeable("storage.class", before.storage_class, storage_class, reason, way_out)
        if before.access_modes != ("ReadWriteOnce",):
            yield "accessModes", _by_hand(seen, "accessModes")


def _declared(wish: Declaration, seen: StatefulSet, way_out: str) -> Iterator[tuple[str, str]]:
    before = declared.read(seen.annotations.get(declared.ANNOTATION, ""))
    if before is None:
        reason = f"its annotation {declared.ANNOTATION} does not say how it was declared"
        advice = "restore the annotation from another StatefulSet of the instance, or remove it by hand"
        yield seen.name, foreign(f"StatefulSet {seen.name}", reason, advice)
        return
    for change in declared.changes(before, wish):
        if change.setting in declared.SCALE or declared.is_rolled(change):
            continue  # A run goes from any number to any other, and restarts pods one by one.
        yield change.setting, declared.problem(change, way_out)


def _server(wish: Declaration, there: Instance) -> list[str]:
    """Against what the pods run: the annotation tells what the last run wanted, which may never have run."""
    server, _problems = versions.server(wish.image, wish.version)
    before = declared.read(next((found.annotations.get(declared.ANNOTATION, "") for found in ours(wish, there)), ""))
    last = str((before or {}).get("server", ""))
    if server is None or "-" not in last:
        return []
    family = last.partition("-")[0]
    running = sorted(f"{family}-{version}" for version in there.started_versions) or [last]
    reasons = [reason for each in running if (reason := versions.step_back(server, each))]
    advice = "use that version or a newer one of its family; to go back, make a new instance and copy the data"
    return [unusable("image", wish.image, reason, advice) for reason in reasons[:1]]


def _left_claims(wish: Declaration, there: Instance) -> list[str]:
    """Claims that an instance of this name left behind are taken up again, exactly as they were."""
    left = [claim for claim in there.claims if holds_data(claim, wish)]
    if not left:
        return []
    if wish.storage.get("type") not in (None, "", "persistent_claim"):
        reason = f"{len(left)} claims of this instance hold its data"
        advice = "use persistent_claim, or delete the claims if their data is not needed"
        return [unusable("storage.type", wish.storage["type"], reason, advice)]
    before = _left_annotation(there)
    shape = _left_declaration(wish, before, left) or _left_shape(wish, left, before)
    return [*shape, *_left_sizes(wish, left), *_left_class(wish, left, before)]


def _wished_claims(wish: Declaration) -> set[str]:
    return {names.claim(wish.name, shard, ordinal) for shard, ordinal in _members(wish)}


def _left_shape(wish: Declaration, left: list[Claim], before: Mapping[str, Any]) -> list[str]:
    """Claims beyond what was declared last are those that a scale-in kept."""
    surplus = sorted(claim.name for claim in left if claim.name not in _wished_claims(wish))
    if not surplus or before:
        return []
    reason = f"claims of this instance are left that it would not use: {', '.join(surplus)}"
    advice = "declare as many shards and replicas as it had, or delete all its claims if their data is not needed"
    return [unusable("shards", wish.shards, reason, advice)]


def _left_annotation(there: Instance) -> dict[str, Any]:
    """The Secret tells how the instance was declared; empty when it does not."""
    return declared.read(_annotations(there).get(declared.ANNOTATION, "")) or {}


def _annotations(there: Instance) -> Mapping[str, str]:
    return there.secret.annotations if there.secret else {}


def _left_declaration(wish: Declaration, before: Mapping[str, Any], left: list[Claim]) -> list[str]:
    """A new image or new resources are fine: all pods start anew. So is a shape that takes up exactly the claims that
    are there: it was declared before a scale-in that was interrupted, and all the data is there."""
    if not before:
        return []
    advice = "set it back, or delete its claims if their data is not needed"
    shape = () if {claim.name for claim in left} == _wished_claims(wish) else declared.SCALE
    kept = (*shape, "persistence", "colocated")
    found = [declared.problem(change, advice) for change in declared.changes(before, wish) if change.setting in kept]
    return [*found, *_left_data(wish, str(before.get("server", "")))]


def _left_data(wish: Declaration, data_of: str) -> list[str]:
    server, _problems = versions.server(wish.image, wish.version)
    if server is None or versions.can_load(server, data_of):
        return []
    reason = f"{server} cannot load the data that {data_of} left in the claims of this instance"
    return [unusable("image", wish.image, reason, f"use {data_of} or a newer one of its family")]


def _left_sizes(wish: Declaration, left: list[Claim]) -> list[str]:
    """Smaller ones grow."""
    size = str(wish.storage.get("size") or "")
    claim = max(left, key=lambda each: quantities.quantity(each.asks.size) or Decimal(0))
    if (quantities.quantity(claim.asks.size) or 0) <= (quantities.quantity(size) or 0):
        return []
    reason = f"the claim {claim.name} of this instance has {claim.asks.size}, and {SHRINKS}"
    return [unusable("storage.size", size, reason, f"use {claim.asks.size} or more")]


def _left_class(wish: Declaration, left: list[Claim], before: Mapping[str, Any]) -> list[str]:
    """A claim without a class got the name of the default one when it was made; only the declaration tells the two
    apart."""
    wished = str(wish.storage.get("class") or "")
    were = {claim.asks.storage_class for claim in left} if wished else {_declared_class(before)}
    other = sorted(were - {wished})
    if not other:
        return []
    reason = f"claims of this instance have the class '{other[0]}'"
    advice = f"use {other[0] or 'no class'}, or delete the claims if their data is not needed"
    return [unusable("storage.class", wished, reason, advice)]


def _declared_class(before: Mapping[str, Any]) -> str:
    return str((before.get("storage") or {}).get("class") or "")
