# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration against what is there: each row is one thing that stands in the way, and the whole message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, validation, validation_live
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import (
    Claim,
    ClaimTemplate,
    Instance,
    KubeNode,
    Object,
)

from tests.unit.decide.declarations import GOOD, claim, labels, statefulset, there, wish

DECLARED = declared.text(GOOD)


def secret(**given: Any) -> Object:
    """That of an instance that was declared like this."""
    return Object("Secret", "shop-auth", labels(), {declared.ANNOTATION: declared.text(wish(**given))})


LIVE = there(
    statefulsets=tuple(statefulset(DECLARED, shard) for shard in range(3)),
    claims=tuple(claim(shard, ordinal) for shard in range(3) for ordinal in range(2)),
    services=(Object("Service", "shop-nodes", labels()), Object("Service", "shop", labels())),
    secret=secret(),
    started_pods=("shop-0-0",),
)
LEFT = there(claims=LIVE.claims, secret=LIVE.secret)
"""After a removal that kept claims and passwords."""
LEFT_IN_STANDARD = replace(
    LEFT, claims=tuple(replace(each, asks=ClaimTemplate("8Gi", "standard")) for each in LEFT.claims)
)
"""The same where Kubernetes has a default class: its name got into the claims."""


HELM = {"app.kubernetes.io/managed-by": "Helm"}
"""A chart that labels its objects by the same application and instance."""


def problems(seen: Instance, **given: Any) -> list[str]:
    return validation_live.problems(wish(**given), seen)


@pytest.mark.parametrize("seen", [there(), LIVE, LEFT], ids=["nothing", "live", "claims left"])
def test_nothing_stands_in_the_way(seen: Instance) -> None:
    assert problems(seen) == []


