# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves in pieces, each of which is finished before anything else is looked at. Pure; PRIVATE to the collection.

A piece is as large as it can be without holding up a stop, and small enough that little is open when somebody dies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from ansible_collections.k8sredis.core.plugins.module_utils._decide import engines
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner
from ansible_collections.k8sredis.core.plugins.module_utils._model import Move, View

Batch = tuple[Move, tuple[int, ...]]

OPEN_SLOTS = 256
"""Slots of one batch by SETSLOT: beyond that nothing is won."""
OPEN_SLOTS_VALKEY = 64
"""Valkey tells its replicas of each slot and waits; when a target dies at the end of a batch, Valkey 9 has been seen to
delete the keys of the last ones (9.1.2), so its batches are small."""
OPEN_KEYS = 20_000
"""Keys of one batch by SETSLOT: a fraction of a second."""

ATOMIC_BYTES = 128 * 1024 * 1024
"""Of one atomic migration: what is transferred again when it fails, and what the source buffers for the target."""

THROTTLED_SECONDS = 2
"""How long a batch may take at most where a throttle makes it slow."""


def batches(
    moves: Sequence[Move], keys: Mapping[int, int], sizes: Mapping[int, int], engine: str, manner: Manner, view: View
) -> list[Batch]:
    """``keys`` and ``sizes`` by slot. The pieces of the moves in turn, so that all of them go on at once."""
    cut = [list(_pieces(move, keys, sizes, engine, manner, view)) for move in moves]
    return [batch for turn in zip_longest(*cut) for batch in turn if batch is not None]


def _pieces(
    move: Move, keys: Mapping[int, int], sizes: Mapping[int, int], engine: str, manner: Manner, view: View
) -> Iterator[Batch]:
    most_slots, most_keys, most_bytes = _most(move, engine, manner, view)
    piece: list[int] = []
    held = size = 0
    for slot in move.slots:
        more_keys, more_bytes = keys.get(slot, 0), sizes.get(slot, 0)
        full = len(piece) >= most_slots or held + more_keys > most_keys or size + more_bytes > most_bytes
        if piece and full:
            yield move, tuple(piece)
            piece, held, size = [], 0, 0
        piece.append(slot)
        held, size = held + more_keys, size + more_bytes
    if piece:
        yield move, tuple(piece)


def _most(move: Move, engine: str, manner: Manner, view: View) -> tuple[float, float, float]:
    """Slots, keys and bytes of one piece."""
    keys = manner.keys_per_second * THROTTLED_SECONDS or float("inf")
    size = manner.bytes_per_second * THROTTLED_SECONDS or float("inf")
    if engine in engines.ATOMIC:
        return float("inf"), keys, min(size, ATOMIC_BYTES)
    return slots_at_once(view, move.source), min(keys, OPEN_KEYS), size


def slots_at_once(view: View, name: str) -> int:
    """Of one batch by SETSLOT from this member."""
    node = view.node(name)
    return OPEN_SLOTS_VALKEY if node is not None and "valkey_version" in node.info else OPEN_SLOTS
