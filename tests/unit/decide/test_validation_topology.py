# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape, times, ports and names: each row is one wrong value and the whole message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.decide.declarations import problems, wish

LONG = "a" * 52


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"shards": 0},
            (
                "Cannot use redis_cluster_shards=0: a failover needs the votes of a majority of at least three "
                "masters; use 3 or more."
            ),
        ),
        (
            {"shards": 1},
            (
                "Cannot use redis_cluster_shards=1: a failover needs the votes of a majority of at least three "
                "masters; use 3 or more, or for development set redis_cluster_allow_single_shard."
            ),
        ),
        (
            {"shards": 2, "allow_single_shard": True},
            (
                "Cannot use redis_cluster_shards=2: a failover needs the votes of a majority of at least three "
                "masters; use 3 or more."
            ),
        ),
        (
            {"shards": 400, "replicas": 2},
            (
                "Cannot use redis_cluster_shards=400: with 2 replicas each they make 1200 servers, and a cluster "
                "works up to 1000; use fewer shards or replicas."
            ),
        ),
        (
            {"replicas": 0},
            (
                "Cannot use redis_cluster_replicas=0: each restart of a pod is then an outage of its shard, and the "
                "loss of its volume a loss of data; use 1 or more, or consent by redis_cluster_accept_no_replicas."
            ),
        ),
        ({"replicas": -1}, "Cannot use redis_cluster_replicas=-1: it is negative; use 1 or more."),
        (
            {"node_timeout": 1999},
            (
                "Cannot use redis_cluster_node_timeout=1999: a busy server would be taken for a dead one; use 2000 "
                "ms or more."
            ),
        ),
        (
            {"termination_grace_period": 29},
            (
                "Cannot use redis_cluster_termination_grace_period=29: a server may need 30 s to hand over, to wait "
                "for its replicas and to save; use 30 s or more, or leave it out."
            ),
        ),
        (
            {"termination_grace_period": 60, "config": {"shutdown-timeout": 50}},
            (
                "Cannot use redis_cluster_termination_grace_period=60: a server may need 70 s to hand over, to wait "
                "for its replicas and to save; use 70 s or more, or leave it out."
            ),
        ),
        (
            {"termination_grace_period": 60, "config": {"Shutdown-Timeout": 50}},
            (
                "Cannot use redis_cluster_termination_grace_period=60: a server may need 70 s to hand over, to wait "
                "for its replicas and to save; use 70 s or more, or leave it out."
            ),
        ),
        ({"wait_timeout": 0}, "Cannot use redis_cluster_wait_timeout=0: it is no time to wait; use 1 s or more."),
        ({"lock_duration": -5}, "Cannot use redis_cluster_lock_duration=-5: it is no time to wait; use 1 s or more."),
        (
            {"port": 80},
            (
                "Cannot use redis_cluster_port=80: a server that is not root may listen on 1024 to 65535; use a "
                "port in this range."
            ),
        ),
        (
            {"bus_port": 70000},
            (
                "Cannot use redis_cluster_bus_port=70000: a server that is not root may listen on 1024 to 65535; "
                "use a port in this range."
            ),
        ),
        (
            {"bus_port": 6379},
            "Cannot use redis_cluster_bus_port=6379: it is also redis_cluster_port; use another port.",
        ),
        (
            {"port_name": "Redis_Port"},
            (
                'Cannot use redis_cluster_port_name="Redis_Port": a port\'s name has at most 15 characters of a-z, '
                "0-9 and single dashes inside, and a letter; use another name."
            ),
        ),
        (
            {"bus_port_name": "a-name-too-long-for-it"},
            (
                'Cannot use redis_cluster_bus_port_name="a-name-too-long-for-it": a port\'s name has at most 15 '
                "characters of a-z, 0-9 and single dashes inside, and a letter; use another name."
            ),
        ),
        (
            {"bus_port_name": "redis"},
            'Cannot use redis_cluster_bus_port_name="redis": it is also redis_cluster_port_name; use another name.',
        ),
        (
            {"persistence": "both"},
            'Cannot use redis_cluster_persistence="both": there is no such choice; use aof, rdb or none.',
        ),
        (
            {"ip_family": "ipv5"},
            'Cannot use redis_cluster_ip_family="ipv5": there is no such choice; use ipv4 or ipv6.',
        ),
        (
            {"transport": "exec"},
            'Cannot use redis_cluster_transport="exec": there is no such choice; use port_forward or direct.',
        ),
        (
            {"preferred_endpoint_type": "name"},
            (
                'Cannot use redis_cluster_preferred_endpoint_type="name": there is no such choice; use ip, hostname '
                "or unknown-endpoint."
            ),
        ),
    ],
)
def test_shape_times_and_ports(given: dict[str, Any], message: str) -> None:
    assert problems(wish(**given)) == [message]


