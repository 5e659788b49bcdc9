# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declaration says of itself: each row is one wrong value and the whole message."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import validation
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

from tests.unit.decide.declarations import GOOD, application, others, problems, wish

LONG = "a" * 52
PASSWORD = "0123456789abcdef"


def test_a_good_declaration_has_no_problem() -> None:
    server, verdict = validation.of_declaration(GOOD, application(), ())
    assert server == Server("redis", (8, 6, 7))
    assert verdict == validation.Verdict()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"shards": 0},
            (
                "Cannot use redis_cluster_shards=0: a failover needs the votes of a majority of at least three masters; "
                "use 3 or more."
            ),
        ),
        (
            {"shards": 1},
            (
                "Cannot use redis_cluster_shards=1: a failover needs the votes of a majority of at least three masters; "
                "use 3 or more, or for development set redis_cluster_allow_single_shard."
            ),
        ),
        (
            {"shards": 2, "allow_single_shard": True},
            (
                "Cannot use redis_cluster_shards=2: a failover needs the votes of a majority of at least three masters; "
                "use 3 or more."
            ),
        ),
        (
            {"shards": 400, "replicas": 2},
            (
                "Cannot use redis_cluster_shards=400: with 2 replicas each they make 1200 servers, and a cluster works up "
                "to 1000; use fewer shards or replicas."
            ),
        ),
        (
            {"replicas": 0},
            (
                "Cannot use redis_cluster_replicas=0: each restart of a pod is then an outage of its shard, and the loss "
                "of its volume a loss of data; use 1 or more, or consent by redis_cluster_accept_no_replicas."
            ),
        ),
        ({"replicas": -1}, "Cannot use redis_cluster_replicas=-1: it is negative; use 1 or more."),
        (
            {"node_timeout": 1999},
            (
                "Cannot use redis_cluster_node_timeout=1999: a busy server would be taken for a dead one; "
                "use 2000 ms or more."
            ),
        ),
        (
            {"termination_grace_period": 29},
            (
                "Cannot use redis_cluster_termination_grace_period=29: a server may need 30 s to hand over, to wait for "
                "its replicas and to save; use 30 s or more."
            ),
        ),
        (
            {"termination_grace_period": 60, "config": {"shutdown-timeout": 50}},
            (
                "Cannot use redis_cluster_termination_grace_period=60: a server may need 70 s to hand over, to wait for "
                "its replicas and to save; use 70 s or more."
            ),
        ),
        ({"wait_timeout": 0}, "Cannot use redis_cluster_wait_timeout=0: it is no time to wait; use 1 s or more."),
        ({"lock_duration": -5}, "Cannot use redis_cluster_lock_duration=-5: it is no time to wait; use 1 s or more."),
        (
            {"port": 80},
            (
                "Cannot use redis_cluster_port=80: a server that is not root may listen on 1024 to 65535; "
                "use a port in this range."
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
                'Cannot use redis_cluster_port_name="Redis_Port": a port\'s name has at most 15 characters of a-z, 0-9 '
                "and single dashes inside, and a letter; use another name."
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
                'Cannot use redis_cluster_preferred_endpoint_type="name": there is no such choice; '
                "use ip, hostname or unknown-endpoint."
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
                'Cannot use redis_cluster_name="Shop": it must begin with a letter, hold only a-z, 0-9 and dashes, end '
                "with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"name": "shop\nrequirepass x"},
            (
                'Cannot use redis_cluster_name="shop\\nrequirepass x": it must begin with a letter, hold only a-z, 0-9 '
                "and dashes, end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"name": "1shop"},
            (
                'Cannot use redis_cluster_name="1shop": it must begin with a letter, hold only a-z, 0-9 and dashes, end '
                "with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"name": LONG},
            (
                f'Cannot use redis_cluster_name="{LONG}": the StatefulSet {LONG}-2 would have 54 characters and may have '
                "52; use at most 50 characters."
            ),
        ),
        (
            {"name": "a" * 50, "shards": 11},
            (
                f'Cannot use redis_cluster_name="{"a" * 50}": the StatefulSet {"a" * 50}-10 would have 53 characters and '
                "may have 52; use at most 49 characters."
            ),
        ),
        (
            {"namespace": "my_web"},
            (
                'Cannot use redis_cluster_namespace="my_web": it must begin with a letter or digit, hold only a-z, 0-9 '
                "and dashes, end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"nodes_service_name": "x" * 64},
            (
                f'Cannot use redis_cluster_nodes_service_name="{"x" * 64}": it must begin with a letter, hold only a-z, '
                "0-9 and dashes, end with a letter or digit, and be at most 63 characters; choose another name."
            ),
        ),
        (
            {"nodes_service_name": "shop"},
            (
                'Cannot use redis_cluster_nodes_service_name="shop": the headless Service and the client Service would '
                "have the same name; choose another redis_cluster_client_service_name, or turn "
                "redis_cluster_client_service off."
            ),
        ),
        (
            {"cluster_domain": "cluster local"},
            (
                'Cannot use redis_cluster_cluster_domain="cluster local": it is not a DNS domain; '
                "use the cluster's own, mostly cluster.local."
            ),
        ),
        (
            {"cluster_domain": ".".join(["d" * 60] * 4)},
            (
                f"Cannot use redis_cluster_cluster_domain=\"{('.'.join(['d' * 60] * 4))[:79]}...: a pod's host name "
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
    ("given", "message"),
    [
        (
            {"image": "redis:latest"},
            (
                'Cannot use redis_cluster_image="redis:latest": its tag does not name a version of Redis or Valkey; set '
                "redis_cluster_version to what it holds, for example redis-8.0.2 or valkey-8.1.1."
            ),
        ),
        (
            {"image": "redis"},
            (
                'Cannot use redis_cluster_image="redis": its tag does not name a version of Redis or Valkey; set '
                "redis_cluster_version to what it holds, for example redis-8.0.2 or valkey-8.1.1."
            ),
        ),
        (
            {"image": "registry.example:5000/team/cache:8.0.2"},
            (
                'Cannot use redis_cluster_image="registry.example:5000/team/cache:8.0.2": its tag does not name a '
                "version of Redis or Valkey; set redis_cluster_version to what it holds, for example redis-8.0.2 or "
                "valkey-8.1.1."
            ),
        ),
        (
            {"image": f"redis@sha256:{'0' * 64}"},
            (
                f'Cannot use redis_cluster_image="redis@sha256:{"0" * 64}": its tag does not name a version of Redis or '
                "Valkey; set redis_cluster_version to what it holds, for example redis-8.0.2 or valkey-8.1.1."
            ),
        ),
        (
            {"image": "redis:6.2.14"},
            'Cannot use redis_cluster_image="redis:6.2.14": redis-6.2.14 is older than 7.0; use redis 7.0 or newer.',
        ),
        (
            {"image": "cache:1", "version": "redis-6.0.9"},
            'Cannot use redis_cluster_version="redis-6.0.9": redis-6.0.9 is older than 7.0; use redis 7.0 or newer.',
        ),
        (
            {"version": "8.0.2"},
            (
                'Cannot use redis_cluster_version="8.0.2": it is not of the form <family>-<version>; set '
                "redis_cluster_version to what it holds, for example redis-8.0.2 or valkey-8.1.1."
            ),
        ),
        (
            {"version": "valkey-8.1.1"},
            (
                'Cannot use redis_cluster_version="valkey-8.1.1": the tag of redis_cluster_image says redis-8.6.7; '
                "correct one of the two."
            ),
        ),
    ],
)
def test_versions(given: dict[str, Any], message: str) -> None:
    assert problems(wish(**given)) == [message]


def test_an_image_is_one_word() -> None:
    assert problems(wish(image="redis:8.6.7\nx", version="redis-8.6.7")) == [
        (
            'Cannot use redis_cluster_image="redis:8.6.7\\nx": it is not the name of an image; '
            "write for example redis:8.0.2."
        )
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"aclfile": "/x"},
            (
                'Cannot use redis_cluster_config.aclfile="/x": the collection sets this directive itself; users come '
                "from the instance's Secret; use redis_cluster_users."
            ),
        ),
        (
            {"ClusteR-Enabled": False},
            (
                "Cannot use redis_cluster_config.ClusteR-Enabled=false: the collection sets this directive itself; this "
                "role makes a Redis Cluster; leave it out."
            ),
        ),
        (
            {"tls-port": 6380},
            (
                "Cannot use redis_cluster_config.tls-port=6380: the collection sets this directive itself; this version "
                "does not do TLS yet; leave it out."
            ),
        ),
        (
            {"rename-command": "FLUSHALL x"},
            (
                'Cannot use redis_cluster_config.rename-command="FLUSHALL x": the collection sets this directive itself; '
                "it breaks tools and replicas; use redis_cluster_application_commands."
            ),
        ),
        (
            {"maxmemori": "1gb"},
            (
                'Cannot use redis_cluster_config.maxmemori="1gb": redis-8.6.7 has no such directive and would not start; '
                "write maxmemory if that was meant."
            ),
        ),
        (
            {"xyzzy": 1},
            (
                "Cannot use redis_cluster_config.xyzzy=1: redis-8.6.7 has no such directive and would not start; "
                "remove it."
            ),
        ),
        (
            {"hz 10\nport": 1},
            'Cannot use redis_cluster_config="hz 10\\nport": it is not the name of a directive; correct it.',
        ),
        (
            {"hz": "10\nrequirepass x"},
            (
                'Cannot use redis_cluster_config.hz="10\\nrequirepass x": it holds a line break or another control '
                "character; remove it."
            ),
        ),
        (
            {"save": ["3600 1", "60\0 1"]},
            (
                'Cannot use redis_cluster_config.save=["3600 1", "60\\u0000 1"]: it holds a line break or another '
                "control character; remove it."
            ),
        ),
        (
            {"hz": None},
            (
                "Cannot use redis_cluster_config.hz=null: its value is not text, a number, true, false, or a list of "
                "these; correct it."
            ),
        ),
        (
            {"hz": {"a": 1}},
            (
                'Cannot use redis_cluster_config.hz={"a": 1}: its value is not text, a number, true, false, or a list of '
                "these; correct it."
            ),
        ),
        (
            {"hz": 10, "HZ": 20},
            "Cannot use redis_cluster_config.hz=10: it stands there twice in another spelling; keep one.",
        ),
        (
            {"maxmemory": "900mb"},
            (
                'Cannot use redis_cluster_config.maxmemory="900mb": it is more than 85 %, and the container\'s memory '
                "limit is 1024 MiB; use at most 870mb, or leave it out to have it worked out."
            ),
        ),
        (
            {"MaxMemory": 0},
            (
                "Cannot use redis_cluster_config.maxmemory=0: it means no maximum, and the container's memory limit is "
                "1024 MiB; use at most 870mb, or leave it out to have it worked out."
            ),
        ),
        (
            {"maxmemory": "lots"},
            'Cannot use redis_cluster_config.maxmemory="lots": it is not an amount of memory; write for example 700mb.',
        ),
    ],
)
def test_directives(config: dict[str, Any], message: str) -> None:
    assert problems(wish(config=config)) == [message]


@pytest.mark.parametrize(
    "config",
    [
        {"maxmemory": "870mb"},
        {"maxmemory-policy": "volatile-lru", "hz": 50, "activedefrag": True},
        {"search-timeout": 500, "ts.duplicate_policy": "LAST"},
        {"client-output-buffer-limit": ["normal 0 0 0", "pubsub 64mb 16mb 60"]},
    ],
)
def test_good_directives(config: dict[str, Any]) -> None:
    assert problems(wish(config=config)) == []


def test_directives_of_modules_need_modules() -> None:
    assert problems(wish(config={"search-timeout": 500}, modules=())) == [
        "Cannot use redis_cluster_config.search-timeout=500: no module is loaded; set redis_cluster_modules."
    ]


def test_a_server_newer_than_the_list_of_directives_is_not_judged() -> None:
    newer = wish(image="redis:8.10.2", config={"brand-new": 1, "hz": 10})
    _server, verdict = validation.of_declaration(newer, application(application_commands=["+brandnew"]), ())
    assert verdict.problems == ()
    assert verdict.skipped == (
        "Whether redis-8.10.2 knows brand-new was not checked: it is newer than the list of directives.",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"persistence": "none", "config": {"save": "60 1"}},
            (
                'Cannot use redis_cluster_config.save="60 1": redis_cluster_persistence is none; leave it out, or set '
                "redis_cluster_persistence to rdb."
            ),
        ),
        (
            {"persistence": "rdb", "config": {"save": ""}},
            (
                'Cannot use redis_cluster_config.save="": it switches off what redis_cluster_persistence=rdb asks for; '
                "leave it out, or set redis_cluster_persistence to none."
            ),
        ),
        (
            {"maxmemory_percent": 90},
            (
                "Cannot use redis_cluster_maxmemory_percent=90: the rest of the memory limit is needed while saving and "
                "for buffers; use 10 to 85."
            ),
        ),
        (
            {"modules": ("bundled", "mine.so")},
            (
                "Cannot use redis_cluster_modules=\"mine.so\": it is neither 'bundled' nor an absolute path with plain "
                "arguments; write for example /opt/modules/mine.so."
            ),
        ),
        (
            {"modules": ("/opt/a.so\nport 1",)},
            (
                "Cannot use redis_cluster_modules=\"/opt/a.so\\nport 1\": it is neither 'bundled' nor an absolute path "
                "with plain arguments; write for example /opt/modules/mine.so."
            ),
        ),
    ],
)
def test_memory_saving_and_modules(given: dict[str, Any], message: str) -> None:
    assert problems(wish(**given)) == [message]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"resources": {"limits": {"memory": "1gb"}}},
            (
                'Cannot use redis_cluster_resources.limits.memory="1gb": it is not a quantity of Kubernetes; '
                "write for example 500m or 2Gi."
            ),
        ),
        (
            {"resources": {"limit": {"memory": "1Gi"}}},
            (
                'Cannot use redis_cluster_resources.limit={"memory": "1Gi"}: resources are dictionaries of requests and '
                "limits; correct it."
            ),
        ),
        (
            {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}},
            'Cannot use redis_cluster_resources.requests.memory="2Gi": the limit is 1Gi; request at most the limit.',
        ),
        (
            {"storage": {"type": "nfs"}},
            (
                'Cannot use redis_cluster_storage.type="nfs": there is no such choice; '
                "use persistent_claim, empty_dir or host_path."
            ),
        ),
        (
            {"storage": {"size": "8Gi", "klass": "fast"}},
            'Cannot use redis_cluster_storage.klass="fast": there is no such key; use type, size, class, path, prepare.',
        ),
        (
            {"storage": {"size": "8 Gi"}},
            'Cannot use redis_cluster_storage.size="8 Gi": it is not a quantity of Kubernetes; write for example 8Gi.',
        ),
        (
            {"storage": {"size": ""}},
            'Cannot use redis_cluster_storage.size="": it is not a quantity of Kubernetes; write for example 8Gi.',
        ),
        (
            {"storage": {"size": "8Gi", "class": "Fast_One"}},
            (
                'Cannot use redis_cluster_storage.class="Fast_One": it is not the name of a StorageClass; correct it, or '
                "leave it out for the default one."
            ),
        ),
        (
            {"storage": {"size": "8Gi", "prepare": True}},
            (
                "Cannot use redis_cluster_storage.prepare=true: only folders of a host_path need it, and storage.type is "
                "persistent_claim; leave it out."
            ),
        ),
        (
            {"storage": {"type": "host_path", "path": "data/redis"}},
            (
                'Cannot use redis_cluster_storage.path="data/redis": it is not an absolute path of plain names; '
                "write for example /data/redis."
            ),
        ),
        (
            {"storage": {"type": "host_path", "path": "/data/../etc"}},
            (
                'Cannot use redis_cluster_storage.path="/data/../etc": it is not an absolute path of plain names; '
                "write for example /data/redis."
            ),
        ),
        (
            {"storage": {"type": "host_path", "path": "/etc/redis"}},
            (
                'Cannot use redis_cluster_storage.path="/etc/redis": it belongs to the kube_node itself; '
                "use a folder of its own."
            ),
        ),
        (
            {"labels": {"app.kubernetes.io/instance": "x"}},
            (
                'Cannot use redis_cluster_labels.app.kubernetes.io/instance="x": the collection sets it itself; '
                "use another key."
            ),
        ),
        (
            {"pod_annotations": {"k8sredis.io/restart-hash": "x"}},
            (
                'Cannot use redis_cluster_pod_annotations.k8sredis.io/restart-hash="x": the collection sets it itself; '
                "use another key."
            ),
        ),
        (
            {"pod_labels": {"team": 7}},
            "Cannot use redis_cluster_pod_labels.team=7: Kubernetes takes text only; put it in quotes.",
        ),
        (
            {"labels": {"team": "a b"}},
            (
                'Cannot use redis_cluster_labels.team="a b": a label has at most 63 letters, digits, dashes, underscores '
                "and dots; shorten or correct it."
            ),
        ),
        (
            {"annotations": {"not a key": "x"}},
            (
                'Cannot use redis_cluster_annotations="not a key": it is not a key of Kubernetes; '
                "write for example example.com/team."
            ),
        ),
        (
            {"extra_volumes": ({"name": "data", "emptyDir": {}},)},
            (
                'Cannot use redis_cluster_extra_volumes={"emptyDir": {}, "name": "data"}: a volume needs a name that '
                "nobody else has; use one other than auth, config, data, run, scripts."
            ),
        ),
        (
            {"extra_volume_mounts": ({"name": "certs", "mountPath": "/certs"},)},
            (
                'Cannot use redis_cluster_extra_volume_mounts={"mountPath": "/certs", "name": "certs"}: it needs a '
                "mountPath and the name of a volume; name one of redis_cluster_extra_volumes."
            ),
        ),
        (
            {
                "extra_volumes": ({"name": "certs", "emptyDir": {}},),
                "extra_volume_mounts": ({"name": "certs", "mountPath": "/data/certs"},),
            },
            (
                'Cannot use redis_cluster_extra_volume_mounts="/data/certs": the collection mounts a volume of its own '
                "there; use another mountPath."
            ),
        ),
        (
            {"priority_class": "Very High"},
            'Cannot use redis_cluster_priority_class="Very High": it is not the name of a PriorityClass; correct it.',
        ),
    ],
)
def test_pods(given: dict[str, Any], message: str) -> None:
    assert problems(wish(**given)) == [message]


