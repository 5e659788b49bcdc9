# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that create a cluster, and the doctor, on pods in memory: in check mode, for real, and again; with locks
and failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge, lock
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Forbidden

from tests.unit.decide.declarations import wish
from tests.unit.decide.views import member, names
from tests.unit.modules.conftest import Run
from tests.unit.stand_ins.cluster import Server, Servers, StandInTarget, Words
from tests.unit.stand_ins.kube import StandInKube

CREATE = ("cluster_meet", "cluster_slots", "cluster_replicas")
STATEFULSETS = "/apis/apps/v1/namespaces/web/statefulsets"
PODS = "/api/v1/namespaces/web/pods"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/web/leases/shop-lock"
KEYS = {"changed", "plan", "diff"}
STEP = {"kind", "subject", "text", "reason"}


class Instance(StandInTarget):
    """Pods that exist or do not; time passes whenever somebody looks."""

    def __init__(self) -> None:
        super().__init__(Servers([member(name) for name in names(3, 1)]), StandInKube())
        self.exist = True

    def members(self) -> tuple[Member, ...]:
        self.servers.tick()
        return super().members() if self.exist else ()

    @property
    def locks(self) -> dict[str, Any]:
        assert isinstance(self.kube, StandInKube)
        return self.kube.objects

    @property
    def sent(self) -> list[str]:
        return [f"{name}: {' '.join(words)}" for name, words in self.servers.log]


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Instance:
    found = Instance()
    monkeypatch.setattr(border, "target", lambda module: found)
    monkeypatch.setattr(lock, "RENEW_EVERY", 30)
    return found


