# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a pod from being restarted: each row changes one thing in a healthy cluster."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import restart_gates
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import BROKEN, MASTER, REPLICA, Turn
from ansible_collections.k8sredis.core.plugins.module_utils._model import View

from tests.unit.decide import views

Change = Callable[[View], View]

MASTER_TURN = Turn("shop-1-0", MASTER, "requested")
REPLICA_TURN = Turn("shop-1-1", REPLICA, "requested")
BROKEN_TURN = Turn("shop-1-1", BROKEN, "requested")
HEALTHY = views.healthy(3, 1)


@pytest.mark.parametrize("turn", [MASTER_TURN, REPLICA_TURN], ids=["master", "replica"])
def test_a_healthy_cluster_lets_it_go(turn: Turn) -> None:
    assert restart_gates.refusal(HEALTHY, turn, Limits()) == ""
    assert restart_gates.shut(HEALTHY, turn, Limits()) == ""


def behind(found: View, name: str, number: int) -> View:
    return views.info(found, name, master_repl_offset=str(number))


SHUT: list[tuple[str, Turn, Change, str]] = [
    ("another member is silent", REPLICA_TURN, lambda v: views.answers_not(v, "shop-2-1"), "shop-2-1: Connection"),
    (
        "another is not Ready",
        REPLICA_TURN,
        lambda v: views.place(v, "shop-2-1", ready=False),
        "shop-2-1: its pod is not",
    ),
    (
        "the master is not Ready",
        MASTER_TURN,
        lambda v: views.place(v, "shop-1-0", ready=False),
        "shop-1-0: its pod is not",
    ),
    (
        "a replica of the shard is not linked",
        MASTER_TURN,
        lambda v: views.info(v, "shop-1-1", master_link_status="down"),
        "shop-1-1: its link to the master is down",
    ),
    (
        "one is held for failing",
        REPLICA_TURN,
        lambda v: views.entry(v, "shop-0-0", "shop-2-0", flag="fail?"),
        "shop-0-0: holds shop-2-0 for failing",
    ),
    (
        "the replica is far behind",
        MASTER_TURN,
        lambda v: behind(v, "shop-1-0", 5000),
        "shop-1-1 is 4900 bytes behind shop-1-0, allowed are 1000 (max_lag)",
    ),
]


@pytest.mark.parametrize(("turn", "change", "words"), [row[1:] for row in SHUT], ids=[row[0] for row in SHUT])
def test_it_stays_shut(turn: Turn, change: Change, words: str) -> None:
    assert restart_gates.shut(change(HEALTHY), turn, Limits(max_lag=1000)).startswith(words)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: views.place(v, "shop-1-1", ready=False),
        lambda v: views.info(v, "shop-1-1", master_link_status="down"),
        lambda v: behind(v, "shop-1-0", 5000),
    ],
    ids=["not Ready", "not linked", "behind"],
)
def test_what_a_replica_lacks_is_no_reason_to_keep_it(change: Change) -> None:
    assert restart_gates.shut(change(HEALTHY), REPLICA_TURN, Limits(max_lag=1000)) == ""


def test_a_broken_pod_waits_for_nobody_but_for_its_own_data() -> None:
    broken = views.answers_not(HEALTHY, "shop-1-1", "shop-2-1")
    assert restart_gates.shut(broken, BROKEN_TURN, Limits()) == ""
    assert "has come up" in restart_gates.shut(HEALTHY, BROKEN_TURN, Limits())
    loading = views.change(broken, "shop-1-1", error="LOADING Redis is loading the dataset in memory")
    assert restart_gates.shut(loading, BROKEN_TURN, Limits()) == "shop-1-1 loads its data"


LONE = views.without(HEALTHY, "shop-1-1")


def test_a_master_without_a_replica_goes_only_by_consent() -> None:
    refused = restart_gates.refusal(LONE, MASTER_TURN, Limits())
    assert refused.startswith("it is the master of its shard and nobody can take over (it has no replica)")
    assert restart_gates.refusal(LONE, MASTER_TURN, Limits(accept_interruption=True)) == ""


def test_a_replica_that_is_silent_for_a_moment_is_waited_for() -> None:
    found = views.answers_not(HEALTHY, "shop-1-1")
    assert restart_gates.refusal(found, MASTER_TURN, Limits()) == ""
    assert restart_gates.shut(found, MASTER_TURN, Limits()) == "shop-1-1: Connection refused"


def test_a_master_whose_replicas_may_not_take_over() -> None:
    older = views.info(HEALTHY, "shop-1-0", redis_version="8.2.0")
    assert "nobody can take over (shop-1-1: it runs redis 8.0.2, older than" in restart_gates.refusal(
        older, MASTER_TURN, Limits()
    )


@pytest.mark.parametrize("accept", [True, False])
def test_the_last_copy_is_never_given_away(accept: bool) -> None:
    lone = views.info(views.place(LONE, "shop-1-0", volatile=True), "shop-1-0", db0="keys=7,expires=0,avg_ttl=0")
    refused = restart_gates.refusal(lone, MASTER_TURN, Limits(accept_interruption=accept))
    assert refused.startswith("its data ends with the pod and no other member of its shard has it")
    silent = views.place(views.answers_not(LONE, "shop-1-0"), "shop-1-0", volatile=True)
    turn = Turn("shop-1-0", BROKEN, "requested")
    assert restart_gates.refusal(silent, turn, Limits(accept_interruption=accept)).startswith("its data ends")
    assert restart_gates.refusal(views.place(silent, "shop-1-0", ever_ran=False), turn, Limits()) == ""
    assert restart_gates.refusal(views.place(silent, "shop-1-0", volatile=False), turn, Limits()) == ""


def test_nothing_is_kept_without_persistence() -> None:
    lone = views.info(views.setting(LONE, "shop-1-0", appendonly="no"), "shop-1-0", db0="keys=7,expires=0,avg_ttl=0")
    assert "its data ends" in restart_gates.refusal(lone, MASTER_TURN, Limits(accept_interruption=True))


def test_less_memory_than_is_used() -> None:
    full = views.info(HEALTHY, "shop-1-0", used_memory="900")
    assert restart_gates.refusal(full, REPLICA_TURN, Limits(maxmemory=1000)) == ""
    assert restart_gates.refusal(full, REPLICA_TURN, Limits(maxmemory=899)).startswith(
        "shop-1-0 uses 900 bytes, more than the 899 of maxmemory"
    )


def test_replicas_without_which_a_master_refuses_writes() -> None:
    strict = views.setting(HEALTHY, "shop-1-0", min_replicas_to_write="1")
    for turn in (MASTER_TURN, REPLICA_TURN):
        assert "min-replicas-to-write of shop-1-0 is 1 and 0 replicas would be left" in restart_gates.refusal(
            strict, turn, Limits()
        )
    two = views.setting(views.healthy(3, 2), "shop-1-0", min_replicas_to_write="1")
    assert restart_gates.refusal(two, MASTER_TURN, Limits()) == ""
