# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for servers and Sentinels before their first master is chosen. The choice itself is in
tests/unit/decide, what becomes of it on real servers in tests/integration."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._execute import arrival, sentinel_bootstrap
from ansible_collections.k8sredis.core.plugins.module_utils._model import NO_POD, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

from tests.unit.decide import watches
from tests.unit.stand_ins.clock import FakeClock

TIMEOUT = 300.0
NEW_CLAIM = 'the pod cannot be scheduled: persistentvolumeclaim "data-sessions-0-0" not found'
SERVER, SENTINEL = "10.0.0.2:6379", "10.0.0.3:26379"


class Instance:
    """Stands in for Watching."""

    def __init__(self) -> None:
        self.fake = FakeClock()
        self.clock = self.fake.clock
        self.watch = watches.watch()
        self.words: dict[str, str] = {}

    def place(self, name: str, waiting: str, stuck: bool = False) -> None:
        self.watch = watches.with_member(self.watch, name, waiting=waiting, stuck=stuck)

    def observe(self) -> Watch:
        return self.watch

    def not_made(self, name: str) -> str:
        return self.words.get(name, "")

    def wait(self, timeout: float = TIMEOUT) -> Watch:
        watching: Any = self
        return sentinel_bootstrap.everybody(watching, timeout)

    def refused(self, timeout: float = TIMEOUT) -> str:
        with pytest.raises(Retryable) as failed:
            self.wait(timeout)
        return str(failed.value)


@pytest.fixture
def instance() -> Instance:
    return Instance()


def test_nobody_is_waited_for_where_all_answer(instance: Instance) -> None:
    assert instance.wait() is instance.watch
    assert instance.fake.passed == 0


@pytest.mark.parametrize("name", [SERVER, SENTINEL])
def test_a_scheduler_that_does_not_know_the_claim_yet_is_waited_for(instance: Instance, name: str) -> None:
    """It says so of every pod that it sees before the claim that was made for it."""
    instance.place(name, NEW_CLAIM, stuck=True)
    instance.fake.later(2, lambda: instance.place(name, ""))
    assert all(each.answers for each in instance.wait().processes)
    assert 2 <= instance.fake.passed < 3


@pytest.mark.parametrize("name", [SERVER, SENTINEL])
def test_a_pod_that_stays_stuck_ends_the_wait(instance: Instance, name: str) -> None:
    instance.place(name, NEW_CLAIM, stuck=True)
    assert instance.refused() == f"Cannot reach {name}: {NEW_CLAIM}; mend that and run again."
    assert arrival.STUCK_FOR < instance.fake.passed < arrival.STUCK_FOR + 1


@pytest.mark.parametrize("name", [SERVER, SENTINEL])
def test_a_pod_that_kubernetes_refuses_to_make_ends_the_wait(instance: Instance, name: str) -> None:
    instance.place(name, NO_POD)
    instance.words[name] = "exceeded quota: pods"
    assert instance.refused() == (
        f"Cannot reach {name}: its pod does not exist; Kubernetes says: exceeded quota: pods; mend that and run again."
    )
    assert arrival.NOT_MADE_FOR <= instance.fake.passed < arrival.NOT_MADE_FOR + 1


def test_what_kubernetes_says_is_told_by_a_wait_that_is_shorter_too(instance: Instance) -> None:
    instance.place(SENTINEL, NO_POD)
    instance.words[SENTINEL] = "exceeded quota: pods"
    assert "; Kubernetes says: exceeded quota: pods;" in instance.refused(timeout=30)


def test_a_refused_login_ends_the_wait(instance: Instance) -> None:
    refused = "the login is refused: invalid username-password pair"
    instance.watch = watches.with_sentinel(instance.watch, 3, error=refused)
    assert instance.refused() == f"Cannot reach {SENTINEL}: {refused}; mend that and run again."
    assert instance.fake.passed < arrival.STUCK_FOR + 1


def test_who_starts_slowly_is_waited_for_to_the_end_and_named_after_who_is_stuck(instance: Instance) -> None:
    instance.watch = watches.silent_server(instance.watch, 2)
    assert instance.refused() == f"Cannot reach {SERVER}: Connection refused; mend that and run again."
    assert TIMEOUT <= instance.fake.passed < TIMEOUT + 1
    instance.place(SENTINEL, NEW_CLAIM, stuck=True)
    assert instance.refused() == (
        f"Cannot reach {SENTINEL}: {NEW_CLAIM} (and 1 more do not answer); mend that and run again."
    )
