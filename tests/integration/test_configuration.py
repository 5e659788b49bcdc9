# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers start with the texts that the collection writes, and read from them what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    configuration,
    declared,
    directives,
    live,
    versions,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.users import PASSWORDS, acl_file, application, other
from tests.servers import Server, capture_directives
from tests.servers.running import DidNotStartError, Running, running

LIMITS = {"limits": {"memory": "1Gi"}}
ADMIN = ("admin", "admin-password-0123456789")


@contextmanager
def started(server: Server, wish: Declaration, folder: Path) -> Iterator[Running]:
    """A server with the files of a pod, at other places than there."""
    texts = configuration.configuration(wish)
    (folder / "live.conf").write_text(texts.live, encoding="utf-8")
    (folder / "users.acl").write_text(acl_file(application(), [other("admin", commands=["+@all"])]), encoding="utf-8")
    boot = texts.boot.replace("/etc/k8sredis/auth", str(folder)).replace("/usr/local/etc/redis", str(folder))
    boot = boot.replace("dir /data", "dir {folder}").replace("port 6379", "port {port}")
    (folder / "redis.conf").write_text(boot, encoding="utf-8")
    own = "cluster-announce-ip 127.0.0.1\nmasteruser k8sredis-replication\nmasterauth x\nmaxmemory 100mb\n"
    with running(server, f"{boot}{own}") as it:
        yield it


def setting(it: Running, name: str) -> str:
    return str(it.client(*ADMIN).execute_command("CONFIG", "GET", name)[1])


def live_drift(it: Running, wish: Declaration) -> list[str]:
    """Declared live directives that the server tells otherwise."""
    wished = live.declared(declared.declared(wish))
    return [name for name, value in wished.items() if live.differs(name, setting(it, name), value)]


@pytest.mark.parametrize(
    ("persistence", "appendonly", "save"),
    [("aof", "yes", ""), ("rdb", "no", "3600 1 300 100 60 10000"), ("none", "no", "")],
)
def test_a_server_starts_with_each_kind_of_persistence(
    server: Server, persistence: str, appendonly: str, save: str, tmp_path: Path
) -> None:
    wish = Declaration(name="shop", persistence=persistence, resources=LIMITS, bus_port=30001)
    with started(server, wish, tmp_path) as it:
        assert (setting(it, "appendonly"), setting(it, "save")) == (appendonly, save)
        expected = {
            "cluster-enabled": "yes",
            "cluster-port": "30001",
            "protected-mode": "yes",
            "cluster-node-timeout": "5000",
            "cluster-require-full-coverage": "no",
            "cluster-allow-replica-migration": "no",
            "cluster-preferred-endpoint-type": "ip",
            "repl-diskless-sync-delay": "0",
            "repl-backlog-size": str(51 * 2**20),
            "maxmemory": str(100 * 2**20),
            # What the texts leave to the server.
            "bind": "* -::*",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "repl-diskless-sync": "yes",
            "enable-debug-command": "no",
            "enable-module-command": "no",
        }
        assert {name: setting(it, name) for name in expected} == expected
        replica_limit = f"slave {153 * 2**20} {76 * 2**20} 120"
        assert replica_limit in setting(it, "client-output-buffer-limit")
        assert it.client("default", PASSWORDS["password"]).ping()


def test_the_users_directives_arrive(server: Server, tmp_path: Path) -> None:
    config = {
        "Maxmemory-Policy": "allkeys-lru",
        "save": ["3600 1", "60 10000"],
        "client-output-buffer-limit": ["pubsub 64mb 16mb 90", "replica 1gb 512mb 30"],
        "io-threads": 2,
        "activedefrag": False,
        "lazyfree-lazy-user-del": True,
        "notify-keyspace-events": "KEA",
        "proc-title-template": '{title} "quoted" \\ back',
        "active-defrag-cycle-max": 30,
        "repl-backlog-size": "2mb",
    }
    with started(server, Declaration(name="shop", persistence="rdb", config=config), tmp_path) as it:
        expected = {
            "maxmemory-policy": "allkeys-lru",
            "save": "3600 1 60 10000",
            "io-threads": "2",
            "activedefrag": "no",
            "lazyfree-lazy-user-del": "yes",
            "notify-keyspace-events": "AKE",
            "proc-title-template": '{title} "quoted" \\ back',
            "repl-backlog-size": str(2 * 2**20),
        }
        assert {name: setting(it, name) for name in expected} == expected
        # The doctor, too, takes what the server says for what was declared.
        assert live_drift(it, Declaration(name="shop", config=config)) == []
        assert setting(it, "client-output-buffer-limit") == (
            f"normal 0 0 0 slave {2**30} {2**29} 30 pubsub {64 * 2**20} {16 * 2**20} 90"
        )


FREE_TEXT = ("masterauth", "masteruser", "syslog-ident", "tls-key-file-pass", "tls-client-key-file-pass")
"""Directives that take any text."""

# Values are bytes to a server; it compares none. The empty one means 'unset' for passwords.
TEXTS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40),
    min_size=len(FREE_TEXT),
    max_size=len(FREE_TEXT),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(values=TEXTS)
def test_no_value_becomes_anything_else_than_itself(server: Server, values: list[str]) -> None:
    lines = [f"{name} {configuration.quoted(value)}" for name, value in zip(FREE_TEXT, values, strict=True)]
    with running(server, "\n".join(["port {port}", "dir {folder}", 'save ""', "tcp-keepalive 123", *lines, ""])) as it:
        flat = it.client().execute_command("CONFIG", "GET", "*")
        seen = dict(zip(flat[::2], flat[1::2], strict=True))
    assert [seen[name] for name in FREE_TEXT] == values
    assert seen["tcp-keepalive"] == "123"


def test_the_list_of_directives_is_what_the_server_says(server: Server) -> None:
    """Else: `python -m tests.servers.capture_directives`."""
    known = capture_directives.ask(server)
    named = versions.Server(server.family, server.version_key)
    assert known.words["directives"] == directives.names(named)
    assert known.words["commands"] == directives.commands(named)
    assert known.words["categories"] == directives.categories(named)
    restart_only = {name for name in known.words["directives"] if directives.needs_restart(name, named)}
    assert known.words["restart_only"] == restart_only
    assert {name for name in restart_only if not directives.is_for_boot(name)} == set()
    assert {name: directives.default(name, named) for name in known.defaults} == known.defaults


def test_what_stands_in_live_conf_can_be_set_while_the_server_runs(server: Server, tmp_path: Path) -> None:
    wish = Declaration(name="shop", config={"maxmemory-samples": 7, "hz": 20})
    with started(server, wish, tmp_path) as it:
        lines = (tmp_path / "live.conf").read_text(encoding="utf-8").splitlines()
        for name in {line.split(" ", 1)[0] for line in lines}:
            value = setting(it, name)
            assert it.client(*ADMIN).execute_command("CONFIG", "SET", name, value) == "OK", name


@pytest.mark.parametrize("name", ["no-such-directive", "cluster-announce"])
def test_a_server_does_not_start_with_a_directive_that_it_does_not_know(
    server: Server, name: str, tmp_path: Path
) -> None:
    assert name not in directives.names(versions.Server(server.family, server.version_key))
    with pytest.raises(DidNotStartError), started(server, Declaration(name="shop", config={name: 1}), tmp_path):
        pass
