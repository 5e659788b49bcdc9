# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live directives as declared, and whether what a server says means the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, live

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
        "io-threads": 4,  # read at the start only
        "client-output-buffer-limit": "pubsub 64mb 16mb 90",
    }
    found = live.declared(declared.declared(wish(config=config, node_timeout=9000, require_full_coverage=True)))
    assert found == {
        **OURS,
        "cluster-node-timeout": "9000",
        "cluster-require-full-coverage": "yes",
        "maxmemory-policy": "allkeys-lru",
        "repl-diskless-sync-delay": "3",
        "save": "3600 1 60 10",
    }


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
    ],
)
def test_another_value(name: str, seen: str, wished: str) -> None:
    assert live.differs(name, seen, wished)


@pytest.mark.parametrize("config", [{"hz": 10}, {"hz": [10]}, ["hz"], "hz", None])
def test_an_annotation_that_somebody_wrote_into(config: Any) -> None:
    assert "hz" not in live.declared({"config": config})