@pytest.mark.parametrize(
    ("seen", "given", "message"),
    [
        (
            there(kubernetes=(1, 28)),
            {},
            "Cannot use this Kubernetes 1.28: the pods need 1.29; upgrade it to 1.29 or newer.",
        ),
        (
            there(namespace=None),
            {},
            (
                'Cannot use redis_cluster_namespace="web": it does not exist; create it, or set '
                "redis_cluster_create_namespace."
            ),
        ),
        (
            there(namespace=Object("Namespace", "web", {"pod-security.kubernetes.io/enforce": "restricted"})),
            {"storage": {"type": "host_path", "path": "/data/redis"}},
            (
                'Cannot use redis_cluster_storage.type="host_path": namespace web enforces Pod Security '
                "'restricted', which forbids host paths; use a namespace of its own without that label."
            ),
        ),
        (
            there(),
            {"replicas": 3},
            (
                "Cannot use redis_cluster_replicas=3: the 4 pods of a shard must run on different Kubernetes nodes, "
                "and 3 of 3 can take them; add nodes, or set redis_cluster_anti_affinity to preferred."
            ),
        ),
        (
            there(
                kube_nodes=(
                    KubeNode("a", {"disk": "ssd"}),
                    KubeNode("b", {"disk": "ssd"}, unschedulable=True),
                    KubeNode("c", {"disk": "ssd"}, (("gpu", "", "NoSchedule"),)),
                    KubeNode("d"),
                    KubeNode("e"),
                )
            ),
            {"node_selector": {"disk": "ssd"}},
            (
                "Cannot use redis_cluster_replicas=1: the 2 pods of a shard must run on different Kubernetes nodes, "
                "and 1 of 5 can take them; add nodes, or set redis_cluster_anti_affinity to preferred."
            ),
        ),
        (
            there(storage_class_found=False),
            {"storage": {"size": "8Gi", "class": "fast"}},
            (
                'Cannot use redis_cluster_storage.class="fast": there is no such StorageClass; use one of the '
                "cluster's, or none."
            ),
        ),
        (
            there(storage_class_found=False),
            {},
            (
                'Cannot use redis_cluster_storage.class="": Kubernetes has no default StorageClass; name one, or '
                "use storage.type empty_dir for data that may go."
            ),
        ),
        (
            there(services=(Object("Service", "shop", {"app.kubernetes.io/instance": "other"}),)),
            {},
            (
                "Cannot use Service shop: its labels name the instance 'other', managed by nobody; choose another "
                "redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            there(services=(Object("Service", "shop-nodes", {"app": "x"}),)),
            {},
            (
                "Cannot use Service shop-nodes: its labels name no instance; choose another redis_cluster_name, or "
                "remove it by hand."
            ),
        ),
        (
            there(secret=Object("Secret", "shop-auth", labels("other"))),
            {},
            (
                "Cannot use Secret shop-auth: its labels name the instance 'other'; choose another "
                "redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            there(statefulsets=(statefulset("", labels={"app.kubernetes.io/instance": "shop"}),)),
            {},
            (
                "Cannot use StatefulSet shop-0: its labels name the instance 'shop', managed by nobody; choose another "
                "redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            there(statefulsets=(statefulset("", name="shop-redis-cluster", labels=labels() | HELM),)),
            {},
            (
                "Cannot use StatefulSet shop-redis-cluster: its labels name the instance 'shop', managed by 'Helm'; "
                "choose another redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            there(claims=(claim(0, 0, name="redis-data-shop-0", labels=labels() | HELM),)),
            {},
            (
                "Cannot use PersistentVolumeClaim redis-data-shop-0: its labels name the instance 'shop', managed by "
                "'Helm'; choose another redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            there(budgets=(Object("PodDisruptionBudget", "shop-1"), Object("PodDisruptionBudget", "shop"))),
            {},
            (
                "Cannot use PodDisruptionBudget shop-1: its labels name no instance; choose another "
                "redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            there(others=(Object("ConfigMap", "shop-config", {"app": "shop"}),)),
            {},
            (
                "Cannot use ConfigMap shop-config: its labels name no instance; choose another redis_cluster_name, "
                "or remove it by hand."
            ),
        ),
        (
            there(claims=(claim(1, 1, labels=labels("other")),)),
            {},
            (
                "Cannot use PersistentVolumeClaim data-shop-1-1: its labels name the instance 'other'; choose "
                "another redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            there(claims=(claim(1, 1, labels={}),)),
            {},
            (
                "Cannot use PersistentVolumeClaim data-shop-1-1: its labels name no instance; choose another "
                "redis_cluster_name, or remove it by hand."
            ),
        ),
    ],
)
def test_what_stands_in_the_way(seen: Instance, given: dict[str, Any], message: str) -> None:
    assert problems(seen, **given) == [message]


@pytest.mark.parametrize(
    ("seen", "given"),
    [
        (there(kubernetes=(1, 29)), {}),
        (there(namespace=None), {"create_namespace": True}),
        (there(namespace=None, unreadable=frozenset({"namespaces"})), {}),
        (there(kube_nodes=()), {"anti_affinity": "preferred"}),
        (there(kube_nodes=()), {"replicas": 0, "accept_no_replicas": True}),
        (there(kube_nodes=()), {"affinity": {"nodeAffinity": {}}}),
        (there(kube_nodes=(), unreadable=frozenset({"nodes"})), {}),
        (
            there(kube_nodes=tuple(KubeNode(name, {}, (("a", "b", "NoExecute"),)) for name in "xy")),
            {"tolerations": ({"key": "a", "operator": "Equal", "value": "b"},)},
        ),
        (
            there(kube_nodes=tuple(KubeNode(name, {}, (("a", "b", "NoSchedule"),)) for name in "xy")),
            {"tolerations": ({"operator": "Exists"},)},
        ),
        (there(kube_nodes=tuple(KubeNode(name, {}, (("a", "", "PreferNoSchedule"),)) for name in "xy")), {}),
        (replace(LIVE, kube_nodes=(), storage_class_found=False), {}),
        (there(secret=Object("Secret", "shop-auth")), {}),
        (there(claims=(claim(0, 0, labels={}, name="data-shopping-0-0"),)), {}),
        (LIVE, {"labels": {"team": "a"}, "node_timeout": 9000, "wait_timeout": 5, "pod_labels": {"team": "a"}}),
        *((LIVE, {"shards": shards}) for shards in (4, 5, 100)),
        (there(statefulsets=tuple(statefulset(DECLARED, shard) for shard in range(5))), {"shards": 3}),
        (LIVE, {"shards": 5, "replicas": 2}),
        (LIVE, {"require_full_coverage": True, "preferred_endpoint_type": "hostname", "config": {"hz": 20}}),
        (LIVE, {"replicas": 0, "accept_no_replicas": True}),
        (replace(LIVE, kube_nodes=(KubeNode("last"),)), {"shards": 5}),
        (LIVE, {"storage": {"size": "8192Mi", "type": "persistent_claim", "class": ""}}),
        (LIVE, {"resources": {"limits": {"memory": "1024Mi"}, "requests": {"cpu": "0.25", "memory": "1Gi"}}}),
    ],
)
def test_what_may_be(seen: Instance, given: dict[str, Any]) -> None:
    assert problems(seen, **given) == []


@pytest.mark.parametrize(
    ("taint", "toleration"),
    [
        (("a", "b", "NoSchedule"), {"key": "a", "value": "c"}),
        (("a", "b", "NoSchedule"), {"key": "a", "operator": "Exists", "effect": "NoExecute"}),
        (("a", "b", "NoSchedule"), {"key": "other", "operator": "Exists"}),
    ],
)
def test_a_toleration_of_something_else(taint: tuple[str, str, str], toleration: dict[str, str]) -> None:
    seen = there(kube_nodes=tuple(KubeNode(name, {}, (taint,)) for name in "xy"))
    assert len(problems(seen, tolerations=(toleration,))) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"replicas": 3},
            (
                "Cannot use redis_cluster_replicas=3: the 4 pods of a shard must run on different Kubernetes nodes, "
                "and 3 of 3 can take them; add nodes, or set redis_cluster_anti_affinity to preferred."
            ),
        ),
        (
            {"persistence": "rdb"},
            (
                'Cannot change redis_cluster_persistence from "aof" to "rdb": servers would start from files of the '
                "other kind, which are old or not there; set it back."
            ),
        ),
        (
            {"nodes_service_name": "nodes"},
            (
                'Cannot change redis_cluster_nodes_service_name from "shop-nodes" to "nodes": serviceName of a '
                "StatefulSet cannot be changed; set it back."
            ),
        ),
        (
            {"storage": {"size": "4Gi"}},
            'Cannot change redis_cluster_storage.size from "8Gi" to "4Gi": a claim cannot shrink; set it back.',
        ),
        (
            {"storage": {"size": "8Gi", "class": "fast"}},
            (
                'Cannot change redis_cluster_storage.class from "" to "fast": volumeClaimTemplates of a StatefulSet '
                "cannot be changed; set it back."
            ),
        ),
    ],
)
def test_a_change_of_a_live_instance(given: dict[str, Any], message: str) -> None:
    assert problems(LIVE, **given) == [message]


MORE = {"storage": {"size": "16Gi"}}
ONE = {"shards": 1, "allow_single_shard": True}
BETWEEN = there(
    claims=(claim(0, 0, "16Gi"), claim(0, 1, "16Gi")),
    secret=secret(**ONE, **MORE),
    started_pods=("shop-0-0", "shop-0-1"),
    orphans=("shop-0-0", "shop-0-1"),
    storage_class_found=False,
    kube_nodes=(),
)
"""A run was killed when it had deleted the only StatefulSet to make it anew; a kube_node and the class went since."""


@pytest.mark.parametrize(
    ("seen", "given"),
    [
        (LIVE, MORE),
        (LEFT, MORE),
        (replace(LEFT, claims=(*LEFT.claims[:-1], claim(2, 1, "16Gi"))), MORE),
        (replace(LIVE, statefulsets=LIVE.statefulsets[1:], orphans=("shop-0-0", "shop-0-1")), MORE),
        (BETWEEN, {**ONE, **MORE}),
        (BETWEEN, {**ONE, "storage": {"size": "32Gi"}}),
    ],
    ids=["live", "claims left", "partly grown", "one StatefulSet is gone", "the only one is gone", "and it grows more"],
)
def test_claims_grow(seen: Instance, given: dict[str, Any]) -> None:
    assert problems(seen, **given) == []


@pytest.mark.parametrize(
    ("seen", "given", "message"),
    [
        (
            BETWEEN,
            {**ONE, **MORE, "persistence": "rdb"},
            (
                'Cannot change redis_cluster_persistence from "aof" to "rdb": servers would start from files of the '
                "other kind, which are old or not there; set it back."
            ),
        ),
        (
            BETWEEN,
            ONE,
            (
                'Cannot use redis_cluster_storage.size="8Gi": the claim data-shop-0-0 of this instance has 16Gi, and '
                "a claim cannot shrink; use 16Gi or more."
            ),
        ),
        (
            replace(LIVE, orphans=("shop-3-1", "shop-3-0", "shop-x")),
            {},
            (
                "Cannot use redis_cluster_shards=3: pods of shard 3 run without their StatefulSet, which a run that "
                "grew claims did not make again; run with 4 first, then with fewer."
            ),
        ),
    ],
)
def test_between_a_statefulset_and_its_successor(seen: Instance, given: dict[str, Any], message: str) -> None:
    """The pods are this instance's, and live."""
    assert problems(seen, **given) == [message]


def test_another_kind_of_storage_of_a_live_instance() -> None:
    assert problems(LIVE, storage={"type": "empty_dir"}) == [
        (
            'Cannot change redis_cluster_storage.type from "persistent_claim" to "empty_dir": volumeClaimTemplates of '
            "a StatefulSet cannot be changed; set it back."
        )
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            {"type": "host_path", "path": "/data/a"},
            {"type": "host_path", "path": "/data/b"},
            (
                'Cannot change redis_cluster_storage.path from "/data/a" to "/data/b": the data would stay behind; '
                "set it back."
            ),
        ),
        (
            {"type": "empty_dir"},
            {"type": "host_path", "path": "/data/b"},
            (
                'Cannot change redis_cluster_storage.type from "empty_dir" to "host_path": the data would stay '
                "behind; set it back."
            ),
        ),
    ],
)
def test_storage_without_claims(before: dict[str, Any], after: dict[str, Any], message: str) -> None:
    live = statefulset(declared.text(wish(storage=before)), claim_templates={})
    seen = there(statefulsets=(live,), started_pods=("shop-0-0",))
    assert problems(seen, storage=before) == []
    assert problems(seen, storage=after) == [message]


@pytest.mark.parametrize(
    ("claims", "how"),
    [((), ""), (LIVE.claims, ", with redis_cluster_delete_claims unless its claims hold data that is needed,")],
)
def test_what_has_never_run_may_also_be_made_anew(claims: tuple[Claim, ...], how: str) -> None:
    assert problems(replace(LIVE, started_pods=(), claims=claims), port=7000) == [
        (
            "Cannot change redis_cluster_port from 6379 to 7000: members, modules and clients reach "
            "all pods at one port, "
            "and pods that restart one by one would have two; set it back, or, as none of its servers runs, remove the "
            f"instance{how} and create it again."
        )
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"image": "redis:8.8.3"},
        {"image": "redis:8.6.1"},
        {"resources": {"limits": {"memory": "2Gi"}}},
        {"config": {"IO-threads": 4}},
        {"modules": ()},
        {"maxmemory_percent": 60},
        {"cluster_domain": "example.local"},
        {"node_selector": {"a": "b"}, "tolerations": ({"key": "a"},), "affinity": {"podAntiAffinity": {}}},
        {"anti_affinity": "preferred", "topology_spread_constraints": (), "priority_class": "high"},
        {"pod_security_context": {}, "container_security_context": {}},
        {"extra_volumes": ({"name": "a"},), "extra_volume_mounts": ({"name": "a"},)},
        {"termination_grace_period": 90},
    ],
)
def test_what_a_restart_of_each_pod_brings_about(given: dict[str, Any]) -> None:
    assert problems(LIVE, **given) == []


