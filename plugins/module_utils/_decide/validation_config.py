# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directives, memory and modules of a declared instance. Pure; PRIVATE to the collection."""

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    configuration,
    directives,
    drift,
    quantities,
    values,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable, unusable_secret
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

MOST_MEMORY_PERCENT = 85
"""Share of the memory limit; the rest is for copy-on-write while saving, for buffers and fragmentation."""

CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Also halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
MODULE_PATH = re.compile(r"/[A-Za-z0-9_./+-]+( [A-Za-z0-9_./:=,+-]+)*")
"""A path and plain arguments: the line goes into a configuration file as it stands."""


def problems(wish: Declaration, server: Server | None) -> list[str]:
    """Without a known ``server`` its directives are not judged."""
    return [
        *_twice(wish),
        *(text for name, value in wish.config.items() for text in _directive(str(name), value, wish, server)),
        *_percent(wish),
        *_maxmemory(wish),
        *_save(wish),
        *_min_replicas(wish),
        *_modules(wish),
    ]


def warnings(wish: Declaration) -> list[str]:
    found = []
    policy = str(configuration.given(wish, "maxmemory-policy") or "")
    if policy.startswith("allkeys-") and wish.persistence != "none":
        found.append(
            f"maxmemory-policy {policy} evicts any key when memory is full, although "
            f"redis_cluster_persistence={wish.persistence} keeps data on disk."
        )
    if configuration.memory_limit(wish) is None and configuration.given(wish, "maxmemory") is None:
        found.append(
            "There is neither a memory limit in redis_cluster_resources nor maxmemory in redis_cluster_config: "
            "a server takes all the memory of its kube_node."
        )
    if wish.storage.get("type") == "empty_dir" and wish.persistence != "none":
        found.append(
            f"redis_cluster_persistence={wish.persistence} writes to an empty_dir, which is deleted with its pod; "
            "data survives only in the other members of the shard."
        )
    return found


def skipped(wish: Declaration, server: Server) -> list[str]:
    """What could not be judged."""
    mine = sorted({name for name in map(str.lower, map(str, wish.config)) if not directives.owner(name)})
    if not directives.is_judgeable(server):
        unknown = [name for name in mine if name not in directives.names(server)]
        return _not_checked(server, unknown, "it is newer than the list of directives")
    doubtful = [name for name in mine if name in directives.doubtful(server)]
    return _not_checked(server, doubtful, "of the versions before and after it in the list only one does")


def _not_checked(server: Server, names: list[str], reason: str) -> list[str]:
    return [f"Whether {server} knows {', '.join(names)} was not checked: {reason}."] if names else []


def _twice(wish: Declaration) -> list[str]:
    count = Counter(str(name).lower() for name in wish.config)
    return [
        _unusable(name, configuration.given(wish, name), "it stands there twice in another spelling", "keep one")
        for name, times in count.items()
        if times > 1
    ]


def _directive(name: str, value: Any, wish: Declaration, server: Server | None) -> list[str]:
    lower = name.lower()
    if not directives.NAME.fullmatch(lower):
        return [unusable("config", name, "it is not the name of a directive", "correct it")]
    if advice := directives.owner(lower):
        return [_unusable(name, value, "the collection sets this directive itself", advice)]
    return _value(name, value) or _unknown(name, value, wish, server) or _impossible(name, value, server)


def _unusable(name: str, value: Any, reason: str, advice: str) -> str:
    """A refused directive by the user's own spelling, without its value when that may be a password."""
    if directives.is_secret(name):
        return unusable_secret(f"config.{name}", reason, advice)
    return unusable(f"config.{name}", value, reason, advice)


def _value(name: str, value: Any) -> list[str]:
    lines = directives.lines(value)
    if not lines:
        reason = "its value is not text, a number, true, false, or a list of these"
        return [_unusable(name, value, reason, "correct it")]
    if any(CONTROL.search(line) for line in lines):
        return [_unusable(name, value, "it holds a line break or another control character", "remove it")]
    return []


