# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor finds: each finding in a cluster that is healthy but for one thing, and nothing where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import budgets, health, owners, rollout, waiting
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding, OpenSlot, View

from tests.environment import CHECKOUT
from tests.unit.decide import views
from tests.unit.decide.views import fresh_view, healthy, names, stranger, wish
from tests.unit.stand_ins.cluster import node_id

WELL = healthy(3, 1)


def found(view: View, code: str) -> list[Finding]:
    return [finding for finding in health.findings(view) if finding.code == code]


def forget(view: View, holder: str, gone: str) -> View:
    table = tuple(entry for entry in views.node(view, holder).table if entry.id != views.node(view, gone).id)
    return views.change(view, holder, table=table)


def on_nodes(*kube_nodes: str, zones: str = "") -> View:
    """Three shards of two; pods are put on these nodes (in these zones) by name."""
    where = dict(zip(names(3, 1), kube_nodes, strict=True))
    zone = dict(zip(names(3, 1), zones or " " * 6, strict=True))
    return healthy(3, 1, lambda one: replace(one, kube_node=where[one.name], zone=zone[one.name].strip()))


def masters_on(*kube_nodes: str) -> View:
    """As many shards without replicas, their masters there."""
    return healthy(
        len(kube_nodes),
        0,
        lambda one: replace(one, kube_node=kube_nodes[one.shard or 0], zone=kube_nodes[one.shard or 0]),
    )


def everywhere_set(settings: dict[str, str] | None) -> View:
    return View(tuple(replace(one, settings=settings) for one in WELL.nodes))


IPV6 = healthy(3, 1, lambda one: replace(one, host=f"fd00::{'a' if one.ordinal == 0 else 'b'}{one.shard or ''}"))
DEMOTED = views.entry(WELL, "shop-0-0", "shop-1-0", role="slave", master_id=node_id("shop-1-1"))
LATE = views.info(views.info(WELL, "shop-0-0", master_repl_offset="2000000"), "shop-0-1", slave_repl_offset="951423")
ACKNOWLEDGED = "ip=10.0.0.2,port=6379,state=online,offset=951424,lag=0"
CHAIN = views.everywhere(healthy(3, 2), "shop-0-2", master_id=node_id("shop-0-1"))
ABROAD = views.everywhere(WELL, "shop-0-1", master_id=node_id("shop-1-0"))
OLD = views.info(WELL, "shop-0-0", redis_version="7.0.15")
VALKEY = views.info(WELL, "shop-0-0", redis_version="7.2.4", valkey_version="9.1.2")

