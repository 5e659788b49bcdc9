# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small values: settings with their types, amounts, versions, the tables of directives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    declaration,
    directives,
    known,
    quantities,
    security,
    versions,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server


def test_settings_get_their_types() -> None:
    given = {
        "name": "shop",
        "shards": "5",
        "replicas": 2,
        "create_namespace": "yes",
        "client_service": False,
        "config": {"hz": 10},
        "tolerations": [{"key": "a"}],
        "version": None,
        "application_keys": [],
    }
    found, problems = declaration.declaration(given)
    assert problems == []
    assert (found.name, found.shards, found.replicas, found.create_namespace) == ("shop", 5, 2, True)
    assert (found.client_service, found.config, found.tolerations) == (False, {"hz": 10}, ({"key": "a"},))
    assert (found.version, found.application_keys, found.application_commands) == ("", (), None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shards": "three"}, 'Cannot use redis_cluster_shards="three": it must be a whole number; correct it.'),
        ({"shards": 3.5}, "Cannot use redis_cluster_shards=3.5: it must be a whole number; correct it."),
        ({"shards": True}, "Cannot use redis_cluster_shards=true: it must be a whole number; correct it."),
        (
            {"cluster_domain": None},
            "Cannot use redis_cluster_cluster_domain=null: it is null; give it a value, or leave it out.",
        ),
        ({"labels": None}, "Cannot use redis_cluster_labels=null: it is null; give it a value, or leave it out."),
        (
            {"client_service": None},
            "Cannot use redis_cluster_client_service=null: it is null; give it a value, or leave it out.",
        ),
        ({"name": ["a"]}, 'Cannot use redis_cluster_name=["a"]: it must be text; correct it.'),
        (
            {"client_service": "perhaps"},
            'Cannot use redis_cluster_client_service="perhaps": it must be true or false; correct it.',
        ),
        ({"config": "hz 10"}, "Cannot use redis_cluster_config: it must be a dictionary; correct it."),
        ({"tolerations": {"a": 1}}, 'Cannot use redis_cluster_tolerations={"a": 1}: it must be a list; correct it.'),
        (
            {"shard": 3},
            (
                "Cannot use redis_cluster_shard=3: there is no such variable; write redis_cluster_shards if that was "
                "meant."
            ),
        ),
        ({"xyzzy": "x" * 99}, f'Cannot use redis_cluster_xyzzy="{"x" * 79}...: there is no such variable; remove it.'),
        (
            {"aplication_password": "canary"},
            (
                "Cannot use redis_cluster_aplication_password: there is no such variable; write "
                "redis_cluster_application_user if that was meant."
            ),
        ),
        (
            {"application_password": "canary"},
            (
                "Cannot use 'application_password' inside settings: it would be logged; give it as the option "
                "'application_password' of the module."
            ),
        ),
        (
            {"users": [{"password": "canary"}]},
            "Cannot use 'users' inside settings: it would be logged; give it as the option 'users' of the module.",
        ),
    ],
)
def test_settings_that_cannot_be_converted(given: dict[str, Any], message: str) -> None:
    assert declaration.declaration(given) == (declaration.Declaration(), [message])


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1Gi", 2**30),
        ("500m", Decimal("0.5")),
        ("0.5", Decimal("0.5")),
        ("2.5Mi", 2.5 * 2**20),
        ("1e3", 1000),
        ("3E", 3 * 10**18),
        (2, 2),
        (0.25, Decimal("0.25")),
        ("100M", 10**8),
        ("1gb", None),
        ("1 Gi", None),
        ("-1", None),
        ("", None),
        ("Gi", None),
        (None, None),
        (True, None),
        ("1Gi\n", None),
    ],
)
def test_quantities(text: Any, amount: float | Decimal | None) -> None:
    assert quantities.quantity(text) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("100mb", 100 * 2**20),
        ("1G", 10**9),
        ("1GB", 2**30),
        (12, 12),
        ("5k", 5000),
        ("0", 0),
        ("1.5gb", None),
        ("x", None),
    ],
)
def test_memory(text: Any, amount: int | None) -> None:
    assert quantities.memory(text) == amount


@pytest.mark.parametrize(
    ("image", "server"),
    [
        ("redis:8.0.2", Server("redis", (8, 0, 2))),
        ("docker.io/library/redis:8.0.2-bookworm", Server("redis", (8, 0, 2))),
        ("localhost:5000/redis:7.2.4-alpine3.20", Server("redis", (7, 2, 4))),
        ("valkey/valkey:8.1.1", Server("valkey", (8, 1, 1))),
        ("docker.io/valkey/valkey:9.1-alpine", Server("valkey", (9, 1))),
        ("bitnami/redis-cluster:7.2.5-debian-12-r4", Server("redis", (7, 2, 5))),
        ("redis/redis-stack-server:7.4.0-v1", Server("redis", (7, 4, 0))),
        (f"redis:8.0.2@sha256:{'0' * 64}", Server("redis", (8, 0, 2))),
        ("redis:8", None),
        ("redis:alpine", None),
        ("redis:8-alpine", None),
        ("localhost:5000/redis", None),
        ("keydb:6.3.4", None),
    ],
)
def test_the_version_of_an_image(image: str, server: Server | None) -> None:
    assert versions.server(image, "")[0] == server


