# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the targets of moves have room for what comes. Pure; PRIVATE to the collection.

A target that reaches maxmemory evicts keys, or refuses writes and with them the rest of the move.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Volume, mebibytes
from ansible_collections.k8sredis.core.plugins.module_utils._model import Move, Refused, View


def refuse_overfull(volumes: Mapping[Move, Volume], view: View, percent: int) -> None:
    """``percent``: of maxmemory that a member may use with all that comes; a member without a limit has room."""
    coming: dict[str, int] = {}
    for move, volume in volumes.items():
        coming[move.target] = coming.get(move.target, 0) + volume.bytes
        coming[move.source] = coming.get(move.source, 0) - volume.bytes
    for name, size in sorted(coming.items()):
        node = view.node(name)
        if node is None or size <= 0:
            continue
        for member in (node, *(each for each in view.answering if each.myself.master_id == node.id)):
            used, limit = member.number("used_memory"), member.number("maxmemory")
            if limit and used + size > limit * percent // 100:
                raise Refused(
                    f"Cannot move {mebibytes(size)} to {name}: {member.name} would use {mebibytes(used + size)} of "
                    f"{mebibytes(limit)}, more than memory_percent ({percent}); give it more memory, add shards, or "
                    "raise memory_percent."
                )