FINDINGS = [
    ("no_members", View(), "critical", "cluster", "no member was found"),
    ("unreachable", views.answers_not(WELL, "shop-1-1"), "critical", "shop-1-1", "Connection refused"),
    (
        "unreachable",
        views.answers_not(WELL, "shop-1-1", waiting="its pod does not exist"),
        "critical",
        "shop-1-1",
        "its pod does not exist",
    ),
    (
        "handshake",
        views.knowing(WELL, "shop-0-0", stranger("x", "handshake"), stranger("y", "handshake")),
        "warning",
        "shop-0-0",
        "2 nodes are in handshake (10.9.9.9:6379)",
    ),
    ("partition", forget(WELL, "shop-0-0", "shop-1-0"), "critical", "shop-0-0", "does not know shop-1-0"),
    (
        "partition",
        forget(forget(WELL, "shop-0-0", "shop-1-0"), "shop-0-0", "shop-2-1"),
        "critical",
        "shop-0-0",
        "does not know shop-1-0, shop-2-1",
    ),
    (
        "wrong_address",
        views.place(healthy(2, 0), "shop-1-0", host="10.7.7.7"),
        "critical",
        "shop-0-0",
        "has shop-1-0 at 10.0.1.1:6379, it is at 10.7.7.7:6379",
    ),
    (
        "wrong_address",
        views.entry(WELL, "shop-0-0", "shop-1-0", host="", port=0),
        "critical",
        "shop-0-0",
        "has shop-1-0 at no address, it is at 10.0.1.1:6379",
    ),
    (
        "stranger",
        views.knowing(WELL, "shop-0-0", stranger("x")),
        "critical",
        "shop-0-0",
        f"knows {node_id('x')[:12]} at 10.9.9.9:6379, which is not a member",
    ),
    (
        "link_down",
        views.entry(WELL, "shop-0-0", "shop-1-0", connected=False),
        "warning",
        "shop-0-0",
        "has no link to shop-1-0",
    ),
    (
        "peer_failing",
        views.entry(WELL, "shop-0-0", "shop-1-0", flag="fail?"),
        "critical",
        "shop-0-0",
        "holds shop-1-0 for failing",
    ),
    (
        "peer_failing",
        views.entry(WELL, "shop-0-0", "shop-1-0", flag="fail"),
        "critical",
        "shop-0-0",
        "holds shop-1-0 for failing",
    ),
    (
        "open_slot",
        views.entry(
            WELL, "shop-0-0", "shop-0-0", open_slots=(OpenSlot(7, "migrating", "x"), OpenSlot(9, "migrating", "x"))
        ),
        "critical",
        "shop-0-0",
        "2 slots are in migration, first 7 (migrating)",
    ),
    (
        "uncovered_slots",
        views.everywhere(WELL, "shop-0-0", slots=((0, 5459),)),
        "critical",
        "shop-0-0",
        "sees no owner for 1 slots",
    ),
    (
        "uncovered_slots",
        views.entry(WELL, "shop-2-1", "shop-0-0", slots=()),
        "critical",
        "shop-2-1",
        "sees no owner for 5461 slots",
    ),
    (
        "owner_disagreement",
        views.entry(WELL, "shop-2-1", "shop-0-0", slots=()),
        "critical",
        "shop-2-1",
        "gives shop-0-0 the slots none, shop-0-0 says 0-5460",
    ),
    (
        "owner_disagreement",
        views.entry(WELL, "shop-2-1", "shop-1-0", slots=((5461, 10920),)),
        "critical",
        "shop-2-1",
        "gives shop-1-0 the slots 5461-10920, shop-1-0 says 5461-10921",
    ),
    ("role_disagreement", DEMOTED, "warning", "shop-0-0", "takes shop-1-0 for a replica of shop-1-1"),
    (
        "role_disagreement",
        views.entry(WELL, "shop-0-0", "shop-1-1", role="master", master_id=""),
        "warning",
        "shop-0-0",
        "takes shop-1-1 for a master",
    ),
    (
        "role_disagreement",
        views.entry(WELL, "shop-0-0", "shop-1-1", master_id=node_id("x")),
        "warning",
        "shop-0-0",
        f"takes shop-1-1 for a replica of {node_id('x')[:12]}",
    ),
    (
        "role_disagreement",
        views.entry(WELL, "shop-0-1", "shop-0-0", role=""),
        "warning",
        "shop-0-1",
        "takes shop-0-0 for a node without a role",
    ),
    (
        "not_ready",
        views.place(WELL, "shop-1-1", ready=False),
        "warning",
        "shop-1-1",
        "its pod is not Ready yet",
    ),
    (
        "cluster_state",
        views.change(WELL, "shop-0-1", cluster_info={"cluster_state": "fail"}),
        "critical",
        "shop-0-1",
        "cluster_state is fail",
    ),
    (
        "cluster_state",
        views.change(WELL, "shop-0-1", cluster_info={}),
        "critical",
        "shop-0-1",
        "cluster_state is unknown",
    ),
    ("out_of_sync", LATE, "warning", "shop-0-1", "is 1048577 bytes behind"),
    (
        "out_of_sync",
        views.info(WELL, "shop-0-1", master_link_status="down"),
        "warning",
        "shop-0-1",
        "its link to the master is down",
    ),
    (
        "out_of_sync",
        views.info(WELL, "shop-0-1", master_sync_in_progress="1"),
        "warning",
        "shop-0-1",
        "its first synchronisation is under way",
    ),
    (
        "out_of_sync",
        views.info(WELL, "shop-0-1", role="master"),
        "warning",
        "shop-0-1",
        "is to be a replica and does not replicate yet",
    ),
    (
        "stale_master_address",
        views.info(WELL, "shop-0-1", master_host="10.6.6.6"),
        "critical",
        "shop-0-1",
        "follows its master at 10.6.6.6, a former address",
    ),
    (
        "stale_master_address",
        views.info(WELL, "shop-0-1", master_host=""),
        "critical",
        "shop-0-1",
        "follows its master at no address, a former address",
    ),
    ("chained_replica", CHAIN, "warning", "shop-0-2", "replicates shop-0-1, itself a replica"),
    (
        "ghost",
        views.knowing(WELL, "shop-0-0", stranger("x", "fail")),
        "warning",
        node_id("x")[:12],
        "is known at 10.9.9.9, but no member has this id",
    ),
    (
        "ghost",
        views.knowing(WELL, "shop-0-0", stranger("x", "fail", "noaddr", host="", slots=((0, 1),))),
        "critical",
        node_id("x")[:12],
        "is known at no address, but no member has this id",
    ),
    ("wrong_shard", ABROAD, "warning", "shop-0-1", "is of shard 0 and replicates shop-1-0 of shard 1"),
    (
        "master_beside_replica",
        on_nodes("n1", "n1", "n2", "n3", "n3", "n2"),
        "warning",
        "shop-0-1",
        "runs on n1, beside its master shop-0-0",
    ),
    ("masters_on_one_kube_node", masters_on("n1", "n1", "n2"), "warning", "n1", "2 of 3 masters run there"),
    ("masters_on_one_kube_node", masters_on("n1", "n1", "n2", "n3"), "warning", "n1", "2 of 4 masters run there"),
    ("masters_on_one_zone", masters_on("n1", "n1", "n1"), "warning", "n1", "3 of 3 masters run there"),
    (
        "zone_unknown",
        on_nodes("n1", "n2", "n1", "n2", "n1", "n2", zones="a aaaa"),
        "info",
        "placement",
        "the zone of shop-0-1 is not known",
    ),
    (
        "shard_without_replica",
        views.without(WELL, "shop-1-1"),
        "warning",
        "shop-1-0",
        "has no replica",
    ),
    (
        "no_persistence",
        views.setting(views.setting(WELL, "shop-1-1", appendonly="no"), "shop-2-0", appendonly="no"),
        "info",
        "shop-1-1, shop-2-0",
        "writes neither an append-only file nor snapshots",
    ),
    (
        "persistence_failing",
        views.info(WELL, "shop-1-1", rdb_last_bgsave_status="err"),
        "critical",
        "shop-1-1",
        "rdb_last_bgsave_status is err",
    ),
    (
        "persistence_failing",
        views.info(WELL, "shop-1-1", aof_last_write_status="err"),
        "critical",
        "shop-1-1",
        "aof_last_write_status is err",
    ),
    (
        "persistence_failing",
        views.info(WELL, "shop-1-1", aof_last_bgrewrite_status="err"),
        "critical",
        "shop-1-1",
        "aof_last_bgrewrite_status is err",
    ),
    (
        "memory_near_maxmemory",
        views.info(WELL, "shop-1-0", used_memory="900000"),
        "warning",
        "shop-1-0",
        "uses 900000 of 1000000 bytes",
    ),
    ("maxmemory_unset", views.info(WELL, "shop-1-0", maxmemory="0"), "info", "shop-1-0", "has no maxmemory"),
    ("loading", views.info(WELL, "shop-1-0", loading="1"), "warning", "shop-1-0", "is loading its data"),
    ("version_mix", OLD, "warning", "cluster", "1 nodes run redis 7.0.15, 5 nodes run redis 8.0.2"),
    ("version_mix", VALKEY, "warning", "cluster", "5 nodes run redis 8.0.2, 1 nodes run valkey 9.1.2"),
    (
        "config_drift",
        views.setting(WELL, "shop-1-0", appendonly="no", save="1 1"),
        "warning",
        "cluster",
        "appendonly is 'no' on 1, 'yes' on 5",
    ),
]