def test_the_size_of_an_empty_dir_is_taken_up_by_a_restart() -> None:
    before, after = {"type": "empty_dir", "size": "1Gi"}, {"type": "empty_dir", "size": "2Gi"}
    live = statefulset(declared.text(wish(storage=before)), claim_templates={})
    assert problems(there(statefulsets=(live,), started_pods=("shop-0-0",)), storage=after) == []


@pytest.mark.parametrize("name", ["bus_port", "ip_family", "port"])
def test_what_pods_that_restart_one_by_one_cannot_take_up(name: str) -> None:
    value = {"bus_port": 17000, "ip_family": "ipv6", "port": 7000}[name]
    (message,) = problems(LIVE, **{name: value})
    assert message.startswith(f"Cannot change redis_cluster_{name} from ")
    assert message.endswith(f": {declared.FIXED[name]}; set it back.")


OLDER = (
    "redis-8.4.5 is of an older branch than redis-8.6.7, which pods run, and does not read its data "
    "(RDB format 13 and 12)"
)
ADVICE = "use that version or a newer one of its family; to go back, make a new instance and copy the data"


@pytest.mark.parametrize(
    ("running", "image", "reason"),
    [
        ({"8.6.7"}, "redis:8.4.5", OLDER),
        ({"8.4.5", "8.6.7"}, "redis:8.4.5", OLDER),
        (set(), "redis:8.4.5", OLDER),
        ({"8.4.5"}, "redis:8.4.6", ""),
        (
            {"8.6.7"},
            "valkey/valkey:9.0.5",
            "pods that run redis-8.6.7 cannot become valkey one by one, the two do not follow each other",
        ),
    ],
    ids=["back", "back from the middle", "nothing runs", "back to what runs still", "other family"],
)
def test_versions_are_judged_by_what_runs(running: set[str], image: str, reason: str) -> None:
    """The annotation says 8.6.7, which an earlier run wanted and may not have brought to any pod."""
    expected = [f'Cannot use redis_cluster_image="{image}": {reason}; {ADVICE}.'] if reason else []
    assert problems(replace(LIVE, started_versions=frozenset(running)), image=image) == expected