@pytest.mark.parametrize(
    "given",
    [
        {"storage": {"type": "empty_dir"}, "persistence": "none"},
        {"storage": {"type": "host_path", "path": "/data/redis", "prepare": True}},
        {"annotations": {"example.com/note": "any text, also with spaces"}},
        {"resources": {}, "config": {"maxmemory": "1gb"}},
        {"node_selector": {"app.kubernetes.io/name": "x"}},
    ],
)
def test_good_pods(given: dict[str, Any]) -> None:
    assert problems(wish(**given)) == []


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (
            {"application_password": "short"},
            (
                "Cannot use redis_cluster_application_password: it is shorter than 16 characters, and a server answers "
                "millions of guesses a minute; use a longer one."
            ),
        ),
        (
            {"application_password": "0123456789 abcdef"},
            (
                "Cannot use redis_cluster_application_password: it holds a space, a line break or another control "
                "character; leave these out."
            ),
        ),
        (
            {"application_password": "0123456789abcdef\n"},
            (
                "Cannot use redis_cluster_application_password: it holds a space, a line break or another control "
                "character; leave these out."
            ),
        ),
        (
            {"application_password": "0123456789abcdef\0"},
            (
                "Cannot use redis_cluster_application_password: it holds a space, a line break or another control "
                "character; leave these out."
            ),
        ),
        (
            {"application_user": "k8sredis-tool"},
            (
                'Cannot use redis_cluster_application_user="k8sredis-tool": names that begin with k8sredis- or an '
                "underscore are reserved; use another name."
            ),
        ),
        (
            {"application_user": "_operator"},
            (
                'Cannot use redis_cluster_application_user="_operator": names that begin with k8sredis- or an underscore '
                "are reserved; use another name."
            ),
        ),
        (
            {"application_user": "app on nopass +@all"},
            (
                'Cannot use redis_cluster_application_user="app on nopass +@all": a name begins with a letter or digit '
                "and holds up to 128 letters, digits and _ . @ : -; use another name."
            ),
        ),
        (
            {"application_commands": ["+@read", "nopass"]},
            (
                'Cannot use redis_cluster_application_commands="nopass": it is no rule for commands; '
                "write for example +@read, -keys or +config|get."
            ),
        ),
        (
            {"application_commands": ["+get >password"]},
            (
                'Cannot use redis_cluster_application_commands=">password": it is no rule for commands; '
                "write for example +@read, -keys or +config|get."
            ),
        ),
        (
            {"application_commands": ["+get\nuser"]},
            (
                'Cannot use redis_cluster_application_commands="user": it is no rule for commands; '
                "write for example +@read, -keys or +config|get."
            ),
        ),
        (
            {"application_commands": ["+gett"]},
            (
                'Cannot use redis_cluster_application_commands="+gett": redis-8.6.7 has no such command and would not '
                "start; correct it."
            ),
        ),
        (
            {"application_keys": ["app:* nopass"]},
            (
                'Cannot use redis_cluster_application_keys="app:* nopass": a pattern is not empty and holds no space, '
                "line break or other control character; use ? in its place."
            ),
        ),
        (
            {"application_channels": [""]},
            (
                'Cannot use redis_cluster_application_channels="": a pattern is not empty and holds no space, line break '
                "or other control character; use ? in its place."
            ),
        ),
    ],
)
def test_the_applications_user(app: dict[str, Any], message: str) -> None:
    assert problems(GOOD, application(**app)) == [message]


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (
            {"name": "report", "password": ""},
            "Cannot use redis_cluster_users[0].password: the password of user 'report' is empty; give it one.",
        ),
        (
            {"name": "report", "password": "report"},
            (
                "Cannot use redis_cluster_users[0].password: it is shorter than 16 characters, and a server answers "
                "millions of guesses a minute; use a longer one."
            ),
        ),
        (
            {"name": "default", "password": PASSWORD},
            (
                'Cannot use redis_cluster_users[0].name="default": it is the user of clients without a name, and belongs '
                "to the application; use redis_cluster_application_password for it."
            ),
        ),
        (
            {"name": "k8sredis-x", "password": PASSWORD},
            (
                'Cannot use redis_cluster_users[0].name="k8sredis-x": names that begin with k8sredis- or an underscore '
                "are reserved; use another name."
            ),
        ),
        (
            {"name": "re port", "password": PASSWORD},
            (
                'Cannot use redis_cluster_users[0].name="re port": a name begins with a letter or digit and holds up to '
                "128 letters, digits and _ . @ : -; use another name."
            ),
        ),
        (
            {"name": "report", "password": PASSWORD, "commands": ["+@nosuch"]},
            (
                'Cannot use redis_cluster_users[0].commands="+@nosuch": redis-8.6.7 has no such category and would not '
                "start; correct it."
            ),
        ),
        (
            {"name": "report", "password": PASSWORD, "keys": ["%R~a\tb"]},
            (
                'Cannot use redis_cluster_users[0].keys="a\\tb": a pattern is not empty and holds no space, line break '
                "or other control character; use ? in its place."
            ),
        ),
    ],
)
def test_further_users(user: dict[str, Any], message: str) -> None:
    found = problems(wish(modules=()), application(), others(user))
    assert message in found
    assert [text for text in found if text != message] == (
        ['Cannot use redis_cluster_users="default": another user has this name; use another name.']
        if user["name"] == "default"
        else []
    )


