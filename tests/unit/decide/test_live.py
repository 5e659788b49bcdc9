# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live directives as declared, and whether what a server says means the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, live
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

from tests.unit.decide.declarations import wish

OURS = {
    "cluster-node-timeout": "5000",
    "cluster-preferred-endpoint-type": "ip",
    "cluster-require-full-coverage": "no",
    "repl-diskless-sync-delay": "0",
}


def test_without_directives_of_the_user() -> None:
    assert live.declared(declared.declared(wish())) == OURS


def test_directives_of_the_user_and_what_is_left_out() -> None:
    config = {
        "Maxmemory-Policy": "allkeys-lru",
        "repl-diskless-sync-delay": 3,
        "save": ["3600 1", "60 10"],
        "io-threads": 4,  # read at the start only, and compared all the same
        "client-output-buffer-limit": ["pubsub 64mb 16mb 90", "replica 1gb 1gb 60"],
        "nobody-knows-this": "x",
        "requirepass": "canary",
    }
    found = live.declared(declared.declared(wish(config=config, node_timeout=9000, require_full_coverage=True)))
    assert found == {
        **OURS,
        "cluster-node-timeout": "9000",
        "cluster-require-full-coverage": "yes",
        "maxmemory-policy": "allkeys-lru",
        "repl-diskless-sync-delay": "3",
        "save": "3600 1 60 10",
        "io-threads": "4",
        "client-output-buffer-limit": "pubsub 64mb 16mb 90 replica 1gb 1gb 60",
    }


def test_a_cluster_made_by_others_declares_nothing() -> None:
    assert live.declared({}) == {}


def test_an_annotation_that_does_not_know_the_node_timeout() -> None:
    assert "cluster-node-timeout" not in live.declared({"config": {}})


@pytest.mark.parametrize(
    ("name", "seen", "wished"),
    [
        ("maxmemory", "1073741824", "1GB"),
        ("maxmemory-policy", "allkeys-lru", "ALLKEYS-LRU"),
        ("save", "3600 1 60 10", "3600  1 60 10"),
        ("save", "", ""),
        ("notify-keyspace-events", "AKE", "KEA"),
        ("notify-keyspace-events", "AK", "Kg$lshzxetd"),
        ("maxmemory-clients", "5%", "5%"),
        ("active-defrag-max-scan-fields", "1000", "1000"),
        ("latency-tracking-info-percentiles", "50 99 99.9", "50 99.0 99.9"),
        ("client-output-buffer-limit", "normal 0 0 0 slave 1048576 0 60 pubsub 0 0 0", "replica 1mb 0 60"),
        ("client-output-buffer-limit", "normal 0 0 0 slave 1048576 0 60", "SLAVE 9mb 0 60 replica 1mb 0 60"),
        ("shutdown-on-sigterm", "save force", "force save"),
        ("oom-score-adj", "yes", "relative"),
        ("activedefrag", "no", "No"),
    ],
)
def test_the_same_in_other_words(name: str, seen: str, wished: str) -> None:
    assert not live.differs(name, seen, wished)


@pytest.mark.parametrize(
    ("name", "seen", "wished"),
    [
        ("maxmemory", "1000000000", "1gb"),
        ("save", "", "3600 1"),
        ("notify-keyspace-events", "", "KEA"),
        ("notify-keyspace-events", "KEx", "KEe"),
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
        ("maxmemory-clients", "5%", "5"),
        ("client-output-buffer-limit", "normal 0 0 0 slave 1048576 0 60 pubsub 0 0 0", "pubsub 1mb 0 60"),
        ("client-output-buffer-limit", "", "replica 1mb 0 60"),
        ("shutdown-on-sigterm", "default", "force"),
        ("oom-score-adj", "no", "relative"),
        ("proc-title-template", "{title} A", "{title} a"),
    ],
)
def test_another_value(name: str, seen: str, wished: str) -> None:
    assert live.differs(name, seen, wished)


@pytest.mark.parametrize("config", [{"hz": 10}, {"hz": [10]}, {"hz": []}, ["hz"], "hz", None])
def test_an_annotation_that_somebody_wrote_into(config: Any) -> None:
    assert "hz" not in live.declared({"config": config})


