# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's clients of a master with Sentinels: nothing is lost where it is handed over with care, and what
SENTINEL FAILOVER alone loses is seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import ledger
from tests.chaos.clients import OF_SENTINELS
from tests.chaos.ledger import Ledger
from tests.chaos.target import Sentinels
from tests.integration.pod_process import eventually
from tests.integration.sentinels import NAME, Watched, watched
from tests.servers import Server, available

ASKING = ("redis-py-sentinel", "coredis-sentinel")
WRITES = 200
VAIN_SECONDS = 3.0
POOLED = 64
"""So many connections a pool of coredis has."""


def newest(suite: str = "trixie") -> Server:
    return next(one for one in available() if (one.family, one.suite) == ("redis", suite))


@contextmanager
def accounted(target: Watched, folder: Path, *clients: str) -> Iterator[Ledger]:
    sentinels = Sentinels([each.endpoint for each in target.sentinels], {}, NAME)
    seeds = [target.servers[0].endpoint]
    with ledger.running(seeds, {}, folder, clients=clients, sentinels=sentinels, groups=4, replicas=2) as run:
        run.wait_for_writes(WRITES)
        yield run


def test_calm(server: Server, tmp_path: Path) -> None:
    """Every library works with every version."""
    with watched(server) as target, accounted(target, tmp_path) as run:
        verdict = run.finish()
    assert set(verdict.by_client) == set(OF_SENTINELS)
    assert verdict.clean_but_plain_losses, verdict
    assert verdict.clean, verdict
    assert [(slots.first, slots.last) for slots in verdict.owners_after] == [(0, 16383)]
    assert verdict.by_client["redis-py-plain"].replicated > 0, "its WAIT was not followed"


def test_handed_over_with_care(tmp_path: Path) -> None:
    with watched(newest()) as target, accounted(target, tmp_path, *ASKING) as run:
        run.mark("hand over")
        target.succeed("sentinel_failover", away_from=target.servers[0].endpoint)
        run.mark("over")
        run.wait_for_writes(WRITES)
        verdict = run.finish()
    assert verdict.clean, verdict
    assert verdict.owners_after != verdict.owners_before


def test_handed_over_without(tmp_path: Path) -> None:
    """The former master takes writes for some ten seconds more, and forgets them."""
    with watched(newest()) as target, accounted(target, tmp_path, *ASKING) as run:
        run.mark("SENTINEL FAILOVER")
        assert eventually(lambda: target.sentinels[0].ask("SENTINEL", "FAILOVER", NAME) == "OK")
        assert eventually(lambda: target.masters() != [target.servers[0].endpoint])
        assert eventually(lambda: len(target.masters()) == 1)
        run.wait_for_writes(WRITES)
        verdict = run.finish()
    assert all(verdict.by_client[client].lost > 0 for client in ASKING), verdict
    assert not verdict.clean


def test_a_time_without_sentinels(tmp_path: Path) -> None:
    """Each client finds its way back, however often it asked in vain."""
    with watched(newest()) as target, accounted(target, tmp_path, *ASKING) as run:
        for sentinel in target.sentinels:
            sentinel.kill()
        target.servers[0].ask("CLIENT", "KILL", "TYPE", "normal")
        time.sleep(VAIN_SECONDS)
        for sentinel in target.sentinels:
            sentinel.start()
        run.wait_for_writes(WRITES)
        verdict = run.finish()
    assert verdict.clean, verdict
    assert sum(verdict.errors["coredis-sentinel"].values()) > POOLED, verdict.errors