def test_two_users_of_one_name() -> None:
    twice = others({"name": "a", "password": PASSWORD}, {"name": "a", "password": PASSWORD})
    assert problems(GOOD, application(), twice) == [
        'Cannot use redis_cluster_users="a": another user has this name; use another name.'
    ]


def test_no_password_is_ever_shown() -> None:
    secret = "canary 0123456789"
    found = problems(GOOD, application(application_password=secret), others({"name": "default", "password": secret}))
    assert len(found) == 4
    assert secret not in "".join(found)


def test_all_problems_are_told_at_once() -> None:
    found = problems(wish(shards=2, replicas=0, port=1, config={"dir": "/x"}, image="redis:latest"))
    assert len(found) == 5
    assert all(text.endswith(".") and text.count("\n") == 0 for text in found)


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        (
            {"config": {"maxmemory-policy": "allkeys-lru"}},
            (
                "maxmemory-policy allkeys-lru evicts any key when memory is full, although redis_cluster_persistence=aof "
                "keeps data on disk."
            ),
        ),
        (
            {"resources": {}},
            (
                "There is neither a memory limit in redis_cluster_resources nor maxmemory in redis_cluster_config: "
                "a server takes all the memory of its kube_node."
            ),
        ),
        (
            {"storage": {"type": "empty_dir"}},
            (
                "redis_cluster_persistence=aof writes to an empty_dir, which is deleted with its pod; data survives only "
                "in the other members of the shard."
            ),
        ),
        (
            {"image": "redis:8.6.3"},
            "redis-8.6.3 has known security holes that 8.6.7 closes; use that or a newer one.",
        ),
        (
            {"image": "redis:8.0.6"},
            "redis-8.0.6 has known security holes that no release of its branch closes; newer ones go up to 8.10.",
        ),
        (
            {"image": "valkey/valkey:8.1"},
            "The tag of valkey-8.1 does not name a patch release; make sure that it is at least 8.1.9.",
        ),
    ],
)
def test_warnings(given: dict[str, Any], warning: str) -> None:
    _server, verdict = validation.of_declaration(wish(**given), application(), ())
    assert (verdict.problems, verdict.warnings) == ((), (warning,))
