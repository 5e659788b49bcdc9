# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""redis_config on pods in memory: what it returns, in check mode and for real, and whom it leaves out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._execute import directives, lock

from tests.unit.decide.views import names
from tests.unit.modules.conftest import Run
from tests.unit.modules.test_cluster_pods import STEP, Instance
from tests.unit.stand_ins.cluster import Server, Words

PODS = names(3, 1)
WISH: dict[str, Any] = {"name": "shop", "namespace": "web", "directives": {"hz": 20, "timeout": 7}}
SET = "CONFIG SET hz 20 timeout 7"


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Instance:
    found = Instance()
    for server in found.servers.by_name.values():
        server.settings |= {"hz": "10", "timeout": "0", "io-threads": "1"}
    monkeypatch.setattr(border, "target", lambda module: found)
    monkeypatch.setattr(lock, "RENEW_EVERY", 30)
    monkeypatch.setattr(directives, "ANSWERS_WITHIN", 0)
    return found


def test_check_mode_then_the_deed_then_nothing(run: Run, instance: Instance) -> None:
    foreseen = run("redis_config", check=True, **WISH)
    assert (instance.sent, instance.locks) == ([], {})
    done = run("redis_config", **WISH)
    assert foreseen == done
    assert [set(step) for step in done["plan"]] == [STEP] * 6
    assert done["plan"][0]["text"] == "shop-0-0: hz 10 -> 20, timeout 0 -> 7"
    assert instance.sent == [f"{name}: {SET}" for name in PODS]
    assert done["diff"]["before"] == "".join(f"{name} hz 10\n{name} timeout 0\n" for name in PODS)
    assert done["diff"]["after"] == "".join(f"{name} hz 20\n{name} timeout 7\n" for name in PODS)
    again = run("redis_config", **WISH)
    assert again == {
        "changed": False,
        "plan": [],
        "diff": {"before": "", "after": ""},
        "drift": [],
        "needs_restart": [],
        "silent": [],
        "invocation": again["invocation"],
    }


def test_one_member_is_tried_before_the_others(run: Run, instance: Instance) -> None:
    instance.servers.refusals["shop-0-0", "CONFIG SET"] = "ERR CONFIG SET failed - argument must be between 1 and 500"
    refused = run("redis_config", **WISH)
    assert (refused["failed"], refused["changed"], refused["plan"]) == (True, False, [])
    assert refused["msg"] == (
        "Cannot set 'shop-0-0: hz 10 -> 20, timeout 0 -> 7': shop-0-0 answered 'CONFIG SET failed - argument must be "
        "between 1 and 500' and took none of it; correct that directive."
    )
    assert instance.sent == [f"shop-0-0: {SET}"]


def test_members_that_are_set_before_one_refuses_are_told(run: Run, instance: Instance) -> None:
    instance.servers.refusals["shop-1-0", "CONFIG SET"] = "ERR no"
    stopped = run("redis_config", **WISH)
    assert (stopped["failed"], stopped["changed"]) == (True, True)
    assert [step["subject"] for step in stopped["plan"]] == [name for name in PODS if name != "shop-1-0"]
    instance.servers.refusals.clear()
    mended = run("redis_config", **WISH)
    assert [step["subject"] for step in mended["plan"]] == ["shop-1-0"]


def test_a_member_that_breaks_off(run: Run, instance: Instance) -> None:
    def die(server: Server, words: Words) -> None:
        server.alive = server.member.name != "shop-1-0"

    instance.servers.on_command = die
    stopped = run("redis_config", **WISH)
    assert stopped["msg"].startswith(
        "Cannot tell whether 'shop-1-0: hz 10 -> 20, timeout 0 -> 7' was done: shop-1-0 broke off ("
    )
    assert stopped["changed"]


def test_a_server_that_keeps_another_value(run: Run, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "_set", lambda server, *words: "OK")
    stopped = run("redis_config", **WISH)
    assert stopped["msg"] == (
        "Cannot prove hz on shop-0-0: it tells '10', wished is '20'; run again, and if it stays so, declare the value "
        "that the server keeps."
    )