def test_more_servers_than_can_be_are_not_compared_with_what_is_there() -> None:
    verdict = validation.of_instance(wish(shards=10**9), LIVE)
    assert verdict == validation.Verdict()


@pytest.mark.parametrize("limits", ["1Gi", None])
def test_resources_that_are_no_dictionaries(limits: Any) -> None:
    """They are refused by another sentence."""
    assert problems(LIVE, resources={"limits": limits}) == []


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            {"pod_management": "OrderedReady"},
            (
                "Cannot use StatefulSet shop-0: its podManagementPolicy is not that of this collection and cannot "
                "be changed; choose another redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            {"selector": {"app": "shop"}},
            (
                "Cannot use StatefulSet shop-0: its selector is not that of this collection and cannot be changed; "
                "choose another redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            {"claim_templates": {"data": ClaimTemplate("8Gi", "", ("ReadWriteMany",))}},
            (
                "Cannot use StatefulSet shop-0: its accessModes is not that of this collection and cannot be "
                "changed; choose another redis_cluster_name, or remove it by hand."
            ),
        ),
        (
            {"annotations": {}},
            (
                "Cannot use StatefulSet shop-0: its annotation k8sredis.io/declared does not say how it was "
                "declared; restore the annotation from another StatefulSet of the instance, or remove it by hand."
            ),
        ),
        (
            {"annotations": {"k8sredis.io/declared": '{"format": 99}'}},
            (
                "Cannot use StatefulSet shop-0: its annotation k8sredis.io/declared does not say how it was "
                "declared; restore the annotation from another StatefulSet of the instance, or remove it by hand."
            ),
        ),
    ],
)
def test_a_statefulset_that_is_not_as_ours(found: dict[str, Any], message: str) -> None:
    assert problems(there(statefulsets=(statefulset(DECLARED, **found),))) == [message]