@pytest.fixture
def ask(run: Run, instance: Instance) -> Run:
    """Runs a module for the instance; an option that is None is not given."""

    def ask_module(name: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        waits = {} if name == "cluster_info" else {"wait_timeout": 30}
        wish = {"name": "shop", "namespace": "web", "shards": 3, "node_timeout": 15000, **waits, **options}
        return run(name, check=check, **{key: value for key, value in wish.items() if value is not None})

    return ask_module


def create(ask: Run, **options: Any) -> list[dict[str, Any]]:
    return [ask(name, **options) for name in CREATE]


def texts(result: dict[str, Any]) -> list[str]:
    assert set(result) >= KEYS
    assert all(set(step) == STEP for step in result["plan"])
    lines = "".join(f"+ {step['text']} ({step['reason']})\n" for step in result["plan"])
    assert result["diff"] == {"prepared": lines}
    return [step["text"] for step in result["plan"]]


def test_check_mode_shows_the_whole_creation_before_any_pod_exists(ask: Run, instance: Instance) -> None:
    instance.exist = False
    meet, slots, replicas = create(ask, check=True)
    assert texts(meet) == [f"{name} joins when it runs" for name in names(3, 1)]
    assert texts(slots) == [
        "shop-0-0 serves 0-5460 (shard 0)",
        "shop-1-0 serves 5461-10921 (shard 1)",
        "shop-2-0 serves 10922-16383 (shard 2)",
    ]
    assert texts(replicas) == [f"shop-{n}-1 replicates shop-{n}-0 when both run" for n in range(3)]
    assert [result["changed"] for result in (meet, slots, replicas)] == [True] * 3
    assert (instance.sent, instance.locks) == ([], {})


@pytest.mark.parametrize("name", CREATE)
def test_check_mode_shows_what_real_mode_then_does(ask: Run, instance: Instance, name: str) -> None:
    for before in CREATE[: CREATE.index(name)]:
        ask(before)
    instance.servers.log.clear()
    foreseen = ask(name, check=True)
    assert (foreseen["changed"], instance.sent) == (True, [])
    done = ask(name)
    assert (done["changed"], texts(done)) == (True, texts(foreseen))
    assert instance.sent != []


def grow(instance: Instance, shards: int, replicas: int) -> None:
    """Further pods, which nobody has met yet."""
    for name in names(shards, replicas):
        instance.servers.by_name.setdefault(name, Server(member(name)))


def test_shards_join_without_slots_and_leave_again(ask: Run, examine: Any, instance: Instance) -> None:
    create(ask)
    grow(instance, 4, 1)
    wished = {"shards": 4}
    assert texts(ask("cluster_slots", **wished, move=False)) == []
    assert texts(ask("cluster_meet", **wished)) != []
    slots = ask("cluster_slots", **wished, move=False)
    assert (slots["changed"], slots["finished"], slots["progress"]) == (False, True, "nothing to move")
    assert texts(ask("cluster_replicas", **wished)) == ["shop-3-1 replicates shop-3-0"]

    instance.servers.log.clear()
    seen = examine(shards=3)
    assert (seen["cluster"]["healthy"], seen["cluster"]["in_order"]) == (True, False)
    assert seen["cluster"]["leaving"] == ["shop-3-0", "shop-3-1"]
    foreseen = ask("cluster_forget", check=True)
    assert (foreseen["changed"], instance.sent) == (True, [])
    instance.servers.settle()
    done = ask("cluster_forget", node_timeout=None)
    assert (done["changed"], texts(done)) == (True, texts(foreseen))
    assert [node["name"] for node in done["nodes"]] == names(3, 1)
    for check in (True, False):
        assert texts(ask("cluster_forget", check=check)) == []
        assert [texts(result) for result in create(ask, check=check)] == [[], [], []]

    seen = examine(shards=3)
    assert (seen["cluster"]["healthy"], seen["cluster"]["in_order"]) == (True, False)
    assert [finding["code"] for finding in seen["findings"] if "shop-3" in finding["subject"]] == ["leaving", "leaving"]
    for name in ("shop-3-0", "shop-3-1"):
        instance.servers.by_name.pop(name)
    seen = examine(shards=3)
    assert (seen["cluster"]["in_order"], seen["cluster"]["leaving"]) == (True, [])


def test_who_serves_slots_does_not_leave(ask: Run, instance: Instance) -> None:
    grow(instance, 4, 1)
    create(ask, shards=4)
    instance.servers.log.clear()
    result = ask("cluster_forget")
    assert result["msg"] == "Cannot let shop-3-0 leave: it serves 4096 slots; move them to members that stay."
    assert (result["changed"], instance.sent) == (False, [])
    assert texts(ask("cluster_forget", check=True)) == [
        "shop-3-0 is forgotten by all others and reset",
        "shop-3-1 is forgotten by all others",
    ]


def test_only_endpoints_leave_by_name(ask: Run) -> None:
    assert ask("cluster_forget", leaving=["shop-2-0"])["msg"] == (
        "Cannot let shop-2-0 leave: it is none of the endpoints; name it there too, as it is written there."
    )


def test_the_second_run_changes_nothing(ask: Run, instance: Instance) -> None:
    create(ask)
    instance.servers.log.clear()
    for check in (True, False):
        results = create(ask, check=check)
        assert [(result["changed"], texts(result)) for result in results] == [(False, [])] * 3
    assert instance.sent == []


def test_what_a_module_returns_about_the_cluster(ask: Run) -> None:
    result = create(ask)[-1]
    assert (result["cluster"]["healthy"], result["cluster"]["shards"], len(result["nodes"])) == (True, 3, 6)
    assert [shard["master"] for shard in result["shards"]] == ["shop-0-0", "shop-1-0", "shop-2-0"]


def test_a_setting_that_differs_is_put_right_in_sight(ask: Run, instance: Instance) -> None:
    create(ask)
    instance.servers["shop-1-0"].settings["cluster-node-timeout"] = "1000"
    for check in (True, False):
        assert [texts(result) for result in create(ask, check=check)] == [
            ["shop-1-0: cluster-node-timeout 1000 -> 15000"],
            [],
            [],
        ]


def test_settings_are_only_touched_where_they_are_named(ask: Run, instance: Instance) -> None:
    create(ask, node_timeout=None)
    assert not [line for line in instance.sent if "CONFIG SET" in line]


# Failures.


def test_a_refusal_says_so_and_did_nothing(ask: Run, instance: Instance) -> None:
    create(ask)
    instance.servers.log.clear()
    for check in (True, False):
        result = ask("cluster_slots", weights={"0": "many"}, check=check)
        assert result["failed"]
        assert (result["changed"], texts(result), instance.sent) == (False, [], [])


def test_a_failure_half_way_tells_what_was_done(ask: Run, instance: Instance) -> None:
    instance.servers.refusals["shop-1-1", "CLUSTER MEET"] = "ERR out of luck"
    result = ask("cluster_meet", node_timeout=None)
    assert result["msg"] == (
        "Cannot bring about 'shop-1-1 meets shop-2-0, shop-2-1': shop-1-1 answered 'out of luck'; see 'cluster_info'."
    )
    assert (result["failed"], result["changed"]) == (True, True)
    assert "shop-0-0 gets config epoch 1" in texts(result)
    assert "exception" not in result


def test_pods_that_do_not_come_are_named(ask: Run, instance: Instance) -> None:
    instance.exist = False
    result = ask("cluster_meet", wait_timeout=0)
    assert result["msg"] == (
        "Cannot reach shop-0-0: its pod does not exist (and 5 more do not answer); mend that and run again."
    )


@pytest.mark.parametrize(("library", "version"), [("redis", "redis>=5.3.0"), ("kubernetes", "kubernetes>=29.0.0")])
def test_a_missing_library_is_named_with_its_cure(
    ask: Run, monkeypatch: pytest.MonkeyPatch, library: str, version: str
) -> None:
    monkeypatch.setattr(border, "_importable", lambda name: name != library)
    message = ask("cluster_meet")["msg"]
    assert message.startswith(f"Cannot work without the Python libraries {version}")
    assert f"-m pip install '{version}" in message


BAD_TARGETS: list[tuple[str, dict[str, Any], str]] = [
    ("nobody", {"name": None}, "one of the following is required: name, label_selectors, endpoints"),
    ("two", {"endpoints": ["a:1"]}, "parameters are mutually exclusive: name|endpoints"),
    ("labels too", {"label_selectors": ["a=b"]}, "parameters are mutually exclusive: name|label_selectors"),
    (
        "half a certificate",
        {"redis_client_cert": "/c"},
        "parameters are required together: redis_client_cert, redis_client_key",
    ),
    (
        "another transport",
        {"transport": "smoke"},
        "value of transport must be one of: port_forward, direct, got: smoke",
    ),
]


@pytest.mark.parametrize(("options", "seen"), [row[1:] for row in BAD_TARGETS], ids=[row[0] for row in BAD_TARGETS])
def test_bad_targets(ask: Run, options: dict[str, Any], seen: str) -> None:
    assert ask("cluster_meet", **options)["msg"] == seen


# The lock.


def test_a_task_by_itself_takes_the_lock_and_gives_it_back(ask: Run, instance: Instance) -> None:
    holders = []

    def look(server: Server, words: Words) -> None:
        holders.append(instance.locks[LEASE]["spec"]["holderIdentity"])

    instance.servers.on_command = look
    ask("cluster_meet")
    assert holders
    assert all(holders)
    assert instance.locks[LEASE]["spec"]["holderIdentity"] == ""


def test_a_failed_task_gives_the_lock_back(ask: Run, instance: Instance) -> None:
    instance.servers.refusals["shop-1-1", "CLUSTER MEET"] = "ERR out of luck"
    ask("cluster_meet")
    assert instance.locks[LEASE]["spec"]["holderIdentity"] == ""


def held_by(instance: Instance, run_id: str) -> None:
    assert isinstance(instance.kube, StandInKube)
    lock.Lock(instance.kube, "shop", run_id, "ann@runner").take(lambda text: None)


def test_a_task_of_a_run_keeps_its_lock(ask: Run, instance: Instance) -> None:
    held_by(instance, "one")
    assert ask("cluster_meet", run_id="one")["changed"]
    assert instance.locks[LEASE]["spec"]["holderIdentity"] == "one"


def test_a_task_of_another_run_is_refused_before_it_looks(ask: Run, instance: Instance) -> None:
    held_by(instance, "one")
    result = ask("cluster_meet", run_id="two")
    assert result["msg"].startswith("Cannot change shop: it is locked by ann@runner (run one), last renewed ")
    assert instance.sent == []


def test_a_task_of_a_run_without_a_lock_is_refused(ask: Run) -> None:
    assert ask("cluster_meet", run_id="two")["msg"] == (
        "Cannot change shop: this run does not hold its lock; take it with 'instance_lock'."
    )


def test_a_lock_that_is_lost_half_way_stops_the_next_change(ask: Run, instance: Instance) -> None:
    held_by(instance, "one")

    def lose(server: Server, words: Words) -> None:
        if "MEET" in words:
            assert isinstance(instance.kube, StandInKube)
            instance.kube.write(LEASE, holderIdentity="two", leaseTransitions=9)
            instance.servers.on_command = lambda server, words: None

    instance.servers.on_command = lose
    result = ask("cluster_meet", run_id="one")
    assert "it is locked by" in result["msg"]
    assert (result["failed"], result["changed"]) == (True, True)
    assert len([line for line in instance.sent if "CONFIG SET" in line]) == 6


def test_a_lock_that_cannot_be_given_back_does_not_hide_what_was_done(
    ask: Run, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> bool:
        raise Retryable("Cannot reach the Kubernetes API")

    warnings: list[str] = []
    monkeypatch.setattr(lock.Lock, "release", fail)
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, text: warnings.append(text))
    result = ask("cluster_meet")
    assert (result["changed"], "failed" in result) == (True, False)
    assert warnings == ["The lock was not released and stays for its duration: Cannot reach the Kubernetes API"]


def test_the_lock_is_renewed_while_a_task_works(ask: Run, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(instance, "one")
    before = instance.locks[LEASE]["spec"]["renewTime"]
    monkeypatch.setattr(converge, "TICK", 0.05)
    ask("cluster_meet", run_id="one")
    assert instance.locks[LEASE]["spec"]["renewTime"] > before


# The doctor.


@pytest.fixture
def examine(ask: Run) -> Callable[..., dict[str, Any]]:
    return lambda **options: ask("cluster_info", **options)


def codes(result: dict[str, Any]) -> list[str]:
    assert {finding["code"] for finding in result["findings"]} == {
        line.split()[1].rstrip(":") for line in result["report"] if line.startswith("  ")
    }
    return [finding["code"] for finding in result["findings"]]


def test_the_doctor_finds_a_created_cluster_in_order(ask: Run, examine: Any, instance: Instance) -> None:
    create(ask)
    instance.servers.log.clear()
    result = examine()
    assert (result["changed"], result["cluster"]["healthy"], result["cluster"]["in_order"]) == (False, True, True)
    assert result["report"][0] == (
        "shop: healthy, 3 shards, 6 of 6 members answer, 16384 of 16384 slots served, 0 keys"
    )
    assert (codes(result), instance.sent) == ([], [])


def test_the_doctor_sees_what_the_wish_lacks(ask: Run, examine: Any) -> None:
    create(ask)
    result = examine(shards=4, node_timeout=5000)
    assert not result["cluster"]["in_order"]
    assert sorted(set(codes(result))) == ["config_drift", "shards_differ", "unreachable"]
    assert len(result["nodes"]) == 8


def test_the_doctor_without_a_wish_looks_at_what_is_there(ask: Run, examine: Any) -> None:
    create(ask)
    result = examine(shards=None, node_timeout=None)
    assert (codes(result), result["cluster"]["in_order"], result["cluster"]["healthy"]) == ([], False, True)


@pytest.fixture
def made(ask: Run, instance: Instance) -> Instance:
    """A created cluster whose StatefulSets tell how it was declared."""
    create(ask)
    text = declared.text(wish(config={"maxmemory-policy": "noeviction", "hz": 10}, node_timeout=15000))
    for shard in range(3):
        metadata = {"name": f"shop-{shard}", "annotations": {declared.ANNOTATION: text}}
        spec = {"replicas": 2, "selector": {}}
        instance.locks[f"{STATEFULSETS}/shop-{shard}"] = {"metadata": metadata, "spec": spec}
    for server in instance.servers.alive:
        server.settings |= {"maxmemory-policy": "noeviction", "hz": "10", "repl-diskless-sync-delay": "0"}
    return instance


def plainly(examine: Any) -> dict[str, Any]:
    """Nothing is wished beside what the instance itself tells."""
    result: dict[str, Any] = examine(shards=None, node_timeout=None)
    return result


def test_the_doctor_knows_what_was_declared(made: Instance, examine: Any) -> None:
    assert codes(plainly(examine)) == []
    for server in made.servers.alive:
        server.settings |= {"maxmemory-policy": "allkeys-lru", "hz": "100", "cluster-node-timeout": "1000"}
    assert [finding["seen"] for finding in plainly(examine)["findings"]] == [
        "cluster-node-timeout is '1000', declared is '15000'",
        "hz is '100', declared is '10'",
        "maxmemory-policy is 'allkeys-lru', declared is 'noeviction'",
    ]


def test_the_doctor_believes_the_task_more_than_the_last_run(made: Instance, examine: Any) -> None:
    assert [finding["seen"] for finding in examine(shards=None, node_timeout=7000)["findings"]] == [
        "cluster-node-timeout is '15000', declared is '7000'"
    ]


def test_the_doctor_misses_a_pod_that_a_statefulset_is_to_have(made: Instance, examine: Any) -> None:
    del made.servers.by_name["shop-1-1"]
    result = plainly(examine)
    assert [
        (finding["subject"], finding["seen"]) for finding in result["findings"] if finding["code"] == "unreachable"
    ] == [("shop-1-1", "its pod does not exist")]
    assert (result["cluster"]["members"], result["cluster"]["healthy"]) == (6, False)
    assert len(examine()["nodes"]) == 6


def test_who_may_not_list_statefulsets_is_told_what_is_not_judged(
    made: Instance, examine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(self: object, path: str, selector: str = "") -> list[Any]:
        raise Forbidden(f"Cannot get {path}: 403 no right; grant it.")

    warnings: list[str] = []
    monkeypatch.setattr(StandInKube, "list", forbid)
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, text: warnings.append(text))
    assert codes(plainly(examine)) == []
    assert warnings == [
        f"Missing pods and changed directives are not judged: Cannot get {STATEFULSETS}: 403 no right; grant it.",
        f"Disruption budgets and owners of pods are not judged: Cannot get {PODS}: 403 no right; grant it.",
    ]


@pytest.mark.parametrize("text", ["", "{", '{"format": 99}'])
def test_the_doctor_can_do_without_the_declaration(made: Instance, examine: Any, text: str) -> None:
    for shard in range(3):
        made.locks[f"{STATEFULSETS}/shop-{shard}"]["metadata"]["annotations"] = {declared.ANNOTATION: text}
    assert codes(plainly(examine)) == []


def test_the_doctor_tells_of_new_pods_without_touching_them(examine: Any, instance: Instance) -> None:
    result = examine()
    assert (result["cluster"]["healthy"], result["cluster"]["state"], instance.sent) == (False, "fail", [])
    assert "uncovered_slots" in codes(result)


def test_the_doctor_needs_no_lock(ask: Run, examine: Any, instance: Instance) -> None:
    create(ask)
    held_by(instance, "one")
    assert examine()["cluster"]["in_order"]


def test_the_doctor_says_that_nobody_is_there(examine: Any, instance: Instance) -> None:
    instance.exist = False
    result = examine(shards=None, node_timeout=None)
    assert (result["cluster"]["healthy"], result["cluster"]["members"], result["nodes"]) == (False, 0, [])
    assert codes(result) == ["no_members"]


def test_check_mode_of_the_doctor_is_the_same(ask: Run, examine: Any) -> None:
    create(ask)
    assert examine(check=True) == examine()


def test_the_doctor_tells_of_pods_that_nobody_owns_and_no_budget_covers(made: Instance, examine: Any) -> None:
    made.locks[f"{PODS}/shop-0-0"] = {"metadata": {"name": "shop-0-0", "labels": {"k8sredis.io/shard": "0"}}}
    assert codes(plainly(examine)) == ["orphan", "no_budget"]
