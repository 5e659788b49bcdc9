# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""instance_lock as a module: what it takes, gives back, refuses and reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._execute.lock import SIGN_OF_LIFE, Lock
from ansible_collections.k8sredis.core.plugins.modules import instance_lock

from tests.unit.modules.conftest import Run
from tests.unit.stand_ins.clock import FakeClock
from tests.unit.stand_ins.kube import StandInKube

LEASE = "/apis/coordination.k8s.io/v1/namespaces/web/leases/shop-lock"

Ask = Callable[..., dict[str, Any]]


class Instance:
    def __init__(self) -> None:
        self.kube = StandInKube()
        self.time = FakeClock()
        self.warnings: list[str] = []

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.kube.objects[LEASE]["spec"])

    def held_by(self, run_id: str) -> Lock:
        lock = Lock(self.kube, "shop", run_id, "ann@runner")
        lock.take(lambda text: None)
        return lock


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Instance:
    found = Instance()
    monkeypatch.setattr(border, "kube", lambda module: found.kube)
    monkeypatch.setattr(instance_lock, "Lock", partial(Lock, clock=found.time.clock))
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, text: found.warnings.append(text))
    return found


@pytest.fixture
def ask(run: Run, instance: Instance) -> Ask:
    return lambda **options: run("instance_lock", **{"name": "shop", "namespace": "web", **options})


def outcome(result: dict[str, Any]) -> tuple[bool, bool, str]:
    """Taken, changed, held by."""
    return result["taken"], result["changed"], result["held_by"]


def test_a_free_lock_is_taken_under_a_new_run_id(ask: Ask, instance: Instance) -> None:
    result = ask(holder="bob@laptop", duration=5)
    assert outcome(result) == (True, False, "")
    assert re.fullmatch("[0-9a-f]{12}", result["run_id"])
    assert (instance.spec["holderIdentity"], instance.spec["leaseDurationSeconds"]) == (result["run_id"], 5)
    assert instance.kube.objects[LEASE]["metadata"]["annotations"] == {"k8sredis.io/holder": "bob@laptop"}


def test_two_runs_have_two_ids(ask: Ask) -> None:
    assert ask(check=True)["run_id"] != ask(check=True)["run_id"]


def test_the_holder_is_user_and_host_and_job(ask: Ask, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    monkeypatch.setattr("socket.gethostname", lambda: "runner")
    monkeypatch.setenv("JOB_ID", "4711")
    ask()
    annotations = instance.kube.objects[LEASE]["metadata"]["annotations"]
    assert annotations == {"k8sredis.io/holder": "ann@runner job 4711"}


def test_a_user_without_a_name_is_his_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setattr("os.getuid", lambda: 1000)
    monkeypatch.setattr("socket.gethostname", lambda: "runner")
    monkeypatch.delenv("JOB_ID", raising=False)
    assert border.holder() == "1000@runner"


def test_the_same_run_takes_it_again(ask: Ask, instance: Instance) -> None:
    instance.held_by("one")
    assert outcome(ask(run_id="one")) == (True, False, "ann@runner (run one)")


def test_it_is_given_back(ask: Ask, instance: Instance) -> None:
    instance.held_by("one")
    assert outcome(ask(run_id="one", state="absent")) == (False, False, "ann@runner (run one)")
    assert instance.spec["holderIdentity"] == ""


def test_what_another_run_holds_is_not_given_back(ask: Ask, instance: Instance) -> None:
    instance.held_by("one")
    assert outcome(ask(run_id="two", state="absent")) == (False, False, "ann@runner (run one)")
    assert instance.spec["holderIdentity"] == "one"


def test_nobody_knows_whose_lock_to_give_back(ask: Ask) -> None:
    assert ask(state="absent")["msg"] == "state is absent but all of the following are missing: run_id"


@pytest.mark.parametrize("state", ["present", "absent"])
def test_check_mode_only_reports(ask: Ask, instance: Instance, state: str) -> None:
    assert outcome(ask(run_id="one", state=state, check=True)) == (False, False, "")
    assert instance.kube.objects == {}
    instance.held_by("one")
    before = instance.spec
    assert outcome(ask(run_id="one", state=state, check=True)) == (False, False, "ann@runner (run one)")
    assert (instance.spec, instance.time.slept) == (before, [])


def test_a_living_run_is_refused_by_its_name(ask: Ask, instance: Instance) -> None:
    holder = instance.held_by("one")
    instance.time.passing.append(holder.renew)
    result = ask()
    assert result["failed"]
    assert result["msg"] == (
        "Cannot change shop: it is locked by ann@runner (run one), last renewed "
        f"{instance.spec['renewTime']}; wait until that run has ended."
    )


def test_a_killed_run_is_outlived_and_that_is_said(ask: Ask, instance: Instance) -> None:
    instance.held_by("one")
    assert outcome(ask(run_id="two")) == (True, False, "ann@runner (run one)")
    assert (instance.spec["holderIdentity"], instance.time.passed) == ("two", 60.0)
    (warning,) = instance.warnings
    assert warning.startswith("shop is locked by ann@runner (run one), last renewed ")
    assert warning.endswith("; taking over when that has stood still for 60 s.")


def test_without_waiting_a_killed_run_is_only_reported(ask: Ask, instance: Instance) -> None:
    instance.held_by("one")
    assert outcome(ask(run_id="two", wait=False)) == (False, False, "ann@runner (run one)")
    assert (instance.spec["holderIdentity"], instance.time.passed) == ("one", SIGN_OF_LIFE)


def test_without_waiting_a_free_lock_is_taken(ask: Ask, instance: Instance) -> None:
    assert outcome(ask(run_id="two", wait=False)) == (True, False, "")
    assert (instance.spec["holderIdentity"], instance.time.slept) == ("two", [])


def test_a_held_lock_is_renewed(ask: Ask, instance: Instance) -> None:
    run_id = ask(duration=5)["run_id"]
    before = instance.spec
    assert ask(run_id=run_id, state="held")["taken"]
    after = instance.spec
    assert after.pop("renewTime") > before.pop("renewTime")
    assert after == before


def test_a_lock_that_another_run_took_over_is_not_held(ask: Ask, instance: Instance) -> None:
    run_id = ask()["run_id"]
    instance.kube.write(LEASE, holderIdentity="other")
    refused = ask(run_id=run_id, state="held")
    assert refused["msg"].startswith("Cannot change shop: it is locked by ")
    assert instance.spec["holderIdentity"] == "other"


def test_a_lock_that_is_lost_that_moment_is_not_held(ask: Ask, instance: Instance) -> None:
    run_id = ask()["run_id"]
    instance.kube.before_write = lambda: instance.kube.write(LEASE, holderIdentity="other")
    assert ask(run_id=run_id, state="held")["failed"]
    assert instance.spec["holderIdentity"] == "other"


def test_a_lock_is_removed_by_its_holder_only(ask: Ask, instance: Instance) -> None:
    run_id = ask()["run_id"]
    ask(run_id="other", state="absent", remove=True)
    assert instance.spec["holderIdentity"] == run_id
    ask(run_id=run_id, state="absent", remove=True)
    assert LEASE not in instance.kube.objects
    assert ask(run_id=run_id, state="absent", remove=True)["exists"] is False


def test_check_mode_holds_and_removes_nothing(ask: Ask, instance: Instance) -> None:
    run_id = ask()["run_id"]
    before = instance.kube.writes
    ask(run_id=run_id, state="held", check=True)
    ask(run_id=run_id, state="absent", remove=True, check=True)
    assert instance.kube.writes == before
    assert LEASE in instance.kube.objects
