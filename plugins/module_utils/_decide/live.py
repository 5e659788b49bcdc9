# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directives as they were declared and are to be, and as CONFIG GET tells them. Pure; PRIVATE to the collection.

There are two wishes. What an annotation declares is all that the doctor knows of an instance by its name alone: only
what the user said, for what a release of the collection writes by itself may differ between the release that made an
instance and the one that looks at it. A run knows the whole live.conf, and what to return to where a directive was
declared before and is not any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import configuration, directives, quantities
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

SYNC_DELAY = "repl-diskless-sync-delay"
"""Of all that the collection sets by itself the one that it changes for a moment, so that a killed run leaves it."""

KEPT = ("appendonly", "cluster-allow-replica-migration", "protected-mode")
"""What redis.conf says and CONFIG SET can change: somebody who does so takes away what keeps the data, the placement or
the door."""

ALWAYS_WISHED = (
    *KEPT,
    *("client-output-buffer-limit", "cluster-node-timeout", "cluster-preferred-endpoint-type"),
    *("cluster-require-full-coverage", "repl-backlog-size", SYNC_DELAY, "save"),
)
"""What every run sets, whatever the user declares."""

OUTPUT_BUFFERS = "client-output-buffer-limit"
EVENTS = "notify-keyspace-events"
ALL_EVENTS = "g$lshzxetd"
"""What its letter A stands for; the servers write A where all are there."""

FLAGS = frozenset({"shutdown-on-sigint", "shutdown-on-sigterm"})
"""The servers tell their words in an order of their own."""

FREE_TEXT = frozenset({"locale-collate", "proc-title-template"})
"""Here the case of letters counts."""

SYNONYMS = {"oom-score-adj": {"relative": "yes"}}
"""What servers tell in another word than they were given."""

Annotation = Mapping[str, Any]


def declared(found: Annotation) -> dict[str, str]:
    """Directives that the annotation of an instance declares, with their values; none without an annotation."""
    variables = {
        "cluster-node-timeout": found.get("node_timeout"),
        "cluster-preferred-endpoint-type": found.get("preferred_endpoint_type"),
        "cluster-require-full-coverage": found.get("require_full_coverage"),
        SYNC_DELAY: 0 if found else None,
    }
    known = {name: text for name, value in variables.items() if (text := directives.text(value)) is not None}
    config = {name: directives.joined(name, values) for name, values in _lines(found.get("config")).items()}
    return {**known, **comparable(config)}


def comparable(config: Mapping[str, str]) -> dict[str, str]:
    """Without what may be a secret, and without what the tables do not know, whose values nobody can compare."""
    return {
        name: value
        for name, value in config.items()
        if name in directives.EVER_KNOWN and not directives.is_secret(name)
    }


def _lines(config: Any) -> dict[str, list[str]]:
    """What of it is as a run writes it; anybody may have written into the annotation since."""
    if not isinstance(config, Mapping):
        return {}
    return {
        name: values
        for name, values in config.items()
        if isinstance(values, list) and values and all(isinstance(value, str) for value in values)
    }


def wished(wish: Declaration, server: Server, before: Iterable[Annotation]) -> dict[str, str]:
    """What every server is to have that can be set while it runs. ``before``: what was declared in former runs, also in
    one that was killed; a directive that is declared no more returns to the server's default."""
    lines: dict[str, list[str]] = {}
    for name, value in [*_kept(wish), *configuration.live_lines(wish)]:
        lines.setdefault(name, []).append(value)
    found = {name: directives.joined(name, values) for name, values in lines.items()}
    # Each of its lines is about some classes of clients; the others have the server's default.
    defaults = directives.default(OUTPUT_BUFFERS, server) or ""
    found[OUTPUT_BUFFERS] = _buffers_text(f"{defaults} {found[OUTPUT_BUFFERS]}")
    return {**_returned(wish, server, list(before), {directives.canonical(name) for name in found}), **found}


def _kept(wish: Declaration) -> list[configuration.Line]:
    return [(name, value) for name, value in configuration.structure(wish) if name in KEPT]


def _returned(wish: Declaration, server: Server, before: list[Annotation], taken: set[str]) -> dict[str, str]:
    """Defaults of directives that are declared no more."""
    found = {}
    for name in sorted({name for each in before for name in _lines(each.get("config"))}):
        value = directives.default(name, server)
        if value is None or directives.is_for_boot(name) or directives.canonical(name) in taken:
            continue
        found[name] = str(_maxmemory(wish, before)) if name == "maxmemory" else value
    return found


def _maxmemory(wish: Declaration, before: list[Annotation]) -> int:
    """What a pod would work out when it starts. Where the memory limit changes in the same run, the smaller one: pods
    have the former limit until they restart."""
    amounts = [configuration.derived_maxmemory(wish), *(_derived(wish, each) for each in before)]
    return min((amount for amount in amounts if amount), default=0)


def _derived(wish: Declaration, before: Annotation) -> int:
    resources, percent = before.get("resources"), before.get("maxmemory_percent")
    if not isinstance(resources, Mapping) or not isinstance(percent, int):
        return 0
    return configuration.derived_maxmemory(replace(wish, resources=resources, maxmemory_percent=percent))


def boot(wish: Declaration) -> dict[str, str]:
    """What the user declared that a server reads only when it starts."""
    lines: dict[str, list[str]] = {}
    for name, value in configuration.settings(wish):
        if directives.is_for_boot(name):
            lines.setdefault(name, []).append(value)
    return comparable({name: directives.joined(name, values) for name, values in lines.items()})


def differs(name: str, seen: str, wished: str) -> bool:
    """Whether the two texts mean other values: 1gb is 1073741824, KEA is AKE. Of the limits of output buffers only
    those classes count that are wished."""
    if name == OUTPUT_BUFFERS:
        there = _buffers(seen)
        return any(there.get(kind) != limits for kind, limits in _buffers(wished).items())
    return _meaning(name, seen) != _meaning(name, wished)


def _buffers(text: str) -> dict[str, list[str | float]]:
    """Limits by class of clients; of two for one class the last counts."""
    words = [_word(word) for word in text.split()]
    groups = zip(words[::4], words[1::4], words[2::4], words[3::4], strict=False)
    return {directives.canonical(str(kind)): list(limits) for kind, *limits in groups}


def _buffers_text(text: str) -> str:
    return " ".join(
        f"{kind} {' '.join(format(limit, 'd') if isinstance(limit, int) else str(limit) for limit in limits)}"
        for kind, limits in _buffers(text).items()
    )


def _meaning(name: str, text: str) -> object:
    if name == EVENTS:
        return frozenset(text.replace("A", ALL_EVENTS))
    if name in FREE_TEXT:
        return text
    words = [_word(SYNONYMS.get(name, {}).get(word.lower(), word)) for word in text.split()]
    return frozenset(words) if name in FLAGS else words


def _word(word: str) -> str | float:
    amount = quantities.memory(word)
    if amount is not None:
        return amount
    try:
        return float(word)
    except ValueError:
        return word.lower()