REDIS = Server("redis", (8, 6, 3))
PLAIN = {
    "appendonly": "yes",
    "client-output-buffer-limit": "normal 0 0 0 replica 160432128 79691776 120 pubsub 33554432 8388608 60",
    "cluster-allow-replica-migration": "no",
    "cluster-node-timeout": "5000",
    "cluster-preferred-endpoint-type": "ip",
    "cluster-require-full-coverage": "no",
    "protected-mode": "yes",
    "repl-backlog-size": "51mb",
    "repl-diskless-sync-delay": "0",
    "save": "",
}
"""What a run sets on an instance whose user declares nothing."""


def wished(now: Declaration, *before: Declaration, server: Server = REDIS) -> dict[str, str]:
    """What is not in PLAIN."""
    found = live.wished(now, server, [declared.declared(each) for each in before])
    return {name: value for name, value in found.items() if PLAIN.get(name) != value}


def test_a_run_wishes_the_whole_of_live_conf() -> None:
    assert live.wished(wish(), REDIS, []) == PLAIN


@pytest.mark.parametrize(
    ("now", "before", "found"),
    [
        ({"hz": 20}, {}, {"hz": "20"}),
        ({"Save": ["3600 1", "60 10"]}, {}, {"save": "3600 1 60 10"}),
        ({"hz": [20, 30]}, {}, {"hz": "30"}),
        ({"io-threads": 4}, {}, {}),
        (
            {"client-output-buffer-limit": ["normal 1mb 0 60", "slave 1gb 0 60"]},
            {},
            {"client-output-buffer-limit": "normal 1048576 0 60 replica 1073741824 0 60 pubsub 33554432 8388608 60"},
        ),
        # Taken out, a directive returns to what the server does by itself, or to what the collection writes.
        ({}, {"hz": 20}, {"hz": "10"}),
        (
            {},
            {"maxmemory-policy": "allkeys-lru", "notify-keyspace-events": "KEA"},
            {"maxmemory-policy": "noeviction", "notify-keyspace-events": ""},
        ),
        ({}, {"save": "60 1", "repl-backlog-size": "1gb", "cluster-node-timeout": 1}, {}),
        ({}, {"client-output-buffer-limit": "normal 1mb 0 60"}, {}),
        ({}, {"io-threads": 4, "nobody-knows-this": 1}, {}),
        ({"replica-priority": 5}, {"slave-priority": 10}, {"replica-priority": "5"}),
    ],
)
def test_what_a_run_sets(now: dict[str, Any], before: dict[str, Any], found: dict[str, str]) -> None:
    assert wished(wish(config=now), wish(config=before)) == found


def test_each_former_run_is_returned_from() -> None:
    """The StatefulSets tell what was reached, the Secret what a killed run was on the way to."""
    former = (wish(config={"hz": 20}), wish(config={"timeout": 9}))
    assert wished(wish(), *former) == {"hz": "10", "timeout": "0"}


GI = 2**30


@pytest.mark.parametrize(
    ("now", "before", "amount"),
    [
        ("1Gi", "1Gi", GI * 70 // 100),
        ("2Gi", "1Gi", GI * 70 // 100),
        ("1Gi", "2Gi", GI * 70 // 100),
        ("1Gi", "", GI * 70 // 100),
        ("", "", 0),
    ],
)
def test_a_maxmemory_that_is_declared_no_more(now: str, before: str, amount: int) -> None:
    """Pods have the former limit until they restart, so it is the smaller one."""
    old = wish(config={"maxmemory": "100mb"}, resources={"limits": {"memory": before}})
    found = wished(wish(resources={"limits": {"memory": now}}), old)
    assert found["maxmemory"] == str(amount)


def test_the_default_is_that_of_the_version() -> None:
    before = wish(config={"active-defrag-cycle-us": 100, "lookahead": 3})
    assert wished(wish(), before, server=Server("redis", (8, 6))) == {"lookahead": "16"}
    assert wished(wish(), before, server=Server("redis", (8, 0, 2))) == {}
    assert wished(wish(), before, server=Server("valkey", (8, 1, 9)))["active-defrag-cycle-us"] == "500"


def test_what_the_user_declared_for_the_start() -> None:
    assert live.boot(wish(config={"IO-threads": 4, "hz": 20, "nobody-knows-this": 1})) == {"io-threads": "4"}
