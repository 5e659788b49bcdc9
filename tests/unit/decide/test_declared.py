# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotation and the restart hash: what moves them, what does not, and that no release may move them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.decide.declarations import GOOD, wish

GOLDEN = {
    "c33eeaf43d": GOOD,
    "0af11f9ac0": wish(
        image="valkey/valkey:8.1.9",
        persistence="none",
        storage={"type": "empty_dir", "size": "1Gi"},
        modules=("/opt/mine.so",),
        config={"io-threads": 4, "hz": 20, "save": ""},
        port=7000,
        tolerations=({"key": "a", "operator": "Exists"},),
        pod_security_context={"runAsUser": 999},
    ),
}


def test_the_hash_of_a_declaration_never_changes() -> None:
    """A release in which this fails would restart the pods of everybody: change the code, not the numbers."""
    assert {declared.restart_hash(each): each for each in GOLDEN.values()} == GOLDEN


@pytest.mark.parametrize(
    "given",
    [
        {"image": "redis:8.8.3"},
        {"persistence": "rdb"},
        {"modules": ()},
        {"resources": {"limits": {"memory": "2Gi"}}},
        {"maxmemory_percent": 60},
        {"config": {"io-threads": 4}},
        {"config": {"some-directive-nobody-knows": 4}},
        {"storage": {"type": "empty_dir"}},
        {"port": 7000},
        {"bus_port": 17000},
        {"ip_family": "ipv6"},
        {"cluster_domain": "example.local"},
        {"node_selector": {"a": "b"}},
        {"tolerations": ({"key": "a"},)},
        {"affinity": {"podAntiAffinity": {}}},
        {"anti_affinity": "preferred"},
        {"topology_spread_constraints": ({"maxSkew": 1},)},
        {"priority_class": "high"},
        {"pod_security_context": {}},
        {"container_security_context": {}},
        {"extra_volumes": ({"name": "a"},)},
        {"extra_volume_mounts": ({"name": "a"},)},
        {"termination_grace_period": 90},
    ],
)
def test_what_needs_a_restart(given: dict[str, Any]) -> None:
    assert declared.restart_hash(wish(**given)) != declared.restart_hash(GOOD)
    assert declared.changes(declared.declared(GOOD), wish(**given))


@pytest.mark.parametrize(
    "given",
    [
        {"shards": 9},
        {"replicas": 2},
        {"config": {"hz": 50, "maxmemory-policy": "volatile-ttl"}},
        {"node_timeout": 9000},
        {"require_full_coverage": True},
        {"preferred_endpoint_type": "hostname"},
        {"labels": {"a": "b"}, "annotations": {"a": "b"}, "service_annotations": {"a": "b"}},
        {"pod_labels": {"a": "b"}, "pod_annotations": {"a": "b"}},
        {"image_pull_policy": "Always", "image_pull_secrets": ("a",)},
        {"version": "redis-8.6.7"},
        {"client_service": False, "client_service_name": "x", "port_name": "client", "bus_port_name": "gossip"},
        {"application_user": "shop", "application_commands": ("+get",)},
        {"wait_timeout": 5, "lock_duration": 5, "transport": "direct", "create_namespace": True},
        {"storage": {**GOOD.storage, "size": "16Gi", "class": "fast"}},
        {"storage": {**GOOD.storage, "path": "/unused"}},
        {"resources": {"requests": {"cpu": "0.25", "memory": "1024Mi"}, "limits": {"memory": "1Gi"}}},
    ],
)
def test_what_needs_none(given: dict[str, Any]) -> None:
    assert declared.restart_hash(wish(**given)) == declared.restart_hash(GOOD)


def test_every_setting_is_either_told_or_known_to_be_free() -> None:
    free = {
        *("name", "namespace", "create_namespace", "state", "accept_no_replicas", "allow_single_shard"),
        *("scale_in_claims", "balance_by", "weights", "moves", "disruption_budget", "rollout"),
        *("image_pull_policy", "image_pull_secrets", "version"),
        *("application_user", "application_commands", "application_keys", "application_channels"),
        *("port_name", "bus_port_name", "client_service", "client_service_name", "nodes_service_name"),
        *("labels", "annotations", "pod_labels", "pod_annotations", "service_annotations"),
        *("wait_timeout", "lock_duration", "transport", "topology"),
        *("quorum", "down_after", "failover_timeout", "parallel_syncs", "sentinel_port_name"),
        *("replicas_service_name", "sentinel_service_name", "proxy", "proxy_image", "proxy_pods", "proxy_resources"),
    }
    told = set(declared.declared(wish(topology="sentinel"))) - {"format", "server"}
    assert told | free == {each.name for each in fields(Declaration)}
    assert told & free == set()


def test_the_annotation_comes_back_as_it_went() -> None:
    odd = wish(config={"Save": ["3600 1", "60 10"], "activedefrag": True, "hz": 10}, resources={"limits": {"cpu": 2}})
    assert declared.read(declared.text(odd)) == declared.declared(odd)
    assert declared.changes(declared.declared(odd), odd) == []
    assert declared.declared(odd)["config"] == {"activedefrag": ["yes"], "hz": ["10"], "save": ["3600 1", "60 10"]}


def test_what_a_run_sets_on_a_live_instance_is_no_change_to_refuse() -> None:
    before = declared.declared(wish(node_timeout=5000, config={"repl-diskless-sync-delay": 0, "hz": 20}))
    after = wish(node_timeout=9000, require_full_coverage=True, preferred_endpoint_type="hostname", config={"hz": 30})
    assert declared.changes(before, after) == []
    assert declared.changes(before, wish(config={})) == []
    assert [change.setting for change in declared.changes(before, wish(config={"io-threads": 2}))] == [
        "config.io-threads"
    ]


def test_the_same_directive_in_other_words_is_no_change() -> None:
    before = declared.declared(wish(config={"activedefrag": True, "hz": 10}))
    assert declared.changes(before, wish(config={"ActiveDefrag": "yes", "hz": "10"})) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 2}', '{"shards": 3}'])
def test_an_annotation_that_says_nothing(text: str) -> None:
    assert declared.read(text) is None


def test_a_setting_that_did_not_exist_when_the_annotation_was_written_had_its_neutral_value() -> None:
    before = declared.declared(GOOD)
    del before["priority_class"]
    assert declared.changes(before, GOOD) == []
    assert [change.setting for change in declared.changes(before, wish(priority_class="high"))] == ["priority_class"]


@given(st.dictionaries(st.sampled_from(["hz", "io-threads", "save"]), st.text(max_size=5), max_size=3))
def test_the_annotation_is_one_line_of_json(config: dict[str, str]) -> None:
    text = declared.text(wish(config=config))
    assert "\n" not in text
    assert json.loads(text)["config"] == {name: [value] for name, value in config.items()}
