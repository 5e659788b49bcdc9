# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directives of redis.conf: whose they are, and which a server knows. Pure; PRIVATE to the collection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import known, known_defaults
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

NAME = re.compile(r"[a-z][a-z0-9._-]*")

OWNED = {
    "aclfile": "users come from the instance's Secret; use redis_cluster_users",
    "appenddirname": "a server with another name would start without its data; leave it out",
    "appendfilename": "a server with another name would start without its data; leave it out",
    "appendonly": "it follows from the persistence; use redis_cluster_persistence",
    "bind": "the pod must be reached by its peers and through the Kubernetes API; leave it out",
    "cluster-allow-replica-migration": "replicas that wander break the placement of the pods; leave it out",
    "cluster-config-file": "it belongs to the data of the pod; leave it out",
    "cluster-enabled": "this role makes a Redis Cluster; leave it out",
    "cluster-node-timeout": "use redis_cluster_node_timeout",
    "cluster-port": "use redis_cluster_bus_port",
    "cluster-preferred-endpoint-type": "use redis_cluster_preferred_endpoint_type",
    "cluster-require-full-coverage": "use redis_cluster_require_full_coverage",
    "daemonize": "the server is the container's own process; leave it out",
    "dbfilename": "a server with another name would start without its data; leave it out",
    "dir": "data is kept in the pod's volume; use redis_cluster_storage",
    "include": "files are put together by the role; write the directives into redis_cluster_config",
    "logfile": "the log is the container's output; leave it out",
    "masterauth": "replicas log in with a user of their own; leave it out",
    "masteruser": "replicas log in with a user of their own; leave it out",
    "pidfile": "the server is the container's own process; leave it out",
    "port": "use redis_cluster_port",
    "primaryauth": "replicas log in with a user of their own; leave it out",
    "primaryuser": "replicas log in with a user of their own; leave it out",
    "protected-mode": "it must stay on; leave it out",
    "rename-command": "it breaks tools and replicas; use redis_cluster_application_commands",
    "replica-announced": "replicas must be seen by the clients of the cluster; leave it out",
    "replicaof": "who follows whom is decided by the cluster; leave it out",
    "requirepass": "use redis_cluster_application_password",
    "slaveof": "who follows whom is decided by the cluster; leave it out",
    "supervised": "the server is the container's own process; leave it out",
    "user": "use redis_cluster_users",
}
"""Directives that the role writes itself, and what to do instead."""
OWNED_PREFIXES = {
    "cluster-announce-": "each pod announces its own address; leave it out",
    "loadmodule": "use redis_cluster_modules",
    "replica-announce-": "each pod announces its own address; leave it out",
    "sentinel": "this role makes no Sentinel; leave it out",
    "slave-announce-": "each pod announces its own address; leave it out",
    "tls-": "this version does not do TLS yet; leave it out",
}

SECRET = ("masterauth", "primaryauth", "requirepass", "tls-client-key-file-pass", "tls-key-file-pass", "user")
"""Their values are never shown."""

BUNDLED = "bundled"
BUNDLED_CATEGORIES = frozenset({"search", "json", "timeseries", "bloom", "cuckoo", "cms", "topk", "tdigest"})

MODULE_DIRECTIVE = re.compile(r"[a-z0-9_]+\..+|(search|ts|bf|cf|cms|topk|tdigest|json)-.+")
"""``<module>.<setting>``, and the names of the modules that Redis 8 images hold."""

Tables = Mapping[str, known.Versions]


def owner(name: str) -> str:
    """What to do instead of this directive, empty when it is the user's."""
    if name in OWNED:
        return OWNED[name]
    return next((advice for prefix, advice in OWNED_PREFIXES.items() if name.startswith(prefix)), "")


def is_secret(name: str) -> bool:
    """Also when it is misspelt."""
    return bool(get_close_matches(name.lower(), SECRET, 1, 0.8))


def is_of_module(name: str) -> bool:
    return MODULE_DIRECTIVE.fullmatch(name) is not None


class Modules(Enum):
    """What may be added to a server's own words."""

    NONE = "none"
    BUNDLED = "those that Redis images hold since 8.0"
    ANY = "any, of a file that nobody here can look into"


def modules(wished: Sequence[Any], server: Server) -> Modules:
    """``bundled`` loads what the image holds, and before Redis 8 and with Valkey that is nothing."""
    if any(module != BUNDLED for module in wished):
        return Modules.ANY
    return Modules.BUNDLED if wished and server.family == "redis" and server.version >= (8,) else Modules.NONE