@pytest.mark.parametrize(
    ("code", "view", "severity", "subject", "seen"), FINDINGS, ids=[f"{row[0]}: {row[4]}" for row in FINDINGS]
)
def test_finding(code: str, view: View, severity: str, subject: str, seen: str) -> None:
    first = found(view, code)[0]
    assert (first.severity, first.subject, first.seen) == (severity, subject, seen)
    assert first.advice


def test_every_check_has_a_finding_above() -> None:
    checks = {check.__name__ for check in health.CONVERGENCE + health.CARE}
    names_of_codes = {"open_slot": "open_slots", "cluster_state": "state_not_ok", "zone_unknown": "unknown_zones"}
    names_of_codes |= {"config_drift": "settings_mix", "masters_on_one_zone": "masters_together"}
    names_of_codes |= {"masters_on_one_kube_node": "masters_together"}
    codes = {row[0] for row in FINDINGS} | {"equal_epochs"}
    assert {names_of_codes.get(code, code) for code in codes} == checks


def test_masters_with_equal_epochs_are_all_named() -> None:
    equal = views.everywhere(WELL, "shop-1-0", epoch=views.node(WELL, "shop-0-0").myself.epoch)
    assert [finding.text for finding in found(equal, "equal_epochs")] == [
        "shop-0-0: shares config epoch 1 with another master",
        "shop-1-0: shares config epoch 1 with another master",
    ]


