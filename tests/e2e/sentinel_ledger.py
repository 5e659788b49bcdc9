# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance with Sentinels that is used, accounted for, while something is done to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.ledger import Ledger
from tests.chaos.verdict import Verdict
from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, place_of
from tests.e2e.load import accounted
from tests.e2e.sentinel_members import SentinelMembers
from tests.environment import CHECKOUT

KEPT = CHECKOUT / "build" / "ledger"
WRITES = 200
"""Of each client, before what is done and after it."""
WAITING = "redis-py-sentinel"
"""The client that must have followed writes with WAIT."""


@contextmanager
def used(
    cluster: Cluster,
    variables: Variables,
    case: str = "",
    *,
    dies: bool = False,
    begins_as: Variables | None = None,
) -> Iterator[tuple[SentinelMembers, Ledger]]:
    """An instance that is there, in use; after the block it has to be healthy by itself, and nothing lost.

    ``case``: under which its verdict is kept, else the name of the instance.

    ``begins_as``: what it is before, where it becomes as declared only meanwhile.

    ``dies``: a master dies with writes that no replica has. Of such losses WAIT has promised nothing; they are told.
    """
    _namespace, name = place_of(variables)
    members = SentinelMembers.of(cluster, variables)
    SentinelMembers.of(cluster, begins_as or variables).wait_until_healthy()
    replicas = members.number["server"] - 1
    with accounted(cluster, variables, KEPT / f"sentinel-{case or name}", replicas=replicas) as run:
        run.wait_for_writes(WRITES)
        try:
            yield members, run
        finally:
            run.mark("heals")
        members.wait_until_healthy()
        run.mark("healthy")
        run.wait_for_writes(WRITES)
        verdict = run.finish()
    assert_kept(verdict, dies=dies)


@contextmanager
def made_and_used(
    cluster: Cluster, variables: Variables, *, dies: bool = False
) -> Iterator[tuple[SentinelMembers, Ledger]]:
    """A new instance, which a second run finds as declared after all that was done to it, and which is removed then."""
    playbook.converge(cluster, variables)
    with used(cluster, variables, dies=dies) as (members, run):
        yield members, run
    confirm_and_discard(cluster, variables)


def confirm_and_discard(cluster: Cluster, variables: Variables) -> None:
    again = playbook.converge(cluster, variables)
    assert again.changed == 0, again.output
    discard(cluster, *place_of(variables))


def discard(cluster: Cluster, namespace: str, name: str) -> None:
    """At once and without the role, so that the next test has the machine for itself."""
    here = (f"--namespace={namespace}", f"--selector=app.kubernetes.io/instance={name}", "--wait=false")
    cluster.kubectl("delete", "statefulsets,deployments,services,configmaps,poddisruptionbudgets", *here)
    cluster.kubectl("delete", "pods", *here, "--grace-period=1")
    cluster.kubectl("delete", "persistentvolumeclaims", *here)


def assert_kept(verdict: Verdict, *, dies: bool) -> None:
    print(verdict)
    assert verdict.clean_but_plain_losses if dies else verdict.clean, verdict
    assert verdict.by_client[WAITING].replicated > 0, verdict
