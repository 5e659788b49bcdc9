# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One master with replicas, Sentinels and a proxy from its declaration to its end: as foreseen, a second run changes
nothing, applications of both kinds use it, it is handed over, restarted, removed and made again over its claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError
from redis.sentinel import Sentinel

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, assert_each_was_replaced_once, lasting, lives, sentinel_instance
from tests.e2e.listing import listing
from tests.e2e.outages import eventually
from tests.e2e.sentinel_ledger import used
from tests.e2e.sentinel_members import SentinelMembers
from tests.kube import network
from tests.kube.lab import NODES, Lab

NAME = "sessions"
KINDS = (
    "statefulsets,deployments,services,configmaps,secrets,poddisruptionbudgets,persistentvolumeclaims,"
    "serviceaccounts,roles.rbac.authorization.k8s.io"
)
"""What a run may write, without the Lease, which each run takes and gives back."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Made:
    """``empty``: the objects of the namespace before; ``foreseen`` and ``after``: what check mode said and left."""

    variables: Variables
    empty: list[str]
    foreseen: playbook.Run
    after: list[str]
    done: playbook.Run


@pytest.fixture(scope="module")
def made(local: Cluster, namespace: str, image: str) -> Made:
    """One for all tests here, which come in the order of its life."""
    variables = sentinel_instance(local, NAME, namespace, image)
    empty = listing(local, namespace)
    foreseen = playbook.converge(local, variables, "--check", "--diff")
    after = listing(local, namespace)
    return Made(variables, empty, foreseen, after, playbook.converge(local, variables))


def in_the_cluster(function: Callable[[], Result]) -> Result:
    """Where addresses of Services lead somewhere."""
    return network.inside(Lab.from_environment().network_namespace(NODES[0].name), function)


def written(cluster: Cluster, namespace: str) -> dict[str, Any]:
    """The resourceVersion of each object by its name, another one whenever anybody has written it. Of those whose
    status controllers report, which are written with that, all but the status."""
    found = cluster.get(KINDS, f"--namespace={namespace}", "--show-managed-fields")
    return {
        f"{one['kind']}/{one['metadata']['name']}": (
            (one["spec"], _metadata(one)) if "status" in one else one["metadata"]["resourceVersion"]
        )
        for one in found
    }


def _metadata(found: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in found["metadata"].items() if key != "resourceVersion"}
    # Who writes without a change leaves the time of the last one.
    metadata["managedFields"] = [one for one in metadata["managedFields"] if one.get("subresource") != "status"]
    return metadata


def test_check_mode_foretells_and_makes_nothing(made: Made) -> None:
    assert made.after == made.empty
    assert made.foreseen.changed > 0
    for promised in (f"StatefulSet {NAME}-0", f"StatefulSet {NAME}-sentinel", f"Deployment {NAME}-proxy"):
        assert promised in made.foreseen.output, made.foreseen.output
    assert "with quorum 2" in made.foreseen.output, made.foreseen.output


def test_servers_and_sentinels_agree(local: Cluster, made: Made) -> None:
    SentinelMembers.of(local, made.variables).wait_until_healthy()
    report = playbook.run(local, "redis_sentinel_info", made.variables)
    assert report.succeeded, report.output
    assert "NOT healthy" not in report.output, report.output


def test_a_second_run_changes_nothing(local: Cluster, namespace: str, made: Made) -> None:
    before, living = written(local, namespace), lives(local, namespace, NAME)
    again = playbook.converge(local, made.variables)
    assert again.changed == 0, again.output
    foreseen = playbook.converge(local, made.variables, "--check", "--diff")
    assert foreseen.changed == 0, foreseen.output
    assert written(local, namespace) == before
    assert lives(local, namespace, NAME) == living


def test_a_plain_client_writes_and_reads_through_the_services(local: Cluster, made: Made) -> None:
    members = SentinelMembers.of(local, made.variables)
    addresses = members.addresses()

    def use() -> None:
        with Redis(addresses[NAME], decode_responses=True, **members.application) as client:
            assert client.set("plain", "written")
            assert client.get("plain") == "written"
            assert client.role()[0] == "master"
        with Redis(addresses[f"{NAME}-replicas"], decode_responses=True, **members.application) as client:
            assert client.role()[0] == "slave"
            eventually(lambda: client.get("plain") == "written", within=5)

    in_the_cluster(use)


def test_a_client_that_asks_sentinels_writes_and_reads(local: Cluster, made: Made) -> None:
    members = SentinelMembers.of(local, made.variables)
    address = members.addresses()[f"{NAME}-sentinel"]

    def use() -> None:
        sentinel = Sentinel([(address, 26379)], sentinel_kwargs=members.asker, **members.application)
        with sentinel.master_for(members.master_name, decode_responses=True) as client:
            assert client.set("asked", "written")
            assert client.get("asked") == "written"
        assert len(sentinel.discover_slaves(members.master_name)) == 2

    in_the_cluster(use)


def test_applications_hear_everything_and_speak_not_in_the_name_of_sentinels(local: Cluster, made: Made) -> None:
    """Whoever may publish on their channel tells them who is a Sentinel, and where."""
    members = SentinelMembers.of(local, made.variables)
    address = members.addresses()[NAME]

    def use() -> None:
        with Redis(address, decode_responses=True, **members.application) as client, client.pubsub() as heard:
            heard.psubscribe("*")
            assert (heard.get_message(timeout=5) or {})["type"] == "psubscribe"
            assert client.publish("news", "hello") >= 1
            with pytest.raises(NoPermissionError):
                client.publish("__sentinel__:hello", "10.0.0.1,26379,id,1,name,10.0.0.1,6379,1")

    in_the_cluster(use)


def test_handed_over(local: Cluster, made: Made) -> None:
    with used(local, made.variables, "handed-once") as (members, run):
        before = members.master()["metadata"]["name"]
        to = next(pod["metadata"]["name"] for pod in members.pods("server") if pod["metadata"]["name"] != before)
        run.mark("failover")
        done = playbook.run(local, "redis_sentinel_failover", {**made.variables, "to": to})
        run.mark("over")
        assert done.succeeded, done.output
    assert members.masters() == [to]
    again = playbook.run(local, "redis_sentinel_failover", {**made.variables, "to": to})
    assert again.changed == 0, again.output


def test_restarted_one_by_one(local: Cluster, namespace: str, made: Made) -> None:
    with used(local, made.variables, "serial-once") as (_members, run):
        before = lasting(local, namespace, NAME)
        run.mark("restart")
        done = playbook.run(local, "redis_sentinel_restart", made.variables)
        run.mark("over")
        assert done.succeeded, done.output
        assert_each_was_replaced_once(before, lasting(local, namespace, NAME))


def test_made_again_over_its_claims(local: Cluster, namespace: str, made: Made) -> None:
    """The Services have other addresses then, which stand in no file of the servers and Sentinels."""
    members = SentinelMembers.of(local, made.variables)
    before, master = members.addresses(), members.master()
    members.ask(master, "SET", "kept", "by the claims", login=members.application)
    playbook.stop(local, made.variables)
    left = listing(local, namespace)
    assert f"secret/{NAME}-auth" in left
    assert len([one for one in left if one.startswith("persistentvolumeclaim/")]) == 6
    assert not [one for one in left if one.startswith(("pod/", "service/", "statefulset", "deployment"))]

    playbook.converge(local, made.variables)
    members.wait_until_healthy()
    after = members.addresses()
    assert all(after[name] != before[name] for name in before if before[name] != "None"), (before, after)
    kept = [members.ask(pod, "GET", "kept", login=members.application) for pod in members.pods("server")]
    assert kept == ["by the claims"] * 3
    again = playbook.converge(local, made.variables)
    assert again.changed == 0, again.output


def test_nothing_is_left_of_it(local: Cluster, namespace: str, made: Made) -> None:
    playbook.destroy(local, made.variables)
    assert listing(local, namespace) == made.empty