WELL_ENOUGH = [
    ("a healthy cluster", WELL),
    ("replicas of the same epoch as their master", views.everywhere(WELL, "shop-0-1", epoch=1)),
    ("a replica a little behind", views.info(LATE, "shop-0-1", slave_repl_offset="951424")),
    ("a replica late by its own word only", views.info(LATE, "shop-0-0", slave0=ACKNOWLEDGED)),
    ("a replica of a master that is written to", views.info(LATE, "shop-0-0", instantaneous_output_repl_kbps="1.00")),
    ("a replica ahead of what its master said a moment ago", views.info(WELL, "shop-0-1", slave_repl_offset="5000000")),
    ("snapshots instead of an append-only file", everywhere_set({"appendonly": "no", "save": "3600 1"})),
    ("settings that may not be read", everywhere_set(None)),
    ("one member's settings may not be read", views.change(WELL, "shop-0-0", settings=None)),
    ("maxmemory differs", views.setting(WELL, "shop-0-0", maxmemory="5")),
    ("memory well below maxmemory", views.info(WELL, "shop-1-0", used_memory="899999")),
    ("each on a node of its own", on_nodes("n1", "n2", "n3", "n4", "n5", "n6", zones="abcabc")),
    ("masters on three nodes, replicas beside others", on_nodes("n1", "n2", "n2", "n3", "n3", "n1", zones="abbcca")),
    ("IPv6 addresses, one of which Kubernetes writes otherwise", views.place(IPV6, "shop-1-1", host="fd00:0:0::B1")),
]


@pytest.mark.parametrize("view", [row[1] for row in WELL_ENOUGH], ids=[row[0] for row in WELL_ENOUGH])
def test_no_finding(view: View) -> None:
    assert health.findings(view) == ()


def test_two_masters_on_two_nodes_are_as_far_apart_as_can_be() -> None:
    assert found(masters_on("n1", "n2"), "masters_on_one_kube_node") == []