@pytest.mark.parametrize(
    "given", [{"shards": 1, "allow_single_shard": True}, {"replicas": 0, "accept_no_replicas": True}]
)
def test_consent(given: dict[str, Any]) -> None:
    assert problems(wish(**given)) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"name": ""},
            'Cannot use redis_cluster_name="": it is empty; give the instance a name.',
        ),
        (
            {"name": "Shop"},
            (
                'Cannot use redis_cluster_name="Shop": it must begin with a letter, hold only a-z, 0-9 and dashes, '
                "end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"name": "shop\nrequirepass x"},
            (
                'Cannot use redis_cluster_name="shop\\nrequirepass x": it must begin with a letter, hold only a-z, '
                "0-9 and dashes, end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"name": "1shop"},
            (
                'Cannot use redis_cluster_name="1shop": it must begin with a letter, hold only a-z, 0-9 and dashes, '
                "end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"name": LONG},
            (
                f'Cannot use redis_cluster_name="{LONG}": the StatefulSet {LONG}-2 would have 54 characters and may '
                "have 52; use at most 50 characters."
            ),
        ),
        (
            {"name": "a" * 50, "shards": 11},
            (
                f'Cannot use redis_cluster_name="{"a" * 50}": the StatefulSet {"a" * 50}-10 would have 53 characters '
                "and may have 52; use at most 49 characters."
            ),
        ),
        (
            {"namespace": "my_web"},
            (
                'Cannot use redis_cluster_namespace="my_web": it must begin with a letter or digit, hold only a-z, '
                "0-9 and dashes, end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"nodes_service_name": "x" * 64},
            (
                f'Cannot use redis_cluster_nodes_service_name="{"x" * 64}": it must begin with a letter, hold only '
                "a-z, 0-9 and dashes, end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"nodes_service_name": "shop"},
            (
                'Cannot use redis_cluster_nodes_service_name="shop": the headless Service and the client Service '
                "would have the same name; choose another redis_cluster_client_service_name, or turn "
                "redis_cluster_client_service off."
            ),
        ),
        (
            {"cluster_domain": "cluster local"},
            (
                'Cannot use redis_cluster_cluster_domain="cluster local": it is not a DNS domain; use the cluster\'s '
                "own, mostly cluster.local."
            ),
        ),
        (
            {"cluster_domain": ".".join(["d" * 60] * 4)},
            (
                f"""Cannot use redis_cluster_cluster_domain="{(".".join(["d" * 60] * 4))[:79]}...: a pod's host name """
                "would have 271 characters and may have 253; use shorter names."
            ),
        ),
    ],
)
def test_names(given: dict[str, Any], message: str) -> None:
    assert problems(wish(**given)) == [message]


def test_the_longest_name_that_fits() -> None:
    assert problems(wish(name="a" * 50)) == []
    assert problems(wish(name="shop", nodes_service_name="shop", client_service=False)) == []


@pytest.mark.parametrize(
    "given",
    [
        {"shards": 500, "replicas": 1},
        {"node_timeout": 2000},
        {"termination_grace_period": 30},
        {"wait_timeout": 1, "lock_duration": 1},
        {"port": 1024, "bus_port": 65535},
        {"port_name": "a" * 15, "bus_port_name": "b-1"},
        {"namespace": "n" * 63, "nodes_service_name": "s" * 63},
        # shop-2-1.shop-nodes.web.svc. is 28 characters long.
        {"cluster_domain": ".".join(["d" * 63, "d" * 63, "d" * 63, "d" * 33])},
    ],
)
def test_the_last_value_that_is_good(given: dict[str, Any]) -> None:
    assert problems(wish(**given)) == []
