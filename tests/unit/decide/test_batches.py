# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves in pieces."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import batches
from ansible_collections.k8sredis.core.plugins.module_utils._decide.batches import ATOMIC_BYTES, OPEN_KEYS
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner
from ansible_collections.k8sredis.core.plugins.module_utils._model import Move
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.decide import views

VIEW = views.healthy(3, 1)
VALKEY = views.info(VIEW, "shop-0-0", valkey_version="8.1.1")
A, B, C = (f"shop-{number}-0" for number in range(3))


def move(number: int, source: str = A, target: str = B, first: int = 0) -> Move:
    return Move(source, target, ((first, first + number - 1),))


SIZES = [
    # engine, manner, slots to move, keys a slot, bytes a slot, slots of the pieces
    ("empty slots", "setslot", Manner(), 600, 0, 0, [256, 256, 88]),
    ("keys", "setslot", Manner(), 100, 1000, 0, [20] * 5),
    ("a slot with more keys than a piece may have goes alone", "setslot", Manner(), 3, OPEN_KEYS * 2, 0, [1, 1, 1]),
    ("a throttle of keys", "setslot", Manner(keys_per_second=100), 10, 50, 0, [4, 4, 2]),
    ("a throttle of bytes", "setslot", Manner(bytes_per_second=1000), 10, 1, 900, [2] * 5),
    ("atomic: all at once", "migration", Manner(), 5000, 100, 0, [5000]),
    ("atomic: so many bytes", "migrateslots", Manner(), 8, 1, ATOMIC_BYTES // 2, [2] * 4),
    ("atomic: a throttle of keys", "migration", Manner(keys_per_second=100), 10, 100, 0, [2] * 5),
    ("atomic: a slot with more bytes than a piece may have", "migration", Manner(), 2, 1, ATOMIC_BYTES * 2, [1, 1]),
]


@pytest.mark.parametrize(
    ("engine", "manner", "slots", "keys", "size", "pieces"), [row[1:] for row in SIZES], ids=[row[0] for row in SIZES]
)
def test_sizes(engine: str, manner: Manner, slots: int, keys: int, size: int, pieces: list[int]) -> None:
    one = move(slots)
    found = batches.batches([one], dict.fromkeys(one.slots, keys), dict.fromkeys(one.slots, size), engine, manner, VIEW)
    assert [len(piece) for _move, piece in found] == pieces


def test_valkey_opens_fewer_slots_at_once() -> None:
    found = batches.batches([move(130)], {}, {}, "setslot", Manner(), VALKEY)
    assert [len(piece) for _move, piece in found] == [64, 64, 2]
    assert batches.slots_at_once(VALKEY, A) == 64
    assert batches.slots_at_once(VALKEY, B) == batches.slots_at_once(VALKEY, "gone") == 256


def test_the_moves_go_on_in_turn() -> None:
    one, other = move(600), move(300, C, B, 12000)
    found = batches.batches([one, other], {}, {}, "setslot", Manner(), VIEW)
    assert [(piece[0].source, piece[1][0]) for piece in found] == [(A, 0), (C, 12000), (A, 256), (C, 12256), (A, 512)]


@given(
    some.dictionaries(some.integers(0, 999), some.integers(0, 50_000)),
    some.dictionaries(some.integers(0, 999), some.integers(0, ATOMIC_BYTES)),
    some.sampled_from(["setslot", "migration", "migrateslots"]),
    some.integers(0, 1000),
)
def test_every_slot_is_in_one_piece_in_order(
    keys: dict[int, int], sizes: dict[int, int], engine: str, rate: int
) -> None:
    moves = [move(700), move(300, C, B, 700)]
    found = batches.batches(moves, keys, sizes, engine, Manner(keys_per_second=rate), VIEW)
    assert all(piece for _move, piece in found)
    for one in moves:
        assert tuple(slot for owner, piece in found if owner is one for slot in piece) == one.slots