def test_one_master_of_five_nodes_may_have_company() -> None:
    assert found(masters_on("n1", "n1", "n2", "n2", "n3"), "masters_on_one_kube_node") == []


def test_no_members_are_the_only_finding() -> None:
    assert [finding.code for finding in health.findings(View())] == ["no_members"]
    assert not health.is_healthy(health.findings(View()))


def test_unknown_ids_are_not_judged_while_a_member_is_silent() -> None:
    silent = views.answers_not(views.knowing(WELL, "shop-0-0", stranger("x"), stranger("y", "fail")), "shop-1-0")
    assert found(silent, "stranger") == found(silent, "ghost") == []


def test_a_failing_stranger_is_a_ghost_and_no_stranger() -> None:
    lost = views.knowing(WELL, "shop-0-0", stranger("x", "fail"))
    assert (found(lost, "stranger"), len(found(lost, "ghost"))) == ([], 1)


def test_a_ghost_that_all_know_is_one_finding() -> None:
    everywhere = WELL
    for one in WELL.nodes:
        everywhere = views.knowing(everywhere, one.name, stranger("x", "fail"))
    assert len(found(everywhere, "ghost")) == 1


def test_advice_about_a_ghost_depends_on_its_slots() -> None:
    empty, full = (
        found(views.knowing(WELL, "shop-0-0", stranger("x", "fail", slots=slots)), "ghost")[0].advice
        for slots in ((), ((0, 9),))
    )
    assert (empty, full) == (
        "forget it on all nodes when it is gone for good",
        "bring back its data, it serves 10 slots",
    )


def test_after_an_outage_each_member_has_one_finding_about_all_the_others() -> None:
    outage = WELL
    for number, one in enumerate(WELL.nodes):
        outage = views.place(outage, one.name, host=f"10.7.7.{number}")
    seen = [finding.seen for finding in found(outage, "wrong_address")]
    assert len(seen) == 6
    assert seen[0] == "has shop-0-1 at 10.0.0.2:6379, it is at 10.7.7.1:6379, and 4 more like it"


def test_wrong_roles_are_one_finding_of_each_member() -> None:
    wrong = views.entry(DEMOTED, "shop-0-0", "shop-1-1", role="master", master_id="")
    assert [finding.seen for finding in found(wrong, "role_disagreement")] == [
        "takes shop-1-0 for a replica of shop-1-1, and 1 more like it"
    ]


def test_a_replica_of_a_silent_master_is_out_of_sync_by_its_link_alone() -> None:
    silent = views.answers_not(WELL, "shop-0-0")
    assert found(silent, "out_of_sync") == []
    assert len(found(views.info(silent, "shop-0-1", master_link_status="down"), "out_of_sync")) == 1


def test_phases_look_at_ever_more() -> None:
    assert set(health.MEETING) < set(health.OWNERSHIP) < set(health.CONVERGENCE)
    assert not set(health.CONVERGENCE) & set(health.CARE)


@pytest.mark.parametrize(("severity", "healthy_"), [("critical", False), ("warning", True), ("info", True)])
def test_only_critical_findings_make_it_unhealthy(severity: str, healthy_: bool) -> None:
    assert health.is_healthy((Finding("loading", severity, "shop-0-0", "", ""),)) is healthy_


def test_new_pods_are_not_healthy() -> None:
    assert not health.is_healthy(health.findings(fresh_view(3, 1)))


def test_findings_come_in_the_order_of_the_checks() -> None:
    view = views.info(views.answers_not(WELL, "shop-1-1"), "shop-0-0", loading="1")
    assert [finding.code for finding in health.findings(view)] == ["unreachable", "shard_without_replica", "loading"]


EVICTING = {"maxmemory-policy": "allkeys-lru", "cluster-node-timeout": "1000"}
BY_A_RUN, BY_A_RESTART = "a run sets it back", "a restart of its pod brings it"

