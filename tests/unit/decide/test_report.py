# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The view as results and as lines for a screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, report
from ansible_collections.k8sredis.core.plugins.module_utils._model import View

from tests.unit.decide import views
from tests.unit.decide.views import endpoint, fresh_view, healthy
from tests.unit.stand_ins.cluster import node_id

WELL = healthy(3, 1, lambda one: replace(one, kube_node=f"n{one.ordinal}", zone="ab"[one.ordinal or 0]))
FULL = views.info(views.info(WELL, "shop-0-0", db0="keys=7,expires=0"), "shop-0-1", db0="keys=7,expires=0")


def node(view: View, name: str) -> dict[str, Any]:
    return next(one for one in report.nodes(view) if one["name"] == name)


def cluster(view: View) -> dict[str, Any]:
    return report.cluster(view, health.findings(view))


def lines(view: View) -> list[str]:
    return report.lines(view, health.findings(view), "shop")


def test_a_master_as_result() -> None:
    assert node(FULL, "shop-0-0") == {
        "name": "shop-0-0",
        "address": "10.0.0.1:6379",
        "hostname": "",
        "id": node_id("shop-0-0"),
        "reachable": True,
        "error": "",
        "role": "master",
        "master": "",
        "shard": 0,
        "slots": [[0, 5460]],
        "keys": 7,
        "link": "",
        "epoch": 1,
        "version": "redis 8.0.2",
        "used_memory": 1000,
        "maxmemory": 1000000,
        "kube_node": "n0",
        "zone": "a",
    }


DIFFERENT = [
    ("a replica", WELL, "shop-0-1", {"role": "replica", "master": "shop-0-0", "link": "up", "slots": [], "shard": 0}),
    (
        "a silent member",
        views.answers_not(WELL, "shop-0-1"),
        "shop-0-1",
        {"role": "unknown", "reachable": False, "error": "Connection refused", "id": "", "version": "", "keys": 0},
    ),
    ("a replica of nobody here", views.without(WELL, "shop-0-0"), "shop-0-1", {"role": "replica", "master": ""}),
    (
        "a host name",
        views.entry(WELL, "shop-0-1", "shop-0-1", hostname="shop-0-1.shop-nodes"),
        "shop-0-1",
        {"hostname": "shop-0-1.shop-nodes"},
    ),
    ("no label", views.place(WELL, "shop-0-1", shard=None), "shop-0-1", {"shard": None}),
]


