# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directives that a server takes while it runs: as declared, and as CONFIG GET tells them. Pure; PRIVATE to the
collection.

Only what the user declared is compared, never what a release of the collection writes by itself: that may differ
between the release that made an instance and the one that looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import directives, quantities

MENDED = ("cluster-node-timeout", "repl-diskless-sync-delay")
"""What a run sets on servers that run; all else needs a person."""

INCOMPARABLE = frozenset({"client-output-buffer-limit", "oom-score-adj", "shutdown-on-sigint", "shutdown-on-sigterm"})
"""The servers answer with all classes where one is declared, with another word, or in another order."""

EVENTS = "notify-keyspace-events"
ALL_EVENTS = "g$lshzxetd"
"""What its letter A stands for; the servers write A where all are there."""


def declared(found: Mapping[str, Any]) -> dict[str, str]:
    """Live directives that the annotation of an instance declares, with their values."""
    config = {name: " ".join(values) for name, values in _lines(found.get("config")).items()}
    variables = {
        "cluster-node-timeout": found.get("node_timeout"),
        "cluster-preferred-endpoint-type": found.get("preferred_endpoint_type"),
        "cluster-require-full-coverage": found.get("require_full_coverage"),
        # Of all that the collection sets by itself only this one, because a run sets it back.
        "repl-diskless-sync-delay": 0,
    }
    known = {name: text for name, value in variables.items() if (text := directives.text(value)) is not None}
    chosen = {name: text for name, text in config.items() if not directives.is_for_boot(name)}
    return {name: text for name, text in {**known, **chosen}.items() if name not in INCOMPARABLE}


def _lines(config: Any) -> dict[str, list[str]]:
    """What of it is as a run writes it; anybody may have written into the annotation since."""
    if not isinstance(config, Mapping):
        return {}
    return {
        name: values
        for name, values in config.items()
        if isinstance(values, list) and all(isinstance(value, str) for value in values)
    }


def differs(name: str, seen: str, wished: str) -> bool:
    """Whether the two texts mean other values: 1gb is 1073741824, KEA is AKE."""
    return _meaning(name, seen) != _meaning(name, wished)


def _meaning(name: str, text: str) -> object:
    if name == EVENTS:
        return frozenset(text.replace("A", ALL_EVENTS))
    return [_word(word) for word in text.split()]


def _word(word: str) -> str | float:
    amount = quantities.memory(word)
    if amount is not None:
        return amount
    try:
        return float(word)
    except ValueError:
        return word.lower()
