# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How slots are moved. Pure; PRIVATE to the collection.

The servers' own atomic migrations take a whole range of slots at once, and the owner changes when all of it is there:
whoever dies meanwhile, no slot is left open. Where a single node lacks them, slots are opened, emptied key by key by
MIGRATE, and closed.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused

MIGRATION = "migration"
"""CLUSTER MIGRATION, Redis 8.4."""
MIGRATESLOTS = "migrateslots"
"""CLUSTER MIGRATESLOTS, Valkey 9.0."""
SETSLOT = "setslot"
"""CLUSTER SETSLOT and MIGRATE, every version."""

ATOMIC = (MIGRATION, MIGRATESLOTS)


def choose(wished: str, known: Mapping[str, frozenset[str]]) -> str:
    """``wished``: auto, atomic or setslot; ``known``: by member name the commands that it has."""
    if wished == SETSLOT:
        return SETSLOT
    for engine in ATOMIC:
        if known and all(f"cluster|{engine}" in commands for commands in known.values()):
            return engine
    if wished == "atomic":
        best = max(ATOMIC, key=lambda engine: sum(f"cluster|{engine}" in commands for commands in known.values()))
        without = [name for name, commands in sorted(known.items()) if f"cluster|{best}" not in commands]
        raise Refused(
            f"Cannot move slots atomically: {table.joined(without)} has no CLUSTER {best.upper()}, which came with "
            "Redis 8.4 (MIGRATION) and Valkey 9.0 (MIGRATESLOTS); use engine=auto, or upgrade."
        )
    return SETSLOT