def test_who_does_not_run_or_answer_is_named(run: Run, instance: Instance) -> None:
    waiting = instance.servers["shop-2-1"]
    waiting.member = replace(waiting.member, waiting="its pod is Pending")
    instance.servers["shop-1-1"].alive = False
    done = run("redis_config", **WISH)
    assert done["silent"] == ["shop-1-1", "shop-2-1"]
    assert len(done["plan"]) == 4
    instance.servers["shop-1-1"].alive = True
    waiting.member = replace(waiting.member, waiting="")
    later = run("redis_config", **WISH)
    assert [step["subject"] for step in later["plan"]] == ["shop-1-1", "shop-2-1"]


def test_an_instance_without_pods(run: Run, instance: Instance) -> None:
    instance.exist = False
    assert run("redis_config", **WISH)["changed"] is False


def test_servers_of_which_none_answers(run: Run, instance: Instance) -> None:
    for server in instance.servers.by_name.values():
        server.alive = False
    assert run("redis_config", **WISH)["msg"].startswith("Cannot read the directives of shop-0-0: Error 111")


def test_a_login_that_is_refused_on_one_member(run: Run, instance: Instance) -> None:
    instance.servers.refusals["shop-1-0", "CLUSTER NODES"] = "WRONGPASS invalid username-password pair"
    refused = run("redis_config", **WISH)
    assert refused["msg"].startswith("Cannot read the directives of shop-1-0: the login is refused")
    assert instance.sent == []


def test_what_only_a_restart_brings(run: Run, instance: Instance) -> None:
    done = run("redis_config", **{**WISH, "directives": {"io-threads": 4}})
    assert (done["changed"], done["needs_restart"], instance.sent) == (False, ["io-threads"], [])
    assert done["drift"][0] == {"node": "shop-0-0", "name": "io-threads", "seen": "1", "wished": "4", "restart": True}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"requirepass": "canary-0123456789"}, "Cannot set requirepass: its value may be a password"),
        ({"masterauth": ["canary-0123456789"]}, "Cannot set masterauth: its value may be a password"),
        ({"appendonlyy": "no"}, "Cannot set appendonlyy on shop-0-0, "),
        ({"dir": "/x"}, "Cannot set dir: the collection sets this directive itself; data is kept"),
        ({"Bind": "0.0.0.0"}, "Cannot set bind: the collection sets this directive itself; the pod must be reached"),
        ({"hz": "fast"}, "Cannot set hz to 'fast': it is no whole number; correct it, or leave it out."),
        ({"a b": 1}, "Cannot use the directive 'a b': it is not the name of one; correct it."),
        ({"hz": None}, "Cannot use the directive hz: its value is no text, number or truth value; correct it."),
        ({"hz": []}, "Cannot use the directive hz: its value is no text, number or truth value; correct it."),
    ],
)
def test_what_is_refused(run: Run, instance: Instance, given: dict[str, Any], message: str) -> None:
    refused = run("redis_config", **{**WISH, "directives": {"hz": 20, **given}})
    assert refused["msg"].startswith(message)
    assert "canary" not in str(refused)
    assert instance.sent == []


def test_what_a_run_keeps_may_be_set(run: Run, instance: Instance) -> None:
    done = run("redis_config", **{**WISH, "directives": {"cluster-node-timeout": 9000, "appendonly": True}})
    assert done["plan"][0]["text"] == "shop-0-0: cluster-node-timeout 15000 -> 9000"


def test_the_doctor_compares_directives(run: Run, instance: Instance) -> None:
    given = {"hz": 20, "io-threads": 4, "requirepass": "canary-0123456789", "timeout": 0}
    options = {"label_selectors": ["app=redis"], "namespace": "web", "directives": given}
    result = run("cluster_info", **options)
    drifted = {each["seen"]: each["advice"] for each in result["findings"] if each["code"] == "config_drift"}
    assert drifted == {
        "hz is '10', declared is '20'": "a run sets it back",
        "io-threads is '1', declared is '4'": "a restart of its pod brings it",
    }
    assert "canary" not in str(result)


def test_servers_of_somebody_else_under_the_same_labels(run: Run, instance: Instance) -> None:
    instance.servers["shop-0-0"].keys = 3
    instance.servers["shop-2-1"].keys = 1
    refused = run("redis_config", **WISH)
    assert (refused["failed"], instance.sent) == (True, [])
    assert "shop-0-0 (0 slots, 3 keys) and shop-2-1 (0 slots, 1 keys) are two clusters" in refused["msg"]
