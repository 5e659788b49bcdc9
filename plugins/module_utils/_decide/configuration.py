# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of redis.conf and live.conf. Pure; PRIVATE to the collection.

redis.conf holds what a server reads only when it starts and what makes it a member of the cluster; it
is immutable and named by its content. live.conf holds what CONFIG SET can change. Each value is one
argument, quoted where needed, so that no value can add a directive; directives that take several words
split them themselves (Redis and Valkey since 7.0).

What a server does by itself is not written down: bind * -::* (also IPv6), appendfsync everysec,
maxmemory-policy noeviction, repl-diskless-sync, no DEBUG and no MODULE command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import directives, quantities
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import CLUSTER, SENTINEL, Declaration

FOLDER = "/usr/local/etc/redis"
PLAIN = re.compile(r"[A-Za-z0-9_./:*@%+,-]+")

SAVE_POINTS = "3600 1 300 100 60 10000"
"""The servers' own default."""

Line = tuple[str, str]


@dataclass(frozen=True)
class Configuration:
    boot: str
    live: str


def configuration(wish: Declaration) -> Configuration:
    boot = [*structure(wish), *((name, value) for name, value in settings(wish) if directives.is_for_boot(name))]
    return Configuration(_text([*boot, ("include", f"{FOLDER}/live.conf")]), _text(live_lines(wish)))


def live_lines(wish: Declaration) -> list[Line]:
    """Of live.conf."""
    return [*_defaults(wish), *((name, value) for name, value in settings(wish) if not directives.is_for_boot(name))]


def settings(wish: Declaration) -> list[Line]:
    """The user's directives in the order of their names; a list gives one line for each of its values."""
    return [
        (name.lower(), value)
        for name, given in sorted(wish.config.items(), key=lambda item: item[0].lower())
        for value in directives.lines(given) or ()
    ]


def quoted(value: str) -> str:
    """One argument for the parser of redis.conf, which knows the escapes of C in double quotes."""
    if PLAIN.fullmatch(value):
        return value
    return '"' + "".join(_escaped(byte) for byte in value.encode()) + '"'


def _escaped(byte: int) -> str:
    character = chr(byte)
    if character in '"\\':
        return f"\\{character}"
    return character if 32 <= byte < 127 else f"\\x{byte:02x}"


def _text(lines: Iterable[Line]) -> str:
    return "".join(f"{name} {quoted(value)}\n" for name, value in lines)


def structure(wish: Declaration) -> list[Line]:
    lines = [
        ("port", str(wish.port)),
        ("cluster-port", str(wish.bus_port)),
        # Shuts everybody out should the user 'default' ever be without a password.
        ("protected-mode", "yes"),
        ("dir", "/data"),
        ("cluster-enabled", "yes"),
        ("cluster-config-file", "nodes.conf"),
        ("aclfile", "/etc/k8sredis/auth/users.acl"),
        ("appendonly", "yes" if wish.persistence == "aof" else "no"),
        # Replicas that move to another shard by themselves end up beside their new master.
        ("cluster-allow-replica-migration", "no"),
    ]
    return [line for line in lines if wish.topology == CLUSTER or not line[0].startswith("cluster-")]


def _defaults(wish: Declaration) -> list[Line]:
    """What we set otherwise than the servers do; a directive of the user replaces it."""
    mine = {
        **_of_topology(wish),
        "save": SAVE_POINTS if wish.persistence == "rdb" else "",
        # The servers wait 5 s for more replicas; each full synchronisation would take that much longer.
        "repl-diskless-sync-delay": "0",
        # 1 MB is full after moments, and each short cut of a link becomes a full synchronisation.
        "repl-backlog-size": f"{_backlog(wish)}mb",
    }
    chosen = {name.lower() for name in wish.config}
    lines = [(name, value) for name, value in mine.items() if name not in chosen]
    # Each line sets one class, so the user's lines come after ours instead of replacing them.
    return [*lines, ("client-output-buffer-limit", _output_buffer(wish))]


def _of_topology(wish: Declaration) -> dict[str, str]:
    if wish.topology == SENTINEL:
        # A master that is cut off from all of its replicas stops to accept what would be lost when one of them takes
        # over. With one replica the loss of that one would stop all writes.
        fence = "1" if wish.replicas > 1 else "0"
        # Written down, so that a run takes back what a pod said of itself that started without its master (gate).
        return {"min-replicas-to-write": fence, "replica-priority": "100"}
    return {
        "cluster-node-timeout": str(wish.node_timeout),
        "cluster-require-full-coverage": directives.text(wish.require_full_coverage) or "no",
        "cluster-preferred-endpoint-type": wish.preferred_endpoint_type,
    }


def _backlog(wish: Declaration) -> int:
    """MiB: 5 % of the memory limit between 1 and 64. It counts as used memory."""
    limit = memory_limit(wish)
    return 64 if limit is None else min(64, max(1, limit * 5 // 100 // quantities.MIB))


def _output_buffer(wish: Declaration) -> str:
    """What a master may hold back for a replica during its full synchronisation: 15 % of the memory limit.

    More ends in an OOM kill of the master, less in a synchronisation that never ends; it comes on top of maxmemory.
    """
    limit = memory_limit(wish)
    hard = 512 if limit is None else max(16, limit * 15 // 100 // quantities.MIB)
    return f"replica {hard}mb {hard // 2}mb 120"


def memory_limit(wish: Declaration) -> int | None:
    """Bytes, None without a limit."""
    limits: Any = wish.resources.get("limits")
    amount = quantities.quantity(limits.get("memory", "")) if isinstance(limits, dict) else None
    return int(amount) if amount else None


def derives_maxmemory(wish: Declaration) -> bool:
    """Whether the pod works maxmemory out from its own limit when it starts."""
    return memory_limit(wish) is not None and given(wish, "maxmemory") is None


def derived_maxmemory(wish: Declaration) -> int:
    """Bytes that a pod works out when it starts; 0 when it works out none."""
    return (memory_limit(wish) or 0) * wish.maxmemory_percent // 100 if derives_maxmemory(wish) else 0


def maxmemory(wish: Declaration) -> int | None:
    """Bytes that a server has as C(maxmemory) after its start; None when there is none or it is not known here."""
    if derives_maxmemory(wish):
        return derived_maxmemory(wish)
    lines = directives.lines(given(wish, "maxmemory")) or ("",)
    return quantities.memory(lines[-1]) or None


def replica_sync_delay(wish: Declaration) -> int:
    """Seconds; see _defaults()."""
    lines = directives.lines(given(wish, "repl-diskless-sync-delay")) or ("",)
    return int(lines[-1]) if lines[-1].isdecimal() else 0


def given(wish: Declaration, name: str) -> Any:
    """The user's value of a directive, however it is spelled; None when there is none."""
    return next((value for key, value in wish.config.items() if key.lower() == name), None)
