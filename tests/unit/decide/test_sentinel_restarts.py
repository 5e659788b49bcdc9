# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order pods with servers and Sentinels go, and what keeps one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import rollout, sentinel_gates, sentinel_rollout
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import (
    BROKEN,
    MASTER,
    REPLICA,
    SENTINEL,
    Bounds,
    Turn,
    Wanted,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

from tests.unit.decide import watches
from tests.unit.decide.watches import with_sentinel, with_server

OLD, NEW = "0ld", "new"
SERVERS = [f"10.0.0.{number}:6379" for number in (1, 2, 3)]
SENTINELS = [f"10.0.0.{number}:26379" for number in (1, 2, 3)]
ONE, TWO, THREE = SERVERS
WANTED = {name: Wanted(NEW) for name in (*SERVERS, *SENTINELS)}


def placed(given: Watch, *names: str, **member: Any) -> Watch:
    """These pods, or all, with another member."""
    values = {"ready": True, **member}

    def change(process: Any) -> Any:
        if names and process.name not in names:
            return process
        return replace(process, member=replace(process.member, uid=f"uid-{process.name}", **values))

    return replace(given, servers=tuple(map(change, given.servers)), sentinels=tuple(map(change, given.sentinels)))


OUTDATED = placed(watches.watch(), restart_hash=OLD)
DOWN = {"ready": False, "restart_hash": OLD}


def silent(given: Watch, name: str, error: str = "Connection refused") -> Watch:
    return replace(
        given,
        servers=tuple(
            replace(each, error=error, info={}, settings=None) if each.name == name else each for each in given.servers
        ),
        sentinels=tuple(
            replace(each, error=error, master=None) if each.name == name else each for each in given.sentinels
        ),
    )


def order(given: Watch, **bounds: Any) -> list[tuple[str, str]]:
    turns = sentinel_rollout.rolled(given, WANTED, {}, Bounds(**bounds)).turns
    return [(turn.kind, turn.pod) for turn in turns]


def test_replicas_then_the_master_then_the_sentinels() -> None:
    assert order(OUTDATED) == [
        (REPLICA, TWO),
        (REPLICA, THREE),
        (MASTER, ONE),
        *((SENTINEL, name) for name in SENTINELS),
    ]
    assert order(placed(OUTDATED, restart_hash=NEW)) == []


def test_what_does_not_run_goes_first() -> None:
    broken = placed(silent(silent(OUTDATED, THREE), SENTINELS[1]), THREE, SENTINELS[1], **DOWN)
    assert order(broken)[:2] == [(BROKEN, SENTINELS[1]), (BROKEN, THREE)]
    assert order(broken, broken_only=True) == order(broken)[:2]


def test_a_master_that_is_silent_for_a_moment_is_none_that_is_broken() -> None:
    assert (MASTER, ONE) in order(silent(OUTDATED, ONE))


def test_bounds() -> None:
    assert (MASTER, ONE) not in order(OUTDATED, masters="skip")
    assert order(OUTDATED, limit=2) == order(OUTDATED)[:2]
    one_done = placed(OUTDATED, TWO, restart_hash=NEW)
    assert order(one_done, limit=2) == [(REPLICA, THREE)]


def test_who_leaves_is_not_restarted_before() -> None:
    given = replace(OUTDATED, leaving=frozenset({THREE, SENTINELS[2]}))
    assert order(given) == [turn for turn in order(OUTDATED) if turn[1] not in given.leaving]


def test_a_request_names_any_pod() -> None:
    members = sentinel_rollout.members(OUTDATED)
    wished = rollout.request(members, None, [SENTINELS[0], TWO])
    nothing = {name: Wanted(OLD) for name in WANTED}
    assert [turn.pod for turn in sentinel_rollout.due(OUTDATED, nothing, wished)] == [TWO, SENTINELS[0]]
    with pytest.raises(Refused, match="Cannot restart nobody: no pod of the instance has that name"):
        rollout.request(members, None, ["nobody"])


BESIDE = placed(watches.beside(watches.watch()), restart_hash=OLD)
"""Each server with its Sentinel in one pod."""


def without_sentinel(given: Watch, name: str) -> Watch:
    """It does not answer, and the server of its pod does."""
    number = SERVERS.index(name) + 1
    return with_sentinel(given, number, error="Connection refused", master=None)


def without_server(given: Watch, name: str) -> Watch:
    """The other way round."""
    return replace(silent(given, name), sentinels=given.sentinels)


def test_a_pod_with_both_goes_once_as_its_server() -> None:
    assert order(BESIDE) == [(REPLICA, TWO), (REPLICA, THREE), (MASTER, ONE)]
    assert order(BESIDE, limit=2) == order(BESIDE)[:2]
    one_done = placed(BESIDE, TWO, restart_hash=NEW)
    assert order(one_done, limit=2) == [(REPLICA, THREE)]
    assert [member.name for member in sentinel_rollout.members(BESIDE)] == SERVERS
    assert len(rollout.request(sentinel_rollout.members(BESIDE), None, [])) == 3


def test_a_pod_with_both_is_broken_without_its_server() -> None:
    down = {"restart_hash": OLD, "ready": False}
    assert order(placed(without_server(BESIDE, THREE), THREE, **down))[0] == (BROKEN, THREE)
    assert order(placed(without_sentinel(BESIDE, THREE), THREE, **down))[1] == (REPLICA, THREE)


def test_a_vote_goes_with_a_server() -> None:
    """The others have to elect meanwhile."""
    assert sentinel_gates.shut(BESIDE, TURNS[REPLICA], Limits()) == ""
    quorum_of_all = BESIDE
    for number in (1, 2, 3):
        quorum_of_all = with_sentinel(
            quorum_of_all, number, master=watches.peer("server", 1, "master", **{**watches.TOLD, "quorum": "3"})
        )
    words = "2 of 3 Sentinels would be left, and nobody could be elected meanwhile"
    for kind in (REPLICA, MASTER):
        assert sentinel_gates.shut(quorum_of_all, TURNS[kind], Limits()) == words
    assert sentinel_gates.shut(without_sentinel(BESIDE, THREE), TURNS[REPLICA], Limits()) == (
        f"{THREE}: Connection refused"
    )


def test_a_broken_server_keeps_the_vote_beside_it_while_that_is_needed() -> None:
    turn = Turn(TWO, BROKEN, "")
    broken = without_server(BESIDE, TWO)
    assert sentinel_gates.shut(broken, turn, Limits()) == ""
    needed = without_sentinel(broken, THREE)
    assert sentinel_gates.shut(needed, turn, Limits()).startswith("1 of 3 Sentinels would be left")
    useless = without_sentinel(needed, ONE)
    assert sentinel_gates.shut(useless, turn, Limits()) == ""
    assert sentinel_gates.shut(without_sentinel(needed, TWO), turn, Limits()) == ""


TURNS = {REPLICA: Turn(TWO, REPLICA, ""), MASTER: Turn(ONE, MASTER, ""), SENTINEL: Turn(SENTINELS[2], SENTINEL, "")}

SHUT: list[tuple[str, str, Callable[[Watch], Watch], str]] = [
    (
        "another replica is not in sync",
        REPLICA,
        lambda w: with_server(w, 3, master_link_status="down"),
        f"{THREE}: is not",
    ),
    ("a Sentinel is silent", REPLICA, lambda w: silent(w, SENTINELS[0]), f"{SENTINELS[0]}: Connection refused"),
    ("no quorum", MASTER, lambda w: with_sentinel(w, 2, no_quorum="NOQUORUM"), f"{SENTINELS[1]}: says: NOQUORUM"),
    ("two masters", SENTINEL, lambda w: with_server(w, 3, role="master"), "servers: "),
    ("TILT", SENTINEL, lambda w: with_sentinel(w, 1, info={"sentinel_tilt": "1"}), f"{SENTINELS[0]}: is in TILT"),
    ("behind", MASTER, lambda w: with_server(w, 3, slave_repl_offset="1"), f"{THREE} is 999 bytes behind {ONE}"),
]


@pytest.mark.parametrize(("kind", "change", "words"), [row[1:] for row in SHUT], ids=[row[0] for row in SHUT])
def test_it_stays_shut(kind: str, change: Callable[[Watch], Watch], words: str) -> None:
    assert sentinel_gates.shut(OUTDATED, TURNS[kind], Limits(max_lag=500)) == ""
    found = sentinel_gates.shut(change(OUTDATED), TURNS[kind], Limits(max_lag=500))
    assert found.startswith(words) or words in found, found


def test_what_a_replica_lacks_is_no_reason_to_keep_it() -> None:
    cut_off = with_server(OUTDATED, 2, master_link_status="down")
    assert sentinel_gates.shut(cut_off, TURNS[REPLICA], Limits()) == ""
    assert sentinel_gates.shut(cut_off, TURNS[MASTER], Limits()) != ""
    behind = with_server(OUTDATED, 2, slave_repl_offset="1")
    assert sentinel_gates.shut(behind, TURNS[REPLICA], Limits(max_lag=500)) == ""


def test_two_sentinels_are_no_majority_of_two() -> None:
    two = placed(watches.watch(3, 2), restart_hash=OLD)
    turn = Turn(SENTINELS[1], SENTINEL, "")
    assert sentinel_gates.shut(two, turn, Limits()).startswith("1 of 2 Sentinels would be left")


def test_a_broken_pod_waits_for_nobody_but_for_its_own_data() -> None:
    turn = Turn(TWO, BROKEN, "")
    assert sentinel_gates.shut(silent(silent(OUTDATED, TWO), THREE), turn, Limits()) == ""
    assert "has come up" in sentinel_gates.shut(OUTDATED, turn, Limits())
    assert sentinel_gates.shut(silent(OUTDATED, TWO, "LOADING the dataset"), turn, Limits()) == f"{TWO} loads its data"
    assert sentinel_gates.shut(OUTDATED, Turn("gone", REPLICA, ""), Limits()) == "gone is not there"


def test_a_master_that_nobody_may_follow_goes_only_by_consent() -> None:
    alone = OUTDATED
    for number in (2, 3):
        alone = with_server(alone, number, {"replica-priority": "0"})
    refused = sentinel_gates.refusal(alone, TURNS[MASTER], Limits())
    assert refused.startswith("it is the master and no replica may take over")
    assert sentinel_gates.refusal(alone, TURNS[MASTER], Limits(accept_interruption=True)) == ""
    assert sentinel_gates.refusal(alone, TURNS[REPLICA], Limits()) == ""


def test_a_fence_that_would_stop_the_writes() -> None:
    fenced = with_server(OUTDATED, 2, {"min-replicas-to-write": "2"})
    assert sentinel_gates.refusal(fenced, TURNS[REPLICA], Limits()).startswith(
        "min-replicas-to-write is 2 and 1 replicas"
    )


def test_less_memory_than_is_used() -> None:
    full = with_server(OUTDATED, 1, used_memory="900")
    assert sentinel_gates.refusal(full, TURNS[REPLICA], Limits(maxmemory=1000)) == ""
    assert sentinel_gates.refusal(full, TURNS[REPLICA], Limits(maxmemory=899)).startswith(f"{ONE} uses 900 bytes")
    assert sentinel_gates.refusal(full, TURNS[SENTINEL], Limits(maxmemory=899)) == ""


def test_the_last_copy_is_never_given_away() -> None:
    lone = placed(silent(silent(OUTDATED, TWO), THREE), ONE, volatile=True)
    for limits in (Limits(), Limits(accept_interruption=True)):
        assert sentinel_gates.refusal(lone, TURNS[MASTER], limits).startswith("its data ends with the pod")
    kept = placed(lone, ONE, volatile=False)
    assert sentinel_gates.refusal(kept, TURNS[MASTER], Limits(accept_interruption=True)) == ""
    nothing = with_server(kept, 1, {"appendonly": "no", "save": ""})
    assert "its data ends" in sentinel_gates.refusal(nothing, TURNS[MASTER], Limits(accept_interruption=True))