def is_judgeable(server: Server) -> bool:
    """Whether the tables reach up to this version; a newer one may know more than they do."""
    return server.version[:2] <= max(known.DIRECTIVES[server.family])[:2]


def names(server: Server) -> frozenset[str]:
    """What this version knows; between two versions of the tables, all that either of them knows."""
    return frozenset().union(*_neighbours(known.DIRECTIVES, server))


def doubtful(server: Server) -> frozenset[str]:
    """Directives that only one of the two neighbouring versions of the tables knows."""
    before, after = _neighbours(known.DIRECTIVES, server)
    return before ^ after


def commands(server: Server) -> frozenset[str]:
    return frozenset().union(*_neighbours(known.COMMANDS, server))


def categories(server: Server) -> frozenset[str]:
    return frozenset().union(*_neighbours(known.CATEGORIES, server))


def needs_restart(name: str, server: Server) -> bool:
    """Whether this version reads it only when it starts, as the server itself said; between two versions of the tables,
    whether either of them does. Of directives that the tables do not know, as those of modules, only a server can tell.
    """
    return any(name in words for words in _neighbours(known.RESTART_ONLY, server))


def default(name: str, server: Server) -> str | None:
    """What a server has when nobody sets it, by the last table not newer than the server; None when nobody knows."""
    values = known_defaults.DEFAULTS[server.family]
    older = [version for version in sorted(values) if version[: len(server.version)] <= server.version]
    for version in reversed(older or sorted(values)[:1]):
        if name in values[version]:
            return values[version][name]
    return None


def is_for_boot(name: str) -> bool:
    """Whether a server reads it only when it starts: in any version, or nobody knows.

    The same answer for all versions, so that a new image does not move a directive to another file.
    """
    return name in EVER_RESTART_ONLY or name not in EVER_KNOWN


def _neighbours(tables: Tables, server: Server) -> tuple[frozenset[str], frozenset[str]]:
    """The words of the last table not newer than the server and of the first not older; both the same where there is
    only one, or where it is the server's own."""
    before = _ancestor(tables, server)
    for version, now in history(tables[server.family]):
        comparable = version[: len(server.version)]
        if comparable >= server.version:
            return (now if comparable == server.version or before is None else before), now
        before = now
    return before or frozenset(), before or frozenset()


def _ancestor(tables: Tables, server: Server) -> frozenset[str] | None:
    """Valkey 7.2 is Redis 7.2 under another name; a Redis older than the tables has none."""
    return history(tables["redis"])[0][1] if server.family == "valkey" else None


def history(table: Mapping[tuple[int, ...], str]) -> list[tuple[tuple[int, ...], frozenset[str]]]:
    """Each version's words, oldest first."""
    now: frozenset[str] = frozenset()
    all_versions = []
    for version in sorted(table):
        words = table[version].split()
        now = (now | {word.lstrip("+") for word in words if word[0] != "-"}) - {
            word[1:] for word in words if word[0] == "-"
        }
        all_versions.append((version, now))
    return all_versions


def _ever(tables: Tables) -> frozenset[str]:
    return frozenset().union(*(now for table in tables.values() for _version, now in history(table)))


EVER_KNOWN = _ever(known.DIRECTIVES)
EVER_RESTART_ONLY = _ever(known.RESTART_ONLY)


def text(value: Any) -> str | None:
    """A value of redis.conf as text, None when it is none: bool, number or text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(value, "f").rstrip("0").rstrip(".")
    return value if isinstance(value, str) else None


def canonical(name: str) -> str:
    """One spelling of a directive that servers know under two: the newer one."""
    if name == "lua-time-limit":
        return "busy-reply-threshold"
    return name.replace("slave", "replica").replace("ziplist", "listpack")


SEVERAL_LINES = frozenset({"client-output-buffer-limit", "save"})
"""Each of their lines adds to those before; of any other directive the last line counts."""


def joined(name: str, values: Sequence[str]) -> str:
    """The lines of a directive as one value, as CONFIG SET takes it."""
    return " ".join(values) if name in SEVERAL_LINES else values[-1]


def lines(value: Any) -> tuple[str, ...] | None:
    """The values of a directive, one for each line of the file; None when one of them is no value."""
    values = [text(each) for each in value] if isinstance(value, (list, tuple)) else [text(value)]
    return tuple(each for each in values if each is not None) if None not in values else None
