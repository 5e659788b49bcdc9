# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions, directives, memory and modules: each row is one wrong value and the whole message."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    directives,
    security,
    validation,
    values,
    versions,
)

from tests.unit.decide.declarations import application, problems, wish


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"image": "redis:latest"},
            (
                'Cannot use redis_cluster_image="redis:latest": what it stands for changes, so that pods of one '
                "instance may differ; name the tag of one version, or a digest."
            ),
        ),
        (
            {"image": "redis"},
            (
                'Cannot use redis_cluster_image="redis": what it stands for changes, so that pods of one instance may '
                "differ; name the tag of one version, or a digest."
            ),
        ),
        (
            {"image": "redis:alpine"},
            (
                'Cannot use redis_cluster_image="redis:alpine": its tag does not name a version of Redis or Valkey; '
                "set redis_cluster_version to what it holds, for example redis-8.6.7 or valkey-8.1.9."
            ),
        ),
        (
            {"image": "registry.example:5000/team/cache:8.0.2"},
            (
                'Cannot use redis_cluster_image="registry.example:5000/team/cache:8.0.2": its tag does not name a '
                "version of Redis or Valkey; set redis_cluster_version to what it holds, for example redis-8.6.7 or "
                "valkey-8.1.9."
            ),
        ),
        (
            {"image": f"redis@sha256:{'0' * 64}"},
            (
                f'Cannot use redis_cluster_image="redis@sha256:{"0" * 64}": its tag does not name a version of Redis '
                "or Valkey; set redis_cluster_version to what it holds, for example redis-8.6.7 or valkey-8.1.9."
            ),
        ),
        (
            {"image": "redis:latest", "version": "redis-8.6.7"},
            (
                'Cannot use redis_cluster_image="redis:latest": what it stands for changes, so that pods of one '
                "instance may differ; name the tag of one version, or a digest."
            ),
        ),
        (
            {"image": "localhost:5000/cache", "version": "redis-8.6.7"},
            (
                'Cannot use redis_cluster_image="localhost:5000/cache": what it stands for changes, so that pods of '
                "one instance may differ; name the tag of one version, or a digest."
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
                "redis_cluster_version to what it holds, for example redis-8.6.7 or valkey-8.1.9."
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


@pytest.mark.parametrize("image", [f"redis@sha256:{'0' * 64}", f"redis:latest@sha256:{'0' * 64}", "cache:prod"])
def test_images_of_a_declared_version(image: str) -> None:
    assert problems(wish(image=image, version="redis-8.6.7")) == []


def test_versions_in_advice_have_no_known_security_hole() -> None:
    for name in re.findall(r"(?:redis|valkey)-[0-9.]+", versions.ADVICE):
        server = versions.server("cache:1", name.rstrip("."))[0]
        assert server is not None
        assert security.warnings(server) == []


def test_an_image_is_one_word() -> None:
    assert problems(wish(image="redis:8.6.7\nx", version="redis-8.6.7")) == [
        (
            'Cannot use redis_cluster_image="redis:8.6.7\\nx": it is not the name of an image; write for example '
            "redis:8.6.7."
        )
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"aclfile": "/x"},
            (
                'Cannot use redis_cluster_config.aclfile="/x": the collection sets this directive itself; users '
                "come from the instance's Secret; use redis_cluster_users."
            ),
        ),
        (
            {"ClusteR-Enabled": False},
            (
                "Cannot use redis_cluster_config.ClusteR-Enabled=false: the collection sets this directive itself; "
                "this role makes a Redis Cluster; leave it out."
            ),
        ),
        (
            {"tls-port": 6380},
            (
                "Cannot use redis_cluster_config.tls-port=6380: the collection sets this directive itself; this "
                "version does not do TLS yet; leave it out."
            ),
        ),
        (
            {"rename-command": "FLUSHALL x"},
            (
                'Cannot use redis_cluster_config.rename-command="FLUSHALL x": the collection sets this directive '
                "itself; it breaks tools and replicas; use redis_cluster_application_commands."
            ),
        ),
        (
            {"maxmemori": "1gb"},
            (
                'Cannot use redis_cluster_config.maxmemori="1gb": redis-8.6.7 has no such directive and would not '
                "start; write maxmemory if that was meant."
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
                "Cannot use redis_cluster_config.hz=null: its value is not text, a number, true, false, or a list "
                "of these; correct it."
            ),
        ),
        (
            {"hz": {"a": 1}},
            (
                'Cannot use redis_cluster_config.hz={"a": 1}: its value is not text, a number, true, false, or a '
                "list of these; correct it."
            ),
        ),
        (
            {"hz": 10, "HZ": 20},
            "Cannot use redis_cluster_config.hz=10: it stands there twice in another spelling; keep one.",
        ),
        (
            {"Hz": 10, "HZ": 20},
            "Cannot use redis_cluster_config.hz=10: it stands there twice in another spelling; keep one.",
        ),
        (
            {"hz": "\ud800"},
            (
                'Cannot use redis_cluster_config.hz="\\ud800": it holds a line break or another control character; '
                "remove it."
            ),
        ),
        (
            {"requirepas": "canary"},
            (
                "Cannot use redis_cluster_config.requirepas: redis-8.6.7 has no such directive and would not start; "
                "write requirepass if that was meant."
            ),
        ),
        (
            {"maxmemory": "900mb"},
            (
                'Cannot use redis_cluster_config.maxmemory="900mb": it is more than 85 %, and the container\'s '
                "memory limit is 1024 MiB; use at most 870mb, or leave it out to have it worked out."
            ),
        ),
        (
            {"MaxMemory": 0},
            (
                "Cannot use redis_cluster_config.maxmemory=0: it means no maximum, and the container's memory limit "
                "is 1024 MiB; use at most 870mb, or leave it out to have it worked out."
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
    ("config", "message"),
    [
        (
            {"appendfsync": "often"},
            (
                'Cannot use redis_cluster_config.appendfsync="often": no server takes this value; use always, everysec '
                "or no."
            ),
        ),
        (
            {"LogLevel": "info"},
            (
                'Cannot use redis_cluster_config.LogLevel="info": no server takes this value; use debug, verbose, '
                "notice, warning or nothing."
            ),
        ),
        (
            {"maxmemory-policy": "lru"},
            (
                'Cannot use redis_cluster_config.maxmemory-policy="lru": no server takes this value; use noeviction, '
                "allkeys-lru, allkeys-lfu, allkeys-random, allkeys-lrm, volatile-lru, volatile-lfu, volatile-random, "
                "volatile-ttl or volatile-lrm."
            ),
        ),
        (
            {"hz": ""},
            'Cannot use redis_cluster_config.hz="": it is no whole number; correct it, or leave it out.',
        ),
        (
            {"io-threads": True},
            "Cannot use redis_cluster_config.io-threads=true: it is no whole number; correct it, or leave it out.",
        ),
    ],
)
def test_values_that_no_server_takes(config: dict[str, Any], message: str) -> None:
    assert problems(wish(config=config)) == [message]
    assert problems(wish(config=config, image="redis:8.10.2")) == []


def test_numbers_are_directives_that_servers_know() -> None:
    assert {*values.NUMBERS, *values.WORDS} <= directives.EVER_KNOWN


OWNED = {**directives.OWNED, **{f"{prefix}x": advice for prefix, advice in directives.OWNED_PREFIXES.items()}}
SECRET = {"masterauth", "primaryauth", "requirepass", "user"}


@pytest.mark.parametrize("name", sorted(OWNED))
def test_directives_of_the_collection(name: str) -> None:
    value = "" if name in SECRET else '="canary"'
    assert problems(wish(config={name: "canary"})) == [
        f"Cannot use redis_cluster_config.{name}{value}: the collection sets this directive itself; {OWNED[name]}."
    ]


def test_no_password_among_the_directives_is_ever_shown() -> None:
    found = problems(wish(config={"RequirePass": "canary", "requirepass": "canary", "tls-key-file-pass": "canary"}))
    assert len(found) == 4
    assert "canary" not in "".join(found)


@pytest.mark.parametrize(
    "config",
    [
        {"maxmemory": "870mb"},
        {"maxmemory-policy": "volatile-lru", "hz": 50, "activedefrag": True},
        {"search-timeout": 500, "ts.duplicate_policy": "LAST"},
        {"appendfsync": False, "loglevel": "WARNING", "list-max-listpack-size": -2},
        {"client-output-buffer-limit": ["normal 0 0 0", "pubsub 64mb 16mb 60"]},
    ],
)
def test_good_directives(config: dict[str, Any]) -> None:
    assert problems(wish(config=config)) == []


def test_directives_of_modules_need_modules() -> None:
    assert problems(wish(config={"search-timeout": 500}, modules=())) == [
        "Cannot use redis_cluster_config.search-timeout=500: no module is loaded; set redis_cluster_modules."
    ]


@pytest.mark.parametrize("image", ["redis:7.0.15", "valkey/valkey:9.1.2"])
def test_servers_that_bundle_no_modules(image: str) -> None:
    server = versions.server(image, "")[0]
    assert problems(wish(config={"foo.bar": 1}, image=image)) == [
        (
            f"Cannot use redis_cluster_config.foo.bar=1: 'bundled' loads no module on {server}; name the file of its "
            "module in redis_cluster_modules."
        )
    ]
    assert problems(wish(config={"foo.bar": 1}, image=image, modules=("bundled", "/opt/foo.so"))) == []


@pytest.mark.parametrize(
    ("image", "name", "doubted"),
    [
        ("redis:8.2.10", "lookahead", True),
        ("redis:8.2.10", "hz", False),
        ("redis:8.6.7", "lookahead", False),
        ("redis:7.0.5", "hz", False),
        ("valkey/valkey:8.0.10", "availability-zone", True),
        ("valkey/valkey:8.0.10", "hz", False),
        ("valkey/valkey:8.1.9", "availability-zone", False),
    ],
)
def test_directives_that_only_one_of_the_neighbouring_versions_knows(image: str, name: str, doubted: bool) -> None:
    server, verdict = validation.of_declaration(wish(image=image, config={name: 5}), application(), ())
    text = (
        f"Whether {server} knows {name} was not checked: of the versions before and after it in the list only one does."
    )
    assert (verdict.problems, verdict.skipped) == ((), (text,) if doubted else ())


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
                'Cannot use redis_cluster_config.save="60 1": redis_cluster_persistence is none; leave it out, or '
                "set redis_cluster_persistence to rdb."
            ),
        ),
        (
            {"persistence": "rdb", "config": {"save": ""}},
            (
                'Cannot use redis_cluster_config.save="": it switches off what redis_cluster_persistence=rdb asks '
                "for; leave it out, or set redis_cluster_persistence to none."
            ),
        ),
        (
            {"replicas": 1, "config": {"Min-Replicas-To-Write": 2}},
            (
                "Cannot use redis_cluster_config.min-replicas-to-write=2: a shard has 1 replicas, so that its master "
                "would refuse every write; use a smaller number, or more replicas."
            ),
        ),
        (
            {"maxmemory_percent": 90},
            (
                "Cannot use redis_cluster_maxmemory_percent=90: the rest of the memory limit is needed while saving "
                "and for buffers; use 10 to 85."
            ),
        ),
        (
            {"modules": ("bundled", "mine.so")},
            (
                "Cannot use redis_cluster_modules=\"mine.so\": it is neither 'bundled' nor an absolute path with "
                "plain arguments; write for example /opt/modules/mine.so."
            ),
        ),
        (
            {"modules": ("/opt/a.so\nport 1",)},
            (
                "Cannot use redis_cluster_modules=\"/opt/a.so\\nport 1\": it is neither 'bundled' nor an absolute "
                "path with plain arguments; write for example /opt/modules/mine.so."
            ),
        ),
    ],
)
def test_memory_saving_and_modules(given: dict[str, Any], message: str) -> None:
    assert problems(wish(**given)) == [message]


@pytest.mark.parametrize(
    "given",
    [
        {"maxmemory_percent": 10},
        {"maxmemory_percent": 85},
        {"persistence": "rdb", "config": {"save": "60 1"}},
        {"persistence": "aof", "config": {"save": "60 1"}},
        {"persistence": "aof", "config": {"save": ""}},
        {"persistence": "none", "config": {"save": ""}},
    ],
)
def test_memory_and_saving_that_are_good(given: dict[str, Any]) -> None:
    assert problems(wish(**given)) == []


def test_what_a_list_of_directives_can_judge_is_not_skipped() -> None:
    _server, verdict = validation.of_declaration(wish(config={"search-timeout": 5}), application(), ())
    assert verdict == validation.Verdict()