DRIFT: list[tuple[str, View, dict[str, str], list[tuple[str, str]]]] = [
    ("as declared", WELL, {"cluster-node-timeout": "5000"}, []),
    (
        "a setting differs",
        views.setting(WELL, "shop-1-0", cluster_node_timeout="1000"),
        {"cluster-node-timeout": "5000"},
        [("shop-1-0: cluster-node-timeout is '1000', declared is '5000'", BY_A_RUN)],
    ),
    (
        "settings differ everywhere",
        everywhere_set(EVICTING),
        {"maxmemory-policy": "noeviction", "cluster-node-timeout": "5000"},
        [
            (
                "shop-0-0, shop-0-1, shop-1-0, shop-1-1 and 2 more: cluster-node-timeout is '1000', declared is '5000'",
                BY_A_RUN,
            ),
            (
                (
                    "shop-0-0, shop-0-1, shop-1-0, shop-1-1 and 2 more: maxmemory-policy is 'allkeys-lru', declared is "
                    "'noeviction'"
                ),
                BY_A_RUN,
            ),
        ],
    ),
    (
        "one setting in two ways",
        views.setting(views.setting(WELL, "shop-0-0", hz="10"), "shop-1-0", hz="20"),
        {"hz": "100"},
        [("shop-0-0: hz is '10', declared is '100'", BY_A_RUN), ("shop-1-0: hz is '20', declared is '100'", BY_A_RUN)],
    ),
    (
        "one that only a restart brings",
        views.setting(WELL, "shop-0-0", tcp_backlog="511"),
        {"tcp-backlog": "1024"},
        [("shop-0-0: tcp-backlog is '511', declared is '1024'", BY_A_RESTART)],
    ),
    ("a setting that is not told", WELL, {"hz": "100"}, []),
    ("settings that may not be read", views.change(WELL, "shop-1-0", settings=None), {"appendonly": "yes"}, []),
]


@pytest.mark.parametrize(("view", "declared", "seen"), [row[1:] for row in DRIFT], ids=[row[0] for row in DRIFT])
def test_drift(view: View, declared: dict[str, str], seen: list[tuple[str, str]]) -> None:
    found_ = list(health.config_drift(view, declared))
    assert [(finding.text, finding.advice) for finding in found_] == seen
    assert {(finding.code, finding.severity) for finding in found_} <= {("config_drift", "warning")}


@pytest.mark.parametrize(
    ("shards", "texts"),
    [
        (3, []),
        (4, ["cluster: 3 masters serve slots, wished are 4 shards"]),
        (2, ["cluster: 3 masters serve slots, wished are 2 shards"]),
    ],
)
def test_other_shards_than_wished(shards: int, texts: list[str]) -> None:
    assert [finding.text for finding in health.shards_differ(WELL, wish(shards, 1))] == texts


VERSIONS = [
    ({"redis_version": "8.0.2"}, "redis 8.0.2"),
    ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "valkey 9.1.2"),
    ({}, "redis unknown"),
]


@pytest.mark.parametrize(("info", "text"), VERSIONS)
def test_version(info: dict[str, str], text: str) -> None:
    assert health.version(views.change(WELL, "shop-0-0", info=info).nodes[0]) == text


def test_every_finding_is_explained() -> None:
    """docs/findings.md has a heading for each code that the source of the doctor names, and for no other."""
    modules = (budgets, health, owners, rollout, waiting)
    source = "".join(Path(str(each.__file__)).read_text(encoding="utf-8") for each in modules)
    kinds = ("kube_node", "zone")
    named = set(re.findall(r"Finding\(\s*f?\"([^\"]+)\"", source))
    codes = {code.format(kind=kind) for code in named for kind in kinds}
    explained = set(
        re.findall(r"^## (\w+)$", (CHECKOUT / "docs/findings.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert codes == explained
