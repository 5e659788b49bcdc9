# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the targets of moves have room."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import headroom
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Volume
from ansible_collections.k8sredis.core.plugins.module_utils._model import Move, Refused, View

from tests.unit.decide import views

MIB = 1024 * 1024
A, B, C, B_REPLICA = "shop-0-0", "shop-1-0", "shop-2-0", "shop-1-1"


def with_memory(**used: int) -> View:
    """MiB that members use, of 100; all others use 10."""
    view = views.healthy(3, 1)
    for node in view.nodes:
        mine = used.get(node.name.replace("-", "_"), 10)
        view = views.info(view, node.name, maxmemory=str(100 * MIB), used_memory=str(mine * MIB))
    return view


def coming(size: int, source: str = A, target: str = B) -> dict[Move, Volume]:
    return {Move(source, target, ((0, 0),)): Volume(1, 1, size * MIB)}


FITS = [
    ("it fits", with_memory(), coming(65), 75),
    (
        "no limit",
        views.info(views.info(with_memory(), B, maxmemory="0"), B_REPLICA, maxmemory="0"),
        coming(1000),
        75,
    ),
    ("nothing comes", with_memory(shop_1_0=99), coming(0), 75),
    ("as much goes as comes", with_memory(shop_1_0=74), {**coming(50), **coming(50, B, C)}, 75),
    ("the option allows it", with_memory(), coming(85), 95),
    ("the source may be full", with_memory(shop_0_0=99), coming(10), 75),
    ("a target that is not there", with_memory(), coming(900, A, "shop-7-0"), 75),
]


@pytest.mark.parametrize(("view", "volumes", "percent"), [row[1:] for row in FITS], ids=[row[0] for row in FITS])
def test_it_fits(view: View, volumes: dict[Move, Volume], percent: int) -> None:
    headroom.refuse_overfull(volumes, view, percent)


FULL = [
    ("the target", with_memory(), coming(66), 75, "66.0 MiB to shop-1-0: shop-1-0 would use 76.0 MiB"),
    (
        "a replica of the target",
        with_memory(shop_1_1=50),
        coming(30),
        75,
        "30.0 MiB to shop-1-0: shop-1-1 would use 80.0 MiB",
    ),
    (
        "two sources together",
        with_memory(),
        {**coming(40), **coming(40, C, B)},
        75,
        "80.0 MiB to shop-1-0: shop-1-0 would use 90.0 MiB",
    ),
    ("a lower limit", with_memory(), coming(41), 50, "41.0 MiB to shop-1-0: shop-1-0 would use 51.0 MiB"),
]


@pytest.mark.parametrize(
    ("view", "volumes", "percent", "seen"), [row[1:] for row in FULL], ids=[row[0] for row in FULL]
)
def test_refused(view: View, volumes: dict[Move, Volume], percent: int, seen: str) -> None:
    with pytest.raises(Refused) as refused:
        headroom.refuse_overfull(volumes, view, percent)
    assert str(refused.value) == (
        f"Cannot move {seen} of 100.0 MiB, more than memory_percent ({percent}); give it more memory, add shards, or "
        "raise memory_percent."
    )