def test_a_declared_version_wins_over_a_silent_tag_and_agrees_with_a_coarse_one() -> None:
    assert versions.server("mine:prod", "valkey-8.1.1") == (Server("valkey", (8, 1, 1)), [])
    assert versions.server("redis:8.0", "redis-8.0.2") == (Server("redis", (8, 0, 2)), [])


def test_the_oldest_versions_are_taken_and_another_family_is_not_the_same() -> None:
    for image in ("redis:7.0.0", "valkey/valkey:7.2.0"):
        assert versions.server(image, "")[1] == []
    assert versions.server("redis:8.6.7", "valkey-8.6.7")[0] is None


@pytest.mark.parametrize(
    ("data_of", "loads"),
    [
        ("redis-8.6.7", True),
        ("redis-8.6.9", True),
        ("redis-8.4.1", True),
        ("redis-7.0.15", True),
        ("redis-8.8.0", False),
        ("redis-9.0", False),
        ("valkey-8.1.1", False),
        ("", True),
        ("None", True),
    ],
)
def test_whose_data_a_server_loads(data_of: str, loads: bool) -> None:
    assert versions.can_load(Server("redis", (8, 6, 7)), data_of) is loads


def test_secure_versions_need_no_warning() -> None:
    for family, branches in security.SECURE_SINCE.items():
        for branch, patch in branches.items():
            assert security.warnings(Server(family, (*branch, patch))) == []
            assert len(security.warnings(Server(family, (*branch, patch - 1)))) == 1
    assert security.warnings(Server("redis", (99, 0, 0))) == []


@pytest.mark.parametrize(
    ("server", "there", "absent"),
    [
        (Server("redis", (7, 0, 15)), "io-threads-do-reads", "hide-user-data-from-log"),
        (Server("redis", (7, 2, 4)), "hide-user-data-from-log", "key-memory-histograms"),
        (Server("redis", (7, 2, 4)), "io-threads-do-reads", "tls-auth-clients-user"),
        (Server("redis", (8, 0)), "hide-user-data-from-log", "io-threads-do-reads"),
        (Server("redis", (8, 10, 2)), "key-memory-histograms", "io-threads-do-reads"),
        (Server("valkey", (7, 2, 5)), "maxmemory", "mptcp"),
        (Server("valkey", (9, 1, 2)), "mptcp", "sanitize-dump-payload"),
    ],
)
def test_what_a_version_knows(server: Server, there: str, absent: str) -> None:
    assert there in directives.names(server)
    assert absent not in directives.names(server)


def test_which_versions_can_be_judged() -> None:
    assert directives.is_judgeable(Server("redis", (8, 6, 99)))
    assert not directives.is_judgeable(Server("redis", (8, 8, 0)))
    assert not directives.is_judgeable(Server("valkey", (10, 0)))


def test_owned_directives_exist_and_are_not_ours_by_accident() -> None:
    """A name that no server knows would be dead text; those a file knows but CONFIG GET does not show are named."""
    only_in_files = {"include", "rename-command", "user"}
    assert set(directives.OWNED) - only_in_files - directives.EVER_KNOWN == set()


def test_every_owned_directive_says_what_to_do() -> None:
    for advice in (*directives.OWNED.values(), *directives.OWNED_PREFIXES.values()):
        assert "use redis_cluster_" in advice or "leave it out" in advice or "redis_cluster_config" in advice


def test_restart_only_directives_are_known() -> None:
    assert directives.EVER_RESTART_ONLY <= directives.EVER_KNOWN
    assert directives.is_for_boot("io-threads")
    assert directives.is_for_boot("nobody-knows-it")
    assert not directives.is_for_boot("maxmemory")


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (True, ("yes",)),
        (False, ("no",)),
        (7, ("7",)),
        (0.5, ("0.5",)),
        (2.0, ("2",)),
        ("", ("",)),
        (["a", 1], ("a", "1")),
        ([], ()),
        (None, None),
        ({}, None),
        (["a", None], None),
    ],
)
def test_values_of_directives(value: Any, lines: tuple[str, ...] | None) -> None:
    assert directives.lines(value) == lines


def test_the_history_of_a_table() -> None:
    assert directives.history({(1, 0): "a b", (1, 2): "+c -a", (1, 1): ""}) == [
        ((1, 0), frozenset("ab")),
        ((1, 1), frozenset("ab")),
        ((1, 2), frozenset("bc")),
    ]
    assert set(known.DIRECTIVES) == set(versions.OLDEST)
