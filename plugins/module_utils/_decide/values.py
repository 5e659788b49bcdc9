# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of common directives that every server refuses, so that its pod would never start. Pure; PRIVATE to the
collection."""

from __future__ import annotations

import re
from collections.abc import Sequence

WORDS = {
    "appendfsync": ("always", "everysec", "no"),
    "loglevel": ("debug", "verbose", "notice", "warning", "nothing"),
    "maxmemory-policy": (
        *("noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-lrm"),
        *("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "volatile-lrm"),
    ),
}
"""All that any version knows: ``nothing`` came with 7.2, ``lrm`` with Redis 8.6."""

NUMBERS = frozenset(
    {
        *("active-defrag-cycle-max", "active-defrag-cycle-min", "active-defrag-threshold-lower"),
        *("active-defrag-threshold-upper", "active-expire-effort", "acllog-max-len", "auto-aof-rewrite-percentage"),
        *("busy-reply-threshold", "cluster-migration-barrier", "cluster-replica-validity-factor", "databases", "hz"),
        *("io-threads", "latency-monitor-threshold", "lfu-decay-time", "lfu-log-factor", "list-compress-depth"),
        *("list-max-listpack-size", "lua-time-limit", "maxclients", "maxmemory-samples", "min-replicas-max-lag"),
        *("min-replicas-to-write", "repl-backlog-ttl", "repl-diskless-sync-delay", "repl-ping-replica-period"),
        *("repl-timeout", "replica-priority", "shutdown-timeout", "slowlog-log-slower-than", "slowlog-max-len"),
        *("stream-node-max-entries", "tcp-backlog", "tcp-keepalive", "timeout", "tracking-table-max-keys"),
    }
)
"""Directives without a unit: neither an amount of memory nor a percentage with its sign."""
NUMBER = re.compile(r"-?[0-9]+")


def problem(name: str, lines: Sequence[str]) -> tuple[str, str]:
    """Why a directive cannot have these values and what to do; empty when it may."""
    words = WORDS.get(name)
    if words and any(line.lower() not in words for line in lines):
        return "no server takes this value", f"use {', '.join(words[:-1])} or {words[-1]}"
    if name in NUMBERS and not all(NUMBER.fullmatch(line) for line in lines):
        return "it is no whole number", "correct it, or leave it out"
    return "", ""
