# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may take over from a master."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import candidates
from ansible_collections.k8sredis.core.plugins.module_utils._model import View

from tests.unit.decide import views
from tests.unit.decide.views import healthy, info, node

CANDIDATE, MASTER = "shop-0-1", "shop-0-0"


def test_replicas_of_a_master_are_its_candidates() -> None:
    found = healthy(3, 2)
    assert [one.name for one in candidates.of(node(found, MASTER), found)] == ["shop-0-1", "shop-0-2"]
    assert candidates.barred(node(found, CANDIDATE), node(found, MASTER)) == ""
    assert candidates.lacking(node(found, CANDIDATE), node(found, MASTER), found) == ""


def versions(own: str, masters: str) -> View:
    found = healthy(3, 1)
    for name, text in ((CANDIDATE, own), (MASTER, masters)):
        family, number = text.split()
        field = {"redis": "redis_version", "valkey": "valkey_version"}[family]
        found = info(found, name, **{field: number})
    return found


BARRED = [
    (
        "of another shard",
        views.replicating(healthy(3, 1), "shop-1-1", MASTER),
        "shop-1-1",
        "it is of shard 1 and replicates shard 0",
    ),
    (
        "told not to be elected",
        views.everywhere(healthy(3, 1), CANDIDATE, flag="nofailover"),
        CANDIDATE,
        "it is set to cluster-replica-no-failover",
    ),
    (
        "older",
        versions("redis 7.0.15", "redis 8.0.2"),
        CANDIDATE,
        "it runs redis 7.0.15, older than redis 8.0.2 of shop-0-0",
    ),
    ("of the same version", versions("redis 8.0.2", "redis 8.0.2"), CANDIDATE, ""),
    ("newer, by number and not by letter", versions("redis 8.10.0", "redis 8.2.0"), CANDIDATE, ""),
    (
        "of the other family",
        versions("valkey 9.1.2", "redis 8.0.2"),
        CANDIDATE,
        "it runs valkey 9.1.2, older than redis 8.0.2 of shop-0-0",
    ),
]


@pytest.mark.parametrize(("found", "who", "why"), [row[1:] for row in BARRED], ids=[row[0] for row in BARRED])
def test_barred(found: View, who: str, why: str) -> None:
    assert candidates.barred(node(found, who), node(found, MASTER)) == why


UNLISTED = "shop-0-0 or a majority of the masters does not hold it for a replica of shop-0-0 yet"


def unlisted(*by: str) -> View:
    found = healthy(3, 1)
    for name in by:
        found = views.entry(found, name, CANDIDATE, role="master", master_id="")
    return found


LACKING = [
    ("it is silent", views.answers_not(healthy(3, 1), CANDIDATE), "Connection refused"),
    ("it follows another", views.replicating(healthy(3, 1), CANDIDATE, "shop-1-0"), "it does not replicate shop-0-0"),
    ("its master does not list it", unlisted(MASTER), UNLISTED),
    ("a minority does not list it", unlisted("shop-2-0"), ""),
    ("a majority does not list it", unlisted("shop-1-0", "shop-2-0"), UNLISTED),
    (
        "its master holds it for failing",
        views.entry(healthy(3, 1), MASTER, CANDIDATE, flag="fail?"),
        UNLISTED,
    ),
    ("its link is down", info(healthy(3, 1), CANDIDATE, master_link_status="down"), "its link to shop-0-0 is down"),
    ("it synchronises", info(healthy(3, 1), CANDIDATE, master_sync_in_progress="1"), "its data is not complete yet"),
    ("it loads", info(healthy(3, 1), CANDIDATE, loading="1"), "its data is not complete yet"),
    (
        "it is behind by what still counts as in sync",
        info(healthy(3, 1), MASTER, master_repl_offset="200100"),
        "it is 200000 bytes behind shop-0-0",
    ),
    ("it is a little behind", info(healthy(3, 1), MASTER, master_repl_offset="60100"), ""),
    (
        "it is behind by what a busy master sends in two seconds",
        info(healthy(3, 1), MASTER, master_repl_offset="200100", instantaneous_output_repl_kbps="100.00"),
        "",
    ),
]


@pytest.mark.parametrize(("found", "why"), [row[1:] for row in LACKING], ids=[row[0] for row in LACKING])
def test_lacking(found: View, why: str) -> None:
    assert candidates.lacking(node(found, CANDIDATE), node(found, MASTER), found) == why
