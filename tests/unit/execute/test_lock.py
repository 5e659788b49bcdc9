# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of an instance, under the API server's rules and with a clock that does not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._execute import lock as locks
from ansible_collections.k8sredis.core.plugins.module_utils._execute.lock import Lock, Renewal
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Object

from tests.unit.stand_ins.clock import FakeClock
from tests.unit.stand_ins.kube import StandInKube

PATH = "/apis/coordination.k8s.io/v1/namespaces/web/leases/shop-lock"


class Instance:
    """One Lease, and the runs that want it."""

    def __init__(self) -> None:
        self.kube = StandInKube()
        self.time = FakeClock()
        self.said: list[str] = []

    def lock(self, run_id: str, duration: int = 60) -> Lock:
        return Lock(self.kube, "shop", run_id, f"ann@runner-{run_id}", duration, self.time.clock)

    def taken(self, run_id: str, duration: int = 60) -> Lock:
        lock = self.lock(run_id, duration)
        lock.take(self.said.append)
        return lock

    @property
    def lease(self) -> Object:
        return self.kube.objects[PATH]

    @property
    def holder(self) -> str:
        return str(self.lease["spec"]["holderIdentity"])


@pytest.fixture
def instance() -> Instance:
    return Instance()


def refusal(deed: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        deed()
    return str(refused.value)


NOT_HELD = "Cannot change shop: this run does not hold its lock; take it with 'instance_lock'."


def locked_by(run_id: str, renewed: str) -> str:
    return (
        f"Cannot change shop: it is locked by ann@runner-{run_id} (run {run_id}), last renewed {renewed}; wait until "
        "that run has ended."
    )


def test_a_new_lock_says_who_holds_it(instance: Instance) -> None:
    instance.taken("one", 7)
    spec = instance.lease["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == ("one", 7, 0)
    assert spec["renewTime"] == spec["acquireTime"]
    assert instance.lease["metadata"]["annotations"] == {"k8sredis.io/holder": "ann@runner-one"}
    assert instance.lease["metadata"]["labels"] == {
        "app.kubernetes.io/instance": "shop",
        "app.kubernetes.io/managed-by": "k8sredis",
    }
    assert (instance.said, instance.time.slept) == ([], [])


def test_taking_it_again_renews_it(instance: Instance) -> None:
    lock = instance.taken("one")
    before = dict(instance.lease["spec"])
    lock.take(instance.said.append)
    after = instance.lease["spec"]
    assert after["renewTime"] > before["renewTime"]
    assert {**after, "renewTime": ""} == {**before, "renewTime": ""}


def test_a_released_lock_is_taken_at_once(instance: Instance) -> None:
    assert instance.taken("one").release()
    assert (instance.holder, instance.lease["metadata"]["annotations"]) == ("", {})
    before = instance.lease["spec"]["acquireTime"]
    instance.taken("two")
    assert (instance.holder, instance.lease["spec"]["leaseTransitions"], instance.time.slept) == ("two", 1, [])
    assert instance.lease["spec"]["acquireTime"] > before


def test_releasing_what_another_run_holds_changes_nothing(instance: Instance) -> None:
    instance.taken("one")
    assert not instance.lock("two").release()
    assert instance.holder == "one"


def test_releasing_what_nobody_holds_changes_nothing(instance: Instance) -> None:
    assert not instance.lock("two").release()
    assert instance.kube.objects == {}


def test_a_living_holder_is_refused_at_its_next_sign_of_life(instance: Instance) -> None:
    holder = instance.taken("one")
    instance.time.later(3, holder.renew)
    message = refusal(lambda: instance.taken("two"))
    assert message == locked_by("one", instance.lease["spec"]["renewTime"])
    assert (instance.holder, instance.time.passed) == ("one", 3.0)


def test_a_dead_holder_is_outlived_for_its_own_duration(instance: Instance) -> None:
    instance.taken("one", 7)
    renewed = instance.lease["spec"]["renewTime"]
    instance.taken("two", 60)
    assert (instance.holder, instance.lease["spec"]["leaseTransitions"]) == ("two", 1)
    assert instance.lease["spec"]["leaseDurationSeconds"] == 60
    assert instance.time.passed == 7.0
    assert instance.said == [
        (
            f"shop is locked by ann@runner-one (run one), last renewed {renewed}; taking over when that has stood "
            "still for 7 s."
        )
    ]


def test_a_clock_that_goes_wrong_elsewhere_does_not_matter(instance: Instance) -> None:
    instance.taken("one", 7)
    instance.kube.write(PATH, renewTime="1999-01-01T00:00:00.000000Z")
    instance.taken("two")
    assert instance.time.passed == 7.0


def test_a_holder_that_lets_go_is_followed_at_once(instance: Instance) -> None:
    instance.time.later(2, instance.taken("one").release)
    instance.taken("two")
    assert (instance.holder, instance.time.passed) == ("two", 2.0)


def test_a_lease_that_is_deleted_meanwhile_is_made_anew(instance: Instance) -> None:
    instance.taken("one")
    instance.time.later(2, lambda: instance.kube.objects.pop(PATH))
    instance.taken("two")
    assert (instance.holder, instance.lease["spec"]["leaseTransitions"]) == ("two", 0)


def test_a_holder_that_renews_at_the_last_moment_keeps_it(instance: Instance) -> None:
    holder = instance.taken("one", 7)

    def renew_first() -> None:
        instance.kube.before_write = lambda: None
        holder.renew()

    instance.kube.before_write = renew_first
    message = refusal(lambda: instance.taken("two"))
    assert (message, instance.holder) == (locked_by("one", instance.lease["spec"]["renewTime"]), "one")


@pytest.mark.parametrize("there", ["nothing", "a released lock"])
def test_of_two_takers_one_wins(instance: Instance, there: str) -> None:
    if there == "a released lock":
        instance.taken("zero").release()

    def quicker() -> None:
        instance.kube.before_write = lambda: None
        instance.taken("one")

    instance.kube.before_write = quicker
    message = refusal(lambda: instance.taken("two"))
    assert (message, instance.holder) == (locked_by("one", instance.lease["spec"]["renewTime"]), "one")


def test_of_two_that_outlive_a_dead_holder_one_wins(instance: Instance) -> None:
    instance.taken("zero", 7)

    def quicker() -> None:
        instance.kube.before_write = lambda: None
        instance.taken("one")

    instance.time.later(7, lambda: setattr(instance.kube, "before_write", quicker))
    message = refusal(lambda: instance.taken("two"))
    assert (message, instance.holder) == (locked_by("one", instance.lease["spec"]["renewTime"]), "one")


def test_a_write_that_was_repeated_because_its_answer_was_lost_holds_the_lock(instance: Instance) -> None:
    instance.taken("zero").release()

    def first_attempt() -> None:
        instance.kube.before_write = lambda: None
        instance.taken("one")

    instance.kube.before_write = first_attempt
    instance.taken("one").guard()
    assert (instance.holder, instance.lease["spec"]["leaseTransitions"]) == ("one", 1)


def test_a_task_of_the_run_verifies_the_lock(instance: Instance) -> None:
    instance.taken("one")
    task = instance.lock("one")
    task.verify()
    task.guard()


def test_a_task_of_a_run_that_holds_nothing(instance: Instance) -> None:
    assert refusal(instance.lock("one").verify) == NOT_HELD


def test_a_task_of_a_run_whose_lock_was_released(instance: Instance) -> None:
    instance.taken("one").release()
    assert refusal(instance.lock("one").verify) == NOT_HELD


def test_a_task_of_another_run(instance: Instance) -> None:
    instance.taken("one")
    assert refusal(instance.lock("two").verify) == locked_by("one", instance.lease["spec"]["renewTime"])


def lost_to_another(instance: Instance) -> None:
    instance.kube.write(PATH, holderIdentity="two", leaseTransitions=1)


def lost_and_let_go(instance: Instance) -> None:
    instance.kube.write(PATH, holderIdentity="", leaseTransitions=1)


def lost_and_won_again(instance: Instance) -> None:
    instance.kube.write(PATH, leaseTransitions=2)


def deleted(instance: Instance) -> None:
    del instance.kube.objects[PATH]


@pytest.mark.parametrize("loss", [lost_to_another, lost_and_let_go, lost_and_won_again, deleted])
def test_a_lost_lock_stops_the_next_change(instance: Instance, loss: Callable[[Instance], None]) -> None:
    lock = instance.taken("one")
    lock.guard()
    loss(instance)
    with pytest.raises(Refused):
        lock.guard()


def test_what_is_said_when_the_lock_was_lost(instance: Instance) -> None:
    lock = instance.taken("one")
    instance.kube.write(PATH, holderIdentity="two", renewTime="now")
    instance.lease["metadata"]["annotations"] = {}
    assert refusal(lock.guard) == (
        "Cannot change shop: it is locked by two, last renewed now; wait until that run has ended."
    )


def test_a_renewal_moves_the_time_and_nothing_else(instance: Instance) -> None:
    instance.taken("one", 7)
    before = instance.lease
    Lock(instance.kube, "shop", "one", "the module's own words", 60).renew()
    after = instance.lease
    assert after["spec"]["renewTime"] > before["spec"]["renewTime"]
    assert {**after["spec"], "renewTime": ""} == {**before["spec"], "renewTime": ""}
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]


def test_a_lock_that_another_run_took_is_not_renewed(instance: Instance) -> None:
    lock = instance.taken("one")
    lost_to_another(instance)
    writes = instance.kube.writes
    lock.renew()
    assert (instance.holder, instance.kube.writes) == ("two", writes)


def test_a_takeover_between_reading_and_writing_wins_over_a_renewal(instance: Instance) -> None:
    lock = instance.taken("one")
    instance.kube.before_write = lambda: lost_to_another(instance)
    with pytest.raises(Retryable):
        lock.renew()
    assert instance.holder == "two"


LEFT_BEHIND = "ann@runner-one (run one)"


def test_left_behind_is_who_shows_no_sign_of_life(instance: Instance) -> None:
    instance.taken("one")
    assert instance.lock("two").left_behind() == LEFT_BEHIND
    assert instance.time.passed == locks.SIGN_OF_LIFE
    assert instance.holder == "one"


def test_nobody_is_left_behind(instance: Instance) -> None:
    assert instance.lock("two").left_behind() == ""
    instance.taken("one").release()
    assert instance.lock("two").left_behind() == ""
    instance.taken("two")
    assert (instance.lock("two").left_behind(), instance.time.slept) == ("", [])


def test_a_holder_that_lets_go_is_not_left_behind(instance: Instance) -> None:
    instance.time.later(2, instance.taken("one").release)
    assert instance.lock("two").left_behind() == ""


def test_a_living_holder_is_not_left_behind(instance: Instance) -> None:
    instance.time.later(2, instance.taken("one").renew)
    assert refusal(instance.lock("two").left_behind) == locked_by("one", instance.lease["spec"]["renewTime"])


class Renewed:
    """A lock that counts its renewals, some of which fail."""

    def __init__(self, failures: int = 0) -> None:
        self.count = 0
        self.failures = failures
        self.enough = threading.Event()

    def renew(self) -> None:
        self.count += 1
        if self.count >= 3:
            self.enough.set()
        if self.count <= self.failures:
            raise Retryable("Cannot reach the Kubernetes API")


def renewal(lock: Renewed) -> Renewal:
    return Renewal(cast(Lock, lock))


def test_the_renewal_shows_a_sign_of_life_at_once() -> None:
    lock = Renewed()
    with renewal(lock):
        pass
    assert lock.count == 1


@pytest.mark.parametrize("failures", [0, 2])
def test_the_renewal_goes_on_until_the_end_also_after_failures(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "RENEW_EVERY", 0.01)
    lock = Renewed(failures)
    renewing = renewal(lock)
    with renewing:
        assert lock.enough.wait(30)
    assert not renewing._thread.is_alive()


def test_a_holder_renews_well_before_it_counts_as_dead() -> None:
    assert locks.RENEW_EVERY * 3 < locks.SIGN_OF_LIFE


def test_a_note_outlives_the_run_that_left_it(instance: Instance) -> None:
    first = instance.taken("one")
    assert first.note("k8sredis.io/elections") == ""
    first.leave_note("k8sredis.io/elections", "what was")
    first.renew()
    first.release()
    second = instance.taken("two")
    assert second.note("k8sredis.io/elections") == "what was"
    second.guard()
    assert instance.holder == "two"


def test_there_is_no_note_without_a_lease(instance: Instance) -> None:
    assert instance.lock("one").note("k8sredis.io/elections") == ""