@pytest.mark.parametrize(("view", "name", "fields"), [row[1:] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_node_as_result(view: View, name: str, fields: dict[str, Any]) -> None:
    found = node(view, name)
    assert {key: found[key] for key in fields} == fields


def test_nodes_are_all_members_in_name_order() -> None:
    view = views.answers_not(WELL, "shop-1-0")
    assert [one["name"] for one in report.nodes(view)] == [one.name for one in WELL.nodes]


def test_shards_in_slot_order() -> None:
    view = views.everywhere(
        views.everywhere(FULL, "shop-0-0", slots=((16383, 16383),)), "shop-2-0", slots=((0, 16382),)
    )
    view = views.everywhere(view, "shop-1-0", slots=())
    assert report.shards(view) == [
        {"master": "shop-2-0", "replicas": ["shop-2-1"], "slots": [[0, 16382]], "slot_count": 16383, "keys": 0},
        {"master": "shop-0-0", "replicas": ["shop-0-1"], "slots": [[16383, 16383]], "slot_count": 1, "keys": 7},
    ]


def test_cluster_as_result() -> None:
    assert cluster(FULL) == {
        "healthy": True,
        "state": "ok",
        "members": 6,
        "answering": 6,
        "shards": 3,
        "slots_covered": 16384,
        "keys": 7,
        "versions": ["redis 8.0.2"],
    }


CLUSTERS = [
    (
        "new pods",
        fresh_view(3, 1),
        {"healthy": False, "state": "fail", "shards": 0, "slots_covered": 0, "answering": 6, "keys": 0},
    ),
    ("a silent replica", views.answers_not(FULL, "shop-1-1"), {"healthy": False, "state": "fail", "answering": 5}),
    (
        "one says fail",
        views.change(FULL, "shop-1-1", cluster_info={"cluster_state": "fail"}),
        {"healthy": False, "state": "fail"},
    ),
    ("no members", View(), {"healthy": False, "state": "fail", "members": 0, "versions": []}),
    ("a silent master", views.answers_not(FULL, "shop-0-0"), {"shards": 2, "slots_covered": 10923, "keys": 0}),
    (
        "two versions",
        views.info(FULL, "shop-0-0", redis_version="7.0.15"),
        {"versions": ["redis 7.0.15", "redis 8.0.2"]},
    ),
]


@pytest.mark.parametrize(("view", "fields"), [row[1:] for row in CLUSTERS], ids=[row[0] for row in CLUSTERS])
def test_cluster_in_other_states(view: View, fields: dict[str, Any]) -> None:
    found = cluster(view)
    assert {key: found[key] for key in fields} == fields


def test_findings_as_result() -> None:
    assert report.findings(health.findings(views.answers_not(healthy(3, 1), "shop-1-1"))) == [
        {
            "code": "unreachable",
            "severity": "critical",
            "subject": "shop-1-1",
            "seen": "Connection refused",
            "advice": "see why it does not run or answer",
        },
        {
            "code": "shard_without_replica",
            "severity": "warning",
            "subject": "shop-1-0",
            "seen": "has no replica",
            "advice": "its slots are lost with it",
        },
    ]


def test_lines_of_a_healthy_cluster() -> None:
    assert lines(FULL) == [
        "shop: healthy, 3 shards, 6 of 6 members answer, 16384 of 16384 slots served, 7 keys",
        "",
        "SHARD  ROLE     NAME      ADDRESS        SLOTS        KEYS  MEMORY   VERSION      NODE  ZONE",
        "0      master   shop-0-0  10.0.0.1:6379  0-5460       7     0.0 MiB  redis 8.0.2  n0    a",
        "0      replica  shop-0-1  10.0.0.2:6379  -            7     0.0 MiB  redis 8.0.2  n1    b",
        "1      master   shop-1-0  10.0.1.1:6379  5461-10921   0     0.0 MiB  redis 8.0.2  n0    a",
        "1      replica  shop-1-1  10.0.1.2:6379  -            0     0.0 MiB  redis 8.0.2  n1    b",
        "2      master   shop-2-0  10.0.2.1:6379  10922-16383  0     0.0 MiB  redis 8.0.2  n0    a",
        "2      replica  shop-2-1  10.0.2.2:6379  -            0     0.0 MiB  redis 8.0.2  n1    b",
        "",
        "Findings:",
        (
            "  warning   masters_on_one_kube_node: n0 3 of 3 masters run there; hand one over to its replica elsewhere "
            "(redis_cluster_rebalance_masters does it by a run)."
        ),
        (
            "  warning   masters_on_one_zone: a 3 of 3 masters run there; hand one over to its replica elsewhere "
            "(redis_cluster_rebalance_masters does it by a run)."
        ),
    ]


def test_lines_without_findings() -> None:
    assert lines(healthy(3, 1))[-2:] == ["", "No findings."]


def test_lines_of_a_silent_member_without_an_address() -> None:
    view = views.place(
        views.answers_not(healthy(2, 0), "shop-1-0", waiting="its pod does not exist"), "shop-1-0", host=""
    )
    assert lines(view)[:5] == [
        "shop: NOT healthy, 1 shards, 1 of 2 members answer, 8192 of 16384 slots served, 0 keys",
        "",
        "SHARD  ROLE     NAME      ADDRESS        SLOTS   KEYS  MEMORY   VERSION      NODE  ZONE",
        "0      master   shop-0-0  10.0.0.1:6379  0-8191  0     0.0 MiB  redis 8.0.2  -     -",
        "1      unknown  shop-1-0  -              -       -     -        -            -     -",
    ]


def names_in(view: View) -> list[str]:
    return [line.split()[2] for line in lines(view)[3 : 3 + len(view.nodes)]]


def test_lines_of_a_shard_begin_with_its_master_also_after_a_failover() -> None:
    view = views.everywhere(healthy(1, 1), "shop-0-0", role="slave", slots=(), master_id=node_id("shop-0-1"))
    view = views.everywhere(view, "shop-0-1", role="master", slots=((0, 16383),), master_id="")
    assert names_in(view) == ["shop-0-1", "shop-0-0"]


def test_lines_of_endpoints_follow_the_slots() -> None:
    view = views.met([endpoint(f"10.0.0.{number}") for number in (1, 2, 3, 4)])
    view = views.everywhere(
        views.everywhere(view, "10.0.0.4:6379", slots=((0, 9),)), "10.0.0.2:6379", slots=((10, 19),)
    )
    view = views.replicating(view, "10.0.0.1:6379", "10.0.0.2:6379")
    view = views.replicating(view, "10.0.0.3:6379", "10.0.0.4:6379")
    assert names_in(view) == [f"10.0.0.{number}:6379" for number in (4, 3, 2, 1)]
