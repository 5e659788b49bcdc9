# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a declaration says of itself, together."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import validation
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

from tests.unit.decide.declarations import GOOD, application, problems, wish


def test_a_good_declaration_has_no_problem() -> None:
    server, verdict = validation.of_declaration(GOOD, application(), ())
    assert server == Server("redis", (8, 6, 7))
    assert verdict == validation.Verdict()


def test_all_problems_are_told_at_once() -> None:
    found = problems(wish(shards=2, replicas=0, port=1, config={"dir": "/x"}, image="redis:latest"))
    assert len(found) == 5
    assert all(text.endswith(".") and text.count("\n") == 0 for text in found)


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        (
            {"config": {"maxmemory-policy": "allkeys-lru"}},
            (
                "maxmemory-policy allkeys-lru evicts any key when memory is full, although "
                "redis_cluster_persistence=aof keeps data on disk."
            ),
        ),
        (
            {"resources": {}},
            (
                "There is neither a memory limit in redis_cluster_resources nor maxmemory in redis_cluster_config: "
                "a server takes all the memory of its kube_node."
            ),
        ),
        (
            {"storage": {"type": "empty_dir"}},
            (
                "redis_cluster_persistence=aof writes to an empty_dir, which is deleted with its pod; data survives "
                "only in the other members of the shard."
            ),
        ),
        (
            {"image": "redis:8.6.3"},
            (
                "redis-8.6.3 has known security holes (CVE-2026-62356: RESTORE of a crafted CMSketch runs code) "
                "that 8.6.7 closes; use that or a newer one."
            ),
        ),
        (
            {"image": "redis:8.0.6"},
            (
                "redis-8.0.6 has known security holes (CVE-2026-62356: RESTORE of a crafted CMSketch runs code; "
                "CVE-2026-25243: a crafted RESTORE runs code; CVE-2026-23479: a blocked client that is evicted lets "
                "code run), and no release of its branch closes all of them; newer ones go up to 8.10."
            ),
        ),
        (
            {"image": "valkey/valkey:8.1"},
            "The tag of valkey-8.1 does not name a patch release; make sure that it is at least 8.1.9.",
        ),
    ],
)
def test_warnings(given: dict[str, Any], warning: str) -> None:
    _server, verdict = validation.of_declaration(wish(**given), application(), ())
    assert (verdict.problems, verdict.warnings) == ((), (warning,))
