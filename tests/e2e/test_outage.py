# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All pods deleted at once, with their claims kept: new addresses everywhere, and nobody there who would mend it."""

from __future__ import annotations

import pytest

from tests.e2e import faults, playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import are_others, instance, lives
from tests.e2e.load import accounted, fill, stored
from tests.e2e.outages import are_ready, eventually, is_healthy
from tests.environment import CHECKOUT

CLAIMS = {"type": "persistent_claim", "size": "256Mi"}
KEYS = 20_000
KEPT = CHECKOUT / "build" / "ledger"
OTHERS = ("redis-7.0", "redis-8.6", "valkey-8.1", "valkey-9.1")


@pytest.mark.parametrize(
    ("line", "persistence"),
    [
        ("redis-8.0", "aof"),
        pytest.param("redis-8.0", "rdb", marks=pytest.mark.chaos),
        *(pytest.param(line, "aof", marks=pytest.mark.chaos) for line in OTHERS),
    ],
)
def test_all_pods_at_once(local: Cluster, namespace: str, line: str, persistence: str) -> None:
    if line not in images(local):
        pytest.skip(f"{line} could not be had here")
    survive(local, namespace, f"out-{line.replace('.', '-')}-{persistence}", line, persistence)


@pytest.mark.chaos
def test_all_pods_at_once_with_a_cache_of_names(local: Cluster, namespace: str) -> None:
    """It takes as much longer as the cache lasts."""
    with faults.cached_names():
        survive(local, namespace, "out-cached", "redis-8.0", "aof")


def survive(local: Cluster, namespace: str, name: str, line: str, persistence: str) -> None:
    variables = instance(name, namespace, images(local)[line], storage=CLAIMS, persistence=persistence)
    playbook.converge(local, variables)
    fill(local, variables, KEYS)
    before = lives(local, namespace, name)
    with accounted(local, variables, KEPT / name) as run:
        run.mark("all pods deleted")
        selector = f"--selector=app.kubernetes.io/instance={name}"
        local.kubectl("delete", "pods", f"--namespace={namespace}", selector, "--wait=false")
        eventually(lambda: are_others(before, lives(local, namespace, name)))
        seconds = eventually(lambda: are_ready(local, variables, 6))
        run.mark(f"ready {seconds:.1f} s after the last pod was made")
        eventually(lambda: is_healthy(local, variables))
        verdict = run.finish()
    assert verdict.clean, verdict
    assert stored(local, variables) >= KEYS
    again = playbook.converge(local, variables)
    assert again.changed == 0, again.output
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_without_persistence_it_starts_empty_and_whole(local: Cluster, namespace: str) -> None:
    """Nothing is there that anybody would have to wait for."""
    variables = instance("out-none", namespace, images(local)["redis-8.0"], storage=CLAIMS, persistence="none")
    playbook.converge(local, variables)
    fill(local, variables, KEYS)
    before = lives(local, namespace, "out-none")
    selector = "--selector=app.kubernetes.io/instance=out-none"
    local.kubectl("delete", "pods", f"--namespace={namespace}", selector, "--wait=false")
    eventually(lambda: are_others(before, lives(local, namespace, "out-none")))
    eventually(lambda: are_ready(local, variables, 6))
    eventually(lambda: is_healthy(local, variables))
    playbook.destroy(local, variables)