def _unknown(name: str, value: Any, wish: Declaration, server: Server | None) -> list[str]:
    lower = name.lower()
    if server is None or lower in directives.names(server) or not directives.is_judgeable(server):
        return []
    if directives.is_of_module(lower):
        return _of_module(name, value, wish, server)
    near = get_close_matches(lower, directives.names(server), 1)
    advice = f"write {near[0]} if that was meant" if near else "remove it"
    return [_unusable(name, value, f"{server} has no such directive and would not start", advice)]


def _of_module(name: str, value: Any, wish: Declaration, server: Server) -> list[str]:
    if directives.modules(wish.modules, server) is not directives.Modules.NONE:
        return []
    if wish.modules:
        reason = f"'bundled' loads no module on {server}"
        return [_unusable(name, value, reason, "name the file of its module in redis_cluster_modules")]
    return [_unusable(name, value, "no module is loaded", "set redis_cluster_modules")]


def _impossible(name: str, value: Any, server: Server | None) -> list[str]:
    if server is None or not directives.is_judgeable(server):
        return []
    reason, advice = values.problem(name.lower(), directives.lines(value) or ())
    return [_unusable(name, value, reason, advice)] if reason else []


def _percent(wish: Declaration) -> list[str]:
    if 10 <= wish.maxmemory_percent <= MOST_MEMORY_PERCENT:
        return []
    reason = "the rest of the memory limit is needed while saving and for buffers"
    return [unusable("maxmemory_percent", wish.maxmemory_percent, reason, f"use 10 to {MOST_MEMORY_PERCENT}")]


def _maxmemory(wish: Declaration) -> list[str]:
    given = configuration.given(wish, "maxmemory")
    if given is None:
        return []
    amount, limit = quantities.memory(given), configuration.memory_limit(wish)
    if amount is None:
        return [unusable("config.maxmemory", given, "it is not an amount of memory", "write for example 700mb")]
    most = None if limit is None else limit * MOST_MEMORY_PERCENT // 100
    if most is None or 0 < amount <= most:
        return []
    seen = "it means no maximum" if amount == 0 else f"it is more than {MOST_MEMORY_PERCENT} %"
    reason = f"{seen}, and the container's memory limit is {limit // quantities.MIB} MiB" if limit else seen
    advice = f"use at most {most // quantities.MIB}mb, or leave it out to have it worked out"
    return [unusable("config.maxmemory", given, reason, advice)]


def _save(wish: Declaration) -> list[str]:
    given = configuration.given(wish, "save")
    if given is None:
        return []
    saves = any(directives.lines(given) or ())
    if wish.persistence == "none" and saves:
        reason = "redis_cluster_persistence is none"
        return [unusable("config.save", given, reason, "leave it out, or set redis_cluster_persistence to rdb")]
    if wish.persistence == "rdb" and not saves:
        reason = "it switches off what redis_cluster_persistence=rdb asks for"
        return [unusable("config.save", given, reason, "leave it out, or set redis_cluster_persistence to none")]
    return []


def _min_replicas(wish: Declaration) -> list[str]:
    return [
        _unusable(
            name,
            configuration.given(wish, name),
            f"a shard has {wish.replicas} replicas, so that its master would refuse every write",
            "use a smaller number, or more replicas",
        )
        for name in drift.MIN_REPLICAS
        if (text := (directives.lines(configuration.given(wish, name)) or ("",))[-1]).isdecimal()
        and int(text) > wish.replicas
    ]


def _modules(wish: Declaration) -> list[str]:
    reason = "it is neither 'bundled' nor an absolute path with plain arguments"
    return [
        unusable("modules", module, reason, "write for example /opt/modules/mine.so")
        for module in wish.modules
        if module != directives.BUNDLED and not (isinstance(module, str) and MODULE_PATH.fullmatch(module))
    ]
