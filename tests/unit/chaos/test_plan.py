# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a client are spread over all slots, and nobody else's."""

from __future__ import annotations

import pytest

from tests.chaos.plan import COUNTER, LIST, SLOTS, Plan, client_of, group_name, group_of, keys, kind_of, slot_of


@pytest.mark.parametrize("groups", [1, 3, 7, 12])
def test_each_group_has_its_keys(groups: int) -> None:
    plan = Plan("x", groups=groups, counters=2, lists=3)
    found = keys(plan, "redis-py")
    assert list(found) == list(range(groups))
    for group, some in found.items():
        assert [key.kind for key in some] == [COUNTER] * 2 + [LIST] * 3
        assert {group_of(slot_of(key.name), groups) for key in some} == {group}
        assert {(kind_of(key.name), client_of(key.name)) for key in some} == {(COUNTER, "redis-py"), (LIST, "redis-py")}
    every = [key.name for some in found.values() for key in some]
    assert len(set(every)) == 5 * groups
    assert not set(every) & {key.name for some in keys(plan, "glide").values() for key in some}


@pytest.mark.parametrize("groups", [1, 3, 7, 12])
def test_names_of_groups_are_their_slots(groups: int) -> None:
    ranges = [tuple(map(int, group_name(group, groups).split("-"))) for group in range(groups)]
    slots = [slot for first, last in ranges for slot in range(first, last + 1)]
    assert slots == list(range(SLOTS))
    assert all(group_of(slot, groups) == group for group, some in enumerate(ranges) for slot in some)
