# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentinels forget who is gone, one at a time, and nobody else; a failover is possible all the time."""

from __future__ import annotations

import pytest

from tests.integration import modules
from tests.integration.pod_process import eventually
from tests.integration.sentinels import NAME, Watched, agree_on, come_to_agree, told_by, watched
from tests.servers import Server

SUITES = ("redis-trixie",)
GHOSTS = {"ghost_replica", "ghost_sentinel"}


def without_the_last(made: Watched) -> Watched:
    return Watched(made.servers[:-1], made.sentinels[:-1])


def number_of_others(made: Watched) -> list[tuple[str, str]]:
    """Of other Sentinels and of replicas, as each Sentinel counts them."""
    told = [told_by(sentinel) for sentinel in made.sentinels]
    return [(each["num-other-sentinels"], each["num-slaves"]) for each in told]


def test_who_is_gone_is_forgotten(server: Server) -> None:
    with watched(server, replicas=2, sentinels=5) as made:
        made.servers[-1].kill()
        made.sentinels[-1].kill()
        rest = without_the_last(made)
        assert eventually(lambda: rest.findings() >= GHOSTS), rest.findings()
        assert eventually(lambda: not rest.run("sentinel_forget", check=True).failed), "not yet dead for all of them"
        foreseen = rest.succeed("sentinel_forget", check=True)
        assert len(foreseen.plan) == 4
        assert number_of_others(rest) == [("4", "2")] * 4, "check mode did something"
        done = rest.succeed("sentinel_forget", wait_timeout=60)
        assert done.plan == foreseen.plan
        assert number_of_others(rest) == [("3", "1")] * 4
        assert come_to_agree(rest, made.servers[0])
        assert not rest.succeed("sentinel_forget").changed

        made.servers[0].kill()
        assert eventually(lambda: rest.servers[1].ask("ROLE")[0] == "master", 60), "nobody could be elected"


def test_who_is_not_named_and_answers_is_kept(server: Server) -> None:
    with watched(server, replicas=2) as made:
        rest = Watched(made.servers[:-1], made.sentinels)
        words = rest.refuse("sentinel_forget", wait_timeout=2)
        assert f"forget {made.servers[-1].endpoint}: it is none of those that were named, and it answers" in words
        assert number_of_others(made) == [("2", "2")] * 3


def test_while_the_master_is_away_nobody_is_reset(server: Server) -> None:
    with watched(server, replicas=2, down_after=60000) as made:
        made.servers[-1].kill()
        made.servers[0].kill()
        words = without_one(made).refuse("sentinel_forget", wait_timeout=2)
        assert words.startswith(f"Cannot let Sentinels of {NAME} forget anybody: {made.servers[0].endpoint}: "), words
        assert number_of_others(made) == [("2", "2")] * 3


def without_one(made: Watched) -> Watched:
    return Watched(made.servers[:-1], made.sentinels)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_run_that_is_killed_is_taken_up(server: Server, victim: int) -> None:
    """After the first or the second of them was reset, by whoever did it."""
    with watched(server, replicas=1, sentinels=4) as made:
        made.sentinels[-1].kill()
        rest = Watched(made.servers, made.sentinels[:-1])
        assert eventually(lambda: "ghost_sentinel" in rest.findings()), rest.findings()
        for sentinel in rest.sentinels[: victim + 1]:
            assert sentinel.ask("SENTINEL", "RESET", NAME) == 1
        results = modules.succeed(["sentinel_forget"], rest.servers, **rest.target(), wait_timeout=60)
        assert len(results[0].plan) == 2 - victim
        assert eventually(lambda: agree_on(rest, made.servers[0]))
