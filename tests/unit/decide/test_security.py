# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide.security import HOLES, SECURE_SINCE, warnings
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

HAVE: list[tuple[Server, set[str]]] = [
    (
        Server("redis", (7, 0, 15)),
        {"CVE-2026-25243", "CVE-2025-49844", "CVE-2025-32023"},
    ),
    (
        Server("redis", (8, 0, 2)),
        {"CVE-2026-62356", "CVE-2026-25243", "CVE-2026-23479", "CVE-2025-49844", "CVE-2025-32023"},
    ),
    (Server("redis", (8, 2, 6)), {"CVE-2026-62356"}),
    (Server("redis", (8, 2, 9)), set()),
    (Server("redis", (8, 10, 0)), set()),
    (Server("redis", (7, 4, 9)), set()),
    (
        Server("valkey", (8, 1, 1)),
        {"CVE-2026-63639", "CVE-2026-25243", "CVE-2026-23479", "CVE-2025-49844", "CVE-2025-32023"},
    ),
    (Server("valkey", (9, 0, 4)), {"CVE-2026-63639"}),
    (Server("valkey", (9, 1, 0)), {"CVE-2026-63639"}),
]


@pytest.mark.parametrize(("server", "names"), HAVE, ids=[str(row[0]) for row in HAVE])
def test_holes_by_name(server: Server, names: set[str]) -> None:
    assert {hole.name for hole in HOLES if hole.is_in(server)} == names


def test_what_is_called_secure_has_none_of_them() -> None:
    for family, branches in SECURE_SINCE.items():
        for branch, patch in branches.items():
            assert [hole.name for hole in HOLES if hole.is_in(Server(family, (*branch, patch)))] == []


def test_holes_without_a_name() -> None:
    """Fixed after the newest that is named."""
    (sentence,) = warnings(Server("redis", (8, 2, 9)))
    assert sentence == "redis-8.2.9 has known security holes that 8.2.10 closes; use that or a newer one."
