# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods are restarted, why, in which order, and how far a run goes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, rollout
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import Bounds, Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Refused, View

from tests.unit.decide import views
from tests.unit.decide.declarations import GOOD, statefulset, wish
from tests.unit.stand_ins.cluster import node_id

OLD, NEW = "0ld", "new"
WANTED = {name: Wanted(NEW, declared.made_from(wish(image="redis:8.8.3"))) for name in views.names(3, 1)}


def made(found: View, *pods: str, restart_hash: str = NEW, text: str = "") -> View:
    for name in pods or [node.name for node in found.nodes]:
        found = views.place(found, name, restart_hash=restart_hash, made_from=text)
    return found


HEALTHY = made(views.healthy(3, 1), restart_hash=OLD, text=declared.made_from(GOOD))


def turns(found: View, requested: dict[str, str] | None = None, **bounds: object) -> list[str]:
    plan = rollout.rollout(found, WANTED, requested or {}, Bounds(**bounds))  # type: ignore[arg-type]
    return [f"{turn.pod} {turn.kind}" for turn in plan.turns]


def members(view: View) -> list[Member]:
    return [node.member for node in view.nodes]


def test_replicas_before_their_master_and_a_shard_after_the_other() -> None:
    found = HEALTHY
    found = views.everywhere(found, "shop-1-0", role="slave", master_id=node_id("shop-1-1"), slots=())
    found = views.everywhere(found, "shop-1-1", role="master", master_id="", slots=((5461, 10921),))
    assert turns(found) == [
        *("shop-0-1 replica", "shop-0-0 master"),
        *("shop-1-0 replica", "shop-1-1 master"),
        *("shop-2-1 replica", "shop-2-0 master"),
    ]


def test_pods_that_serve_nobody_come_first() -> None:
    found = views.place(views.answers_not(HEALTHY, "shop-2-0"), "shop-2-0", ready=False)
    found = views.place(found, "shop-1-1", ready=False)
    assert turns(found)[:3] == ["shop-1-1 replica", "shop-2-0 broken", "shop-0-1 replica"]


def test_a_master_that_is_not_ready_keeps_its_turn() -> None:
    """It serves those who know it."""
    found = views.place(HEALTHY, "shop-2-0", ready=False)
    assert turns(found)[-1] == "shop-2-0 master"


def test_who_is_up_to_date_is_left_alone() -> None:
    assert turns(made(HEALTHY)) == []
    assert turns(made(HEALTHY, "shop-0-0", "shop-0-1", "shop-1-1")) == [
        *("shop-1-0 master", "shop-2-1 replica", "shop-2-0 master"),
    ]


def test_a_pod_that_nobody_wishes_or_that_is_not_there_is_none_to_restart() -> None:
    assert rollout.rollout(HEALTHY, {}, {}, Bounds()).turns == ()
    assert "shop-0-1 replica" not in turns(views.place(HEALTHY, "shop-0-1", uid=""))


def test_a_request_is_done_when_the_pod_is_another_one() -> None:
    found = made(HEALTHY)
    request = rollout.request(members(found), None, ())
    assert rollout.parsed(rollout.text(request)) == request
    assert len(turns(found, request)) == 6
    again = views.place(found, "shop-0-1", uid="another")
    assert turns(again, request)[0] == "shop-0-0 master"
    assert rollout.open_request(members(again), request) == [name for name in views.names(3, 1) if name != "shop-0-1"]


def test_a_request_of_a_shard_or_of_pods() -> None:
    assert set(rollout.request(members(HEALTHY), 1, ())) == {"shop-1-0", "shop-1-1"}
    assert set(rollout.request(members(HEALTHY), None, ("shop-2-0",))) == {"shop-2-0"}
    with pytest.raises(
        Refused, match="Cannot restart shop-9-9: no pod of the instance has that name; there are shop-0-0"
    ):
        rollout.request(members(HEALTHY), None, ("shop-9-9",))
    with pytest.raises(Refused, match="Cannot restart shard 7: no pod of it is there"):
        rollout.request(members(HEALTHY), 7, ())


