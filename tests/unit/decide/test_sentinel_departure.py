# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and Sentinels that are to leave: who of them does not answer holds nobody up."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_departure, sentinel_health, watched
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

from tests.unit.decide.watches import peer, silent_sentinel, silent_server, watch, with_sentinel

THREE, THIRD = "10.0.0.3:6379", "10.0.0.3:26379"


@pytest.mark.parametrize(
    ("number", "left"), [(None, []), (0, ["a-0", "a-1", "a-10"]), (2, ["a-10"]), (11, [])], ids=str
)
def test_pods_beyond(number: int | None, left: list[str]) -> None:
    assert sentinel_departure.beyond(["a-0", "a-1", "a-10"], number) == left


def test_who_answers_counts() -> None:
    given = watch()
    seen = sentinel_departure.remaining(given, [THREE, THIRD])
    assert (seen.servers, seen.sentinels) == (given.servers, given.sentinels)
    assert seen.leaving == {THREE, THIRD}
    assert sentinel_health.disagreement(seen) is None


@pytest.mark.parametrize(
    ("given", "name"),
    [(silent_server(watch(), 3), THREE), (silent_sentinel(watch(), 3), THIRD)],
    ids=["server", "sentinel"],
)
def test_who_is_silent_is_missed_only_where_it_stays(given: Watch, name: str) -> None:
    assert sentinel_health.disagreement(sentinel_departure.remaining(given, [])) is not None
    seen = sentinel_departure.remaining(given, [name])
    assert seen.process(name) is None
    assert sentinel_health.disagreement(seen) is None
    assert [watched.ghosts(seen, each) for each in seen.sentinels] == [[] for _each in seen.sentinels]


def test_what_is_left_of_others_is_still_seen() -> None:
    stranger = peer("server", 9, "slave", "s_down")
    first = watch().sentinels[0]
    given = with_sentinel(silent_server(watch(), 3), 1, replicas=(*first.replicas, stranger))
    seen = sentinel_departure.remaining(given, [THREE])
    assert watched.ghosts(seen, seen.sentinels[0]) == [stranger]


def test_a_silent_master_is_missed_whatever_is_declared() -> None:
    given = silent_server(watch(), 1)
    seen = sentinel_departure.remaining(given, ["10.0.0.1:6379"])
    assert seen.server("10.0.0.1:6379") is not None
    assert sentinel_health.disagreement(seen) is not None


def test_a_silent_sentinel_may_be_whose_id_nobody_knows() -> None:
    """It stays, so its own id is none that is left over; that of a replica is not in doubt."""
    given = silent_sentinel(watch(), 3)
    assert [watched.ghosts(given, each) for each in given.sentinels[:2]] == [[], []]