def test_a_run_that_was_killed_amid_the_objects_goes_on() -> None:
    assert problems(there(statefulsets=(statefulset(DECLARED),), claims=(claim(0, 0),))) == []


@pytest.mark.parametrize(
    ("seen", "given", "messages"),
    [
        (
            LEFT,
            {"shards": 4},
            [
                (
                    "Cannot change redis_cluster_shards from 3 to 4: its claims are those of so many members; only "
                    "an instance that runs is scaled; set it back, or delete its claims if their data is not needed."
                )
            ],
        ),
        (
            LEFT,
            {"persistence": "none"},
            [
                (
                    'Cannot change redis_cluster_persistence from "aof" to "none": servers would start from files '
                    "of the other kind, which are old or not there; set it back, or delete its claims if their data "
                    "is not needed."
                )
            ],
        ),
        (
            replace(LEFT, secret=None, claims=(*LEFT.claims, claim(3, 0))),
            {},
            [
                (
                    "Cannot use redis_cluster_shards=3: claims of this instance are left that it would not use: "
                    "data-shop-3-0; declare as many shards and replicas as it had, or delete all its claims if "
                    "their data is not needed."
                )
            ],
        ),
        (
            LEFT,
            {"storage": {"size": "4Gi"}},
            [
                (
                    'Cannot use redis_cluster_storage.size="4Gi": the claim data-shop-0-0 of this instance has 8Gi, '
                    "and a claim cannot shrink; use 8Gi or more."
                )
            ],
        ),
        (
            replace(LEFT, claims=(*LEFT.claims[:-1], claim(2, 1, "16Gi"))),
            {},
            [
                (
                    'Cannot use redis_cluster_storage.size="8Gi": the claim data-shop-2-1 of this instance has 16Gi, '
                    "and a claim cannot shrink; use 16Gi or more."
                )
            ],
        ),
        (
            LEFT_IN_STANDARD,
            {"storage": {"size": "8Gi", "class": "fast"}},
            [
                (
                    'Cannot use redis_cluster_storage.class="fast": claims of this instance have the class '
                    "'standard'; use standard, or delete the claims if their data is not needed."
                )
            ],
        ),
        (
            LEFT,
            {"storage": {"size": "8Gi", "class": "fast"}},
            [
                (
                    "Cannot use redis_cluster_storage.class=\"fast\": claims of this instance have the class ''; "
                    "use no class, or delete the claims if their data is not needed."
                )
            ],
        ),
        (
            replace(LEFT, secret=secret(storage={"size": "8Gi", "class": "fast"})),
            {},
            [
                (
                    "Cannot use redis_cluster_storage.class=\"\": claims of this instance have the class 'fast'; "
                    "use fast, or delete the claims if their data is not needed."
                )
            ],
        ),
        (replace(LEFT, claims=(*LEFT.claims, claim(3, 0))), {}, []),  # kept by a scale-in
        (replace(LEFT, claims=(*LEFT.claims, claim(3, 0), claim(3, 1))), {"shards": 4}, []),  # one that was interrupted
        (LEFT, {"storage": {"size": "8192Mi"}}, []),
        (LEFT_IN_STANDARD, {"storage": {"size": "8Gi"}}, []),
        (LEFT_IN_STANDARD, {"storage": {"size": "8Gi", "class": "standard"}}, []),
        (
            LEFT,
            {"storage": {"type": "empty_dir"}},
            [
                (
                    'Cannot use redis_cluster_storage.type="empty_dir": 6 claims of this instance hold its data; '
                    "use persistent_claim, or delete the claims if their data is not needed."
                )
            ],
        ),
        (
            LEFT,
            {"image": "redis:8.4.6"},
            [
                (
                    'Cannot use redis_cluster_image="redis:8.4.6": redis-8.4.6 cannot load the data that redis-8.6.7 '
                    "left in the claims of this instance; use redis-8.6.7 or a newer one of its family."
                )
            ],
        ),
        (
            LEFT,
            {"image": "valkey/valkey:9.1.1"},
            [
                (
                    'Cannot use redis_cluster_image="valkey/valkey:9.1.1": valkey-9.1.1 cannot load the data that '
                    "redis-8.6.7 left in the claims of this instance; use redis-8.6.7 or a newer one of its family."
                )
            ],
        ),
        (LEFT, {"image": "redis:8.6.5"}, []),
        (LEFT, {"image": "redis:8.8.3", "resources": {"limits": {"memory": "2Gi"}}}, []),
        (replace(LEFT, secret=None), {}, []),
    ],
)
def test_claims_of_a_removed_instance(seen: Instance, given: dict[str, Any], messages: list[str]) -> None:
    assert problems(seen, **given) == messages


def test_skipped_checks() -> None:
    unreadable = frozenset({"nodes", "storageclasses", "namespaces", "controllerrevisions"})
    assert validation_live.skipped(there(unreadable=unreadable)) == [
        "Stale ConfigMaps were not looked for: the user may not list controller revisions.",
        "Whether the namespace exists and what it allows was not checked: the user may not read namespaces.",
        "Whether there are enough Kubernetes nodes was not checked: the user may not list nodes.",
        "Whether the StorageClass exists was not checked: the user may not read storage classes.",
    ]


def test_stale_config_maps() -> None:
    seen = there(
        config_maps=frozenset({"shop-config", "shop-boot-1", "shop-boot-2", "shop-boot-3"}),
        referred_config_maps=frozenset({"shop-config", "shop-boot-1"}),
    )
    assert validation_live.stale_config_maps(seen, frozenset({"shop-boot-3"})) == ["shop-boot-2"]
    hidden = replace(seen, unreadable=frozenset({"controllerrevisions"}))
    assert validation_live.stale_config_maps(hidden, frozenset()) == []