@pytest.mark.parametrize("note", ["", "{", "[]", "null", "7"])
def test_a_note_that_says_nothing(note: str) -> None:
    assert rollout.parsed(note) == {}


def test_reasons_are_words() -> None:
    plan = rollout.rollout(made(HEALTHY, "shop-0-0"), WANTED, {"shop-0-0": "uid-shop-0-0"}, Bounds())
    reasons = {turn.pod: turn.reason for turn in plan.turns}
    assert reasons["shop-0-0"] == "requested"
    assert reasons["shop-0-1"] == "image docker.io/library/redis:8.6.7 -> redis:8.8.3"
    unknown = rollout.rollout(made(HEALTHY, "shop-0-1", restart_hash=OLD), WANTED, {}, Bounds())
    assert unknown.turns[0].reason == "made from other settings than declared"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"config": {"io-threads": 4}}, ["config.io-threads none -> 4"]),
        ({"resources": {"limits": {"memory": "2Gi"}}, "priority_class": "high"}, 4),
        ({"tolerations": ({"key": "a"},)}, ['tolerations [] -> {"key": "a"}']),
        ({"maxmemory_percent": 60}, ["maxmemory_percent 70 -> 60"]),
    ],
)
def test_differences(given: dict[str, object], words: list[str] | int) -> None:
    found = declared.differences(declared.made_from(GOOD), declared.made_from(wish(**given)))
    assert (found if isinstance(words, list) else len(found)) == words
    assert declared.differences("", declared.made_from(GOOD)) == []


def test_masters_wait_when_they_are_to_be_skipped() -> None:
    plan = rollout.rollout(HEALTHY, WANTED, {}, Bounds(masters="skip"))
    assert [turn.pod for turn in plan.turns] == ["shop-0-1", "shop-1-1", "shop-2-1"]
    assert plan.held == (
        "shop-0-0, shop-1-0, shop-2-0 wait because redis_cluster_rollout.masters is skip; run with "
        "masters: restart when "
        "they may hand over"
    )


@pytest.mark.parametrize(("up_to_date", "left"), [((), 2), (("shop-0-1",), 1), (("shop-0-1", "shop-0-0"), 0)])
def test_the_limit_counts_what_earlier_runs_restarted(up_to_date: tuple[str, ...], left: int) -> None:
    found = made(HEALTHY, *up_to_date) if up_to_date else HEALTHY
    plan = rollout.rollout(found, WANTED, {}, Bounds(limit=2))
    assert len(plan.turns) == left
    assert "wait because redis_cluster_rollout.limit is 2; look at the pods that were restarted" in plan.held


def test_the_limit_of_a_request() -> None:
    found = made(HEALTHY)
    request = rollout.request(members(found), None, ())
    done = views.place(found, "shop-0-1", uid="another")
    assert rollout.rollout(done, WANTED, request, Bounds(limit=1)).turns == ()
    assert rollout.rollout(done, WANTED, request, Bounds(limit=2)).turns[0].pod == "shop-0-0"


def test_nothing_is_held_when_nothing_is_due() -> None:
    assert rollout.rollout(made(HEALTHY), WANTED, {}, Bounds(limit=1, masters="skip")) == rollout.Rollout()


def test_what_is_wished_is_what_the_statefulset_says_unless_it_is_told() -> None:
    one = replace(statefulset(""), restart_hash=NEW, made_from="{}")
    assert rollout.wanted([one]) == {name: Wanted(NEW, "{}") for name in ("shop-0-0", "shop-0-1")}
    assert rollout.wanted([one], "told", "[]")["shop-0-1"] == Wanted("told", "[]")


def test_the_doctor_names_each_reason_once() -> None:
    (finding,) = rollout.findings(HEALTHY, WANTED, {})
    assert (finding.code, finding.severity) == ("restart_due", "warning")
    assert finding.seen == "is to be restarted (image docker.io/library/redis:8.6.7 -> redis:8.8.3)"
    assert rollout.findings(made(HEALTHY), WANTED, {}) == []
