# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masters handed over on servers in memory: in order, when nobody votes, when links hang, by runs that are killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import elections
from ansible_collections.k8sredis.core.plugins.module_utils._decide.failover import SPREAD, Ask
from ansible_collections.k8sredis.core.plugins.module_utils._execute import failover
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Refused, Retryable, View

from tests.unit.decide.views import wish
from tests.unit.execute.test_converge import Instance, KilledError
from tests.unit.stand_ins.cluster import Server, Words

TIMEOUT = 60.0
WINDOW = 60.0
"""Seconds: four node timeouts."""


class Lease:
    """What runs leave for each other."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}

    def note(self, name: str) -> str:
        return self.notes.get(name, "")

    def leave_note(self, name: str, text: str) -> None:
        self.notes[name] = text


class Cluster(Instance):
    """A created one; each run is a session of its own, under one Lease if any."""

    def __init__(self, replicas: int = 1) -> None:
        super().__init__(3, replicas)
        self.replicas = replicas
        self.lease: Lease | None = None
        self.create(wish(3, replicas, cluster_node_timeout="15000"))
        self.servers.log.clear()
        self.time.slept.clear()
        self.last: Session = self.session()

    def run(self, ask: Ask, timeout: float = TIMEOUT) -> View:
        self.last = self.session()
        self.last.notes = self.lease
        try:
            return failover.hand_over(self.last, wish(3, self.replicas), ask, timeout)
        finally:
            self.last.close()

    def to(self, *names: str, timeout: float = TIMEOUT) -> View:
        return self.run(Ask(to=names), timeout)

    @property
    def masters(self) -> list[str]:
        return [name for name, server in self.servers.by_name.items() if server.myself.is_master]

    @property
    def done(self) -> list[str]:
        return [step.text for step in self.last.done]

    @property
    def asked(self) -> list[str]:
        """Who was told to take over."""
        return [line.split(":")[0] for line in self.sent("CLUSTER FAILOVER")]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def failure(deed: Callable[[], object]) -> ClusterError:
    with pytest.raises(ClusterError) as error:
        deed()
    return error.value


def test_a_replica_takes_over_and_everybody_knows(cluster: Cluster) -> None:
    cluster.to("shop-1-1")
    assert cluster.masters == ["shop-0-0", "shop-1-1", "shop-2-0"]
    assert cluster.done == ["shop-1-1 takes over from shop-1-0"]
    assert cluster.servers["shop-1-0"].myself.master_id == cluster.servers["shop-1-1"].id
    assert cluster.asked == ["shop-1-1"]
    cluster.servers.log.clear()
    cluster.to("shop-1-1")
    assert (cluster.done, cluster.sent()) == ([], [])


def test_several_shards_one_after_the_other(cluster: Cluster) -> None:
    cluster.to("shop-2-1", "shop-0-1", "shop-1-1")
    assert cluster.masters == cluster.asked == ["shop-0-1", "shop-1-1", "shop-2-1"]


def test_the_spread_of_one_place_is_as_it_is(cluster: Cluster) -> None:
    cluster.run(Ask(SPREAD))
    assert cluster.done == []


def test_a_chained_replica_is_attached_to_the_new_master() -> None:
    cluster = Cluster(replicas=2)
    cluster.servers["shop-0-2"].stays_chained = True
    cluster.to("shop-0-1")
    assert cluster.done == ["shop-0-1 takes over from shop-0-0", "shop-0-2 replicates shop-0-1"]
    assert cluster.servers["shop-0-2"].myself.master_id == cluster.servers["shop-0-1"].id


def test_nobody_votes(cluster: Cluster) -> None:
    cluster.servers.refused_votes.add("shop-1-1")
    error = failure(lambda: cluster.to("shop-1-1"))
    assert isinstance(error, Refused)
    assert str(error) == (
        "Cannot hand shop-1-0 over to shop-1-1: it answered 'OK' to CLUSTER FAILOVER and was not elected within 6 s "
        "(still a replica, link connected); shop-1-0 is still the master, see the logs of both servers and run again."
    )
    assert cluster.masters == ["shop-0-0", "shop-1-0", "shop-2-0"]
    assert cluster.asked == ["shop-1-1"]
    assert cluster.done == []


def test_the_server_says_how_long_it_pursues_a_failover(cluster: Cluster) -> None:
    cluster.servers.refused_votes.add("shop-1-1")
    cluster.servers["shop-1-1"].settings[failover.MANUAL_TIMEOUT] = "9000"
    assert "was not elected within 10 s" in str(failure(lambda: cluster.to("shop-1-1")))


def test_another_candidate_when_the_first_is_not_elected() -> None:
    """After the window of the election that failed: before, nobody votes again against that master."""
    cluster = Cluster(replicas=2)
    cluster.servers.refused_votes.add("shop-0-1")
    cluster.run(Ask(away_from=("shop-0-0",)))
    assert cluster.asked == ["shop-0-1", "shop-0-2"]
    assert cluster.masters == ["shop-0-2", "shop-1-0", "shop-2-0"]
    assert 30 < cluster.time.passed < WINDOW


def test_a_refusal_by_the_server_names_its_words(cluster: Cluster) -> None:
    cluster.servers.refusals["shop-1-1", "CLUSTER FAILOVER"] = "ERR Master is down or failed"
    assert str(failure(lambda: cluster.to("shop-1-1"))) == (
        "Cannot hand shop-1-0 over to shop-1-1: it answered 'Master is down or failed'; shop-1-0 is still the master, "
        "see the logs of both servers and run again."
    )


def test_a_link_that_hangs_keeps_the_candidate_from_being_asked(cluster: Cluster) -> None:
    cluster.servers.cut.add(("shop-2-0", "shop-1-1"))
    error = failure(lambda: cluster.to("shop-1-1", timeout=5))
    assert isinstance(error, Retryable)
    assert str(error) == (
        "Cannot begin 'shop-1-1 takes over from shop-1-0': within 5 s shop-1-1 sent shop-2-0 no answer over the "
        "cluster bus, so its vote could be lost; look at the network between the two (port 16379 unless declared "
        "otherwise) and run again."
    )
    assert cluster.asked == []


def test_a_link_that_comes_back_is_enough(cluster: Cluster) -> None:
    cluster.servers.cut.add(("shop-2-0", "shop-1-1"))
    cluster.time.later(4, cluster.servers.cut.clear)
    cluster.to("shop-1-1")
    assert cluster.masters == ["shop-0-0", "shop-1-1", "shop-2-0"]


def test_the_gate_stays_shut_while_a_member_is_not_in_sync(cluster: Cluster) -> None:
    cluster.time.passing.append(lambda: setattr(cluster.servers["shop-2-1"], "synced", False))
    error = failure(lambda: cluster.to("shop-1-1", timeout=5))
    assert str(error) == (
        "Cannot begin 'shop-1-1 takes over from shop-1-0' within 5 s: shop-2-1: its link to the master is down; mend "
        "that and run again, see 'cluster_info'."
    )
    assert cluster.sent("CLUSTER FAILOVER") == []


def test_a_migration_of_slots_is_waited_for(cluster: Cluster) -> None:
    """It opens no slot in any table."""
    cluster.servers["shop-2-0"].migrations = ["send-bulk", "send-bulk", "completed"]
    cluster.to("shop-1-1")
    assert cluster.servers["shop-2-0"].migrations == ["completed"]
    assert cluster.asked == ["shop-1-1"]


def test_a_migration_of_slots_that_does_not_end(cluster: Cluster) -> None:
    cluster.servers["shop-2-0"].migrations = ["send-bulk"]
    error = failure(lambda: cluster.to("shop-1-1", timeout=5))
    assert isinstance(error, Retryable)
    assert str(error) == (
        "Cannot begin: shop-2-0 has a migration of the slots 0-99 under way ('send-bulk'); wait until it has ended, "
        "and run again."
    )
    assert cluster.asked == []


def test_a_wrong_name_is_refused_before_anybody_is_waited_for(cluster: Cluster) -> None:
    cluster.servers["shop-0-1"].alive = False
    assert "no member has that name" in str(failure(lambda: cluster.to("shop-7-7")))
    assert cluster.time.passed == 0


def test_within_a_run_the_window_of_an_election_is_waited_out(cluster: Cluster) -> None:
    """There, back at once, and there again: the same candidate, and the same master, within the window."""
    cluster.lease = Lease()
    cluster.to("shop-1-1")
    cluster.to("shop-1-0")
    assert cluster.time.passed < 5
    cluster.to("shop-1-1")
    assert WINDOW - 5 < cluster.time.passed < WINDOW + 5
    assert cluster.masters == ["shop-0-0", "shop-1-1", "shop-2-0"]


def test_elections_of_others_are_waited_for_as_long_as_they_may_matter(cluster: Cluster) -> None:
    cluster.servers["shop-1-0"].promoted = True
    start, server = cluster.time.time, cluster.servers["shop-1-1"]
    cluster.time.passing.append(lambda: setattr(server, "link_age", int(35 + cluster.time.time - start)))
    server.link_age = 35
    cluster.to("shop-1-1")
    assert WINDOW - 35 < cluster.time.passed < WINDOW - 35 + 5


def test_without_the_right_to_ask_for_the_link_the_whole_window_is_waited(cluster: Cluster) -> None:
    cluster.servers["shop-1-0"].promoted = True
    cluster.servers.refusals["shop-1-1", "CLIENT LIST"] = "NOPERM this user has no permissions"
    cluster.to("shop-1-1")
    assert WINDOW < cluster.time.passed < WINDOW + 5


def test_the_election_is_noted_before_it_is_asked_for(cluster: Cluster) -> None:
    lease = cluster.lease = Lease()
    noted: list[elections.Record | None] = []

    def look(server: Server, words: Words) -> None:
        if words == ("CLUSTER", "FAILOVER"):
            noted.append(elections.parsed(lease.note(failover.RECORD)))

    cluster.servers.on_command = look
    cluster.to("shop-1-1")
    (before,) = noted
    after = elections.parsed(lease.note(failover.RECORD))
    assert before is not None
    assert after is not None
    assert before.elections == after.elections
    assert [one.candidate for one in before.elections] == [cluster.servers["shop-1-1"].id]
    assert after.epoch == before.epoch + 1 == cluster.servers["shop-1-1"].myself.epoch


def test_a_lost_lock_stops_the_run_before_the_command(cluster: Cluster) -> None:
    def guard() -> None:
        raise Refused("Cannot change shop: it is locked by others.")

    session = Session(cluster.target, (), guard, cluster.time.clock)
    with pytest.raises(Refused, match="locked by others"):
        failover.hand_over(session, wish(3, 1), Ask(to=("shop-1-1",)), TIMEOUT)
    assert cluster.sent() == []


def killed_at(number: int) -> Callable[[Server, Words], None]:
    left = [number]

    def count(server: Server, words: Words) -> None:
        del server, words
        left[0] -= 1
        if left[0] < 0:
            raise KilledError

    return count


@pytest.mark.parametrize("first", [0, 1], ids=["even", "odd"])
def test_killed_before_any_command_and_run_again(first: int) -> None:
    for number in range(first, 100, 2):
        cluster: Any = Cluster(replicas=2)
        cluster.lease = Lease()
        cluster.servers["shop-0-2"].stays_chained = True
        for server in cluster.servers.alive:
            server.settings["cluster-node-timeout"] = "500"
        cluster.servers.on_command = killed_at(number)
        try:
            cluster.to("shop-0-1", "shop-2-1")
        except KilledError:
            cluster.servers.on_command = lambda server, words: None
            cluster.to("shop-0-1", "shop-2-1")
            assert cluster.masters == ["shop-0-1", "shop-1-0", "shop-2-1"]
            assert cluster.servers["shop-0-2"].myself.master_id == cluster.servers["shop-0-1"].id
        else:
            assert number > 10
            return
    raise AssertionError("it never came to an end")
