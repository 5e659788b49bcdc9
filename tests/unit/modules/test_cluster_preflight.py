# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_preflight: one look at Kubernetes, every problem at once, and nothing changed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared

from tests.unit.decide.declarations import GOOD, labels, wish
from tests.unit.modules.conftest import Run
from tests.unit.stand_ins.kubernetes_api import ApiServer

WEB = "/api/v1/namespaces/web"
APPS = "/apis/apps/v1/namespaces/web"
SETTINGS = {
    "name": "shop",
    "namespace": "web",
    "image": GOOD.image,
    "resources": GOOD.resources,
    "storage": GOOD.storage,
}
CLASS = "/apis/storage.k8s.io/v1/storageclasses/standard"
PASSWORD = "canary-0123456789"


def empty_namespace(api: ApiServer) -> None:
    api.add(WEB)
    for number in range(3):
        api.add(f"/api/v1/nodes/node-{number}")
    api.add(CLASS, annotations={"storageclass.kubernetes.io/is-default-class": "true"})


def instance(api: ApiServer) -> None:
    """A running one, declared as SETTINGS says."""
    empty_namespace(api)
    annotations = {declared.ANNOTATION: declared.text(GOOD)}
    for shard in range(3):
        own = labels(shard=shard)
        selector = {key: own[key] for key in own if key.endswith(("/name", "/instance", "/managed-by", "/shard"))}
        template = {"spec": {"volumes": volumes(f"shop-boot-{shard}")}}
        claims = [{"metadata": {"name": "data"}, "spec": claim_spec()}]
        spec = {
            "serviceName": "shop-nodes",
            "selector": {"matchLabels": selector},
            "podManagementPolicy": "Parallel",
            "volumeClaimTemplates": claims,
            "template": template,
        }
        api.add(f"{APPS}/statefulsets/shop-{shard}", spec, labels=own, annotations=annotations)
        for ordinal in range(2):
            running = {"containerStatuses": [{"name": "redis", "state": {"running": {}}}]}
            api.add(
                f"{WEB}/pods/shop-{shard}-{ordinal}", {"volumes": volumes("shop-boot-pod")}, labels=own, status=running
            )
            api.add(f"{WEB}/persistentvolumeclaims/data-shop-{shard}-{ordinal}", claim_spec(), labels=own)
    for name in ("shop", "shop-nodes"):
        api.add(f"{WEB}/services/{name}", labels=labels())
    api.add(f"{WEB}/secrets/shop-auth", labels=labels(), annotations=annotations)
    api.objects[f"{WEB}/secrets/shop-auth"]["data"] = {"password": PASSWORD}
    for name in ("config", "boot-0", "boot-1", "boot-2", "boot-pod", "boot-revision", "boot-stale", "scripts-stale"):
        api.add(f"{WEB}/configmaps/shop-{name}", labels=labels())
    api.add(f"{APPS}/controllerrevisions/shop-0-1", labels=labels())
    api.objects[f"{APPS}/controllerrevisions/shop-0-1"]["data"] = {
        "spec": {"template": {"spec": {"volumes": volumes("shop-boot-revision")}}}
    }


def volumes(boot: str) -> list[dict[str, Any]]:
    sources = [{"configMap": {"name": boot}}, {"configMap": {"name": "shop-config"}}]
    return [{"name": "config", "projected": {"sources": sources}}, {"name": "run", "emptyDir": {}}]


def claim_spec() -> dict[str, Any]:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}}


@pytest.mark.parametrize("check", [False, True])
def test_a_new_instance(run: Run, api: ApiServer, check: bool) -> None:
    empty_namespace(api)
    result = run("cluster_preflight", settings=SETTINGS, check=check, **api.options())
    assert not result["changed"]
    found = result["instance"]
    assert {key: name for key, name in found["names"].items() if name} == {
        "nodes_service": "shop-nodes",
        "client_service": "shop",
        "auth": "shop-auth",
        "config": "shop-config",
        "boot": "shop-boot-92ea41b068",
        "lock": "shop-lock",
        "statefulsets": ["shop-0", "shop-1", "shop-2"],
    }
    assert found["server"] == {"family": "redis", "version": "8.6.7"}
    assert set(found["configuration"]) == {"boot", "live"}
    assert found["restart_hash"] == declared.restart_hash(GOOD)
    assert found["declared"] == declared.text(GOOD)
    rest = (
        "grace_seconds",
        "hand_over_seconds",
        "derives_maxmemory",
        "replica_sync_delay",
        "stale_budgets",
        "stale_configmaps",
        "stale_services",
        "namespace_exists",
        "new",
        "warnings",
        "skipped_checks",
        "pods",
        "sentinels",
        "grows",
        "claim_sizes",
    )
    assert [found[name] for name in rest] == [
        *(60, 50, True, 0, [], [], [], True, True, [], [], [2, 2, 2]),
        *(0, False, ["", "", ""]),
    ]
    assert found["leaving"] == {"statefulsets": [], "pods": [], "sentinels": [], "claims": []}
    assert api.writes == []


def test_a_running_instance(run: Run, api: ApiServer) -> None:
    instance(api)
    found = run("cluster_preflight", settings=SETTINGS, **api.options())["instance"]
    assert (found["new"], found["stale_configmaps"]) == (False, ["shop-boot-stale", "shop-scripts-stale"])
    assert api.writes == []
    assert f"{WEB}/secrets/shop-auth" not in api.full_reads, "the data of the Secret was read"


def test_directives_of_former_runs_are_returned_from(run: Run, api: ApiServer) -> None:
    """What the StatefulSets tell was reached; the Secret tells also what a killed run was on the way to."""
    instance(api)
    reached, on_the_way = wish(config={"hz": 20}), wish(config={"timeout": 9, "io-threads": 2})
    for shard in range(3):
        metadata = api.objects[f"{APPS}/statefulsets/shop-{shard}"]["metadata"]
        metadata["annotations"] = {declared.ANNOTATION: declared.text(reached)}
    metadata = api.objects[f"{WEB}/secrets/shop-auth"]["metadata"]
    metadata["annotations"] = {declared.ANNOTATION: declared.text(on_the_way)}
    now = {**SETTINGS, "config": {"maxmemory-samples": 7}}
    found = run("cluster_preflight", settings=now, **api.options())["instance"]
    assert found["live"].items() >= {"hz": "10", "timeout": "0", "maxmemory-samples": "7", "appendonly": "yes"}.items()
    assert (found["boot"], found["maxmemory_at_start"]) == ({}, 2**30 * 70 // 100)


def test_a_service_that_is_not_declared_any_more(run: Run, api: ApiServer) -> None:
    """Only those that we applied: somebody may have copied one with its labels."""
    instance(api)
    for name in ("shop", "shop-nodes"):
        api.objects[f"{WEB}/services/{name}"]["metadata"]["managedFields"] = [{"manager": "k8sredis"}]
    api.add(f"{WEB}/services/shop-outside", labels=labels())
    api.objects[f"{WEB}/services/shop-outside"]["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    found = run("cluster_preflight", settings={**SETTINGS, "client_service_name": "cache"}, **api.options())["instance"]
    assert found["stale_services"] == ["shop"]
    found = run("cluster_preflight", settings={**SETTINGS, "client_service": False}, **api.options())["instance"]
    assert found["stale_services"] == ["shop"]


def test_claims_that_are_to_grow(run: Run, api: ApiServer) -> None:
    instance(api)
    more = {**SETTINGS, "storage": {**GOOD.storage, "size": "16Gi"}}
    for settings, grows, size in ((SETTINGS, False, ""), (more, True, "8Gi")):
        found = run("cluster_preflight", settings=settings, **api.options())["instance"]
        assert (found["grows"], found["claim_sizes"]) == (grows, [size] * 3)
    del api.objects[f"{APPS}/statefulsets/shop-1"]
    found = run("cluster_preflight", settings=more, **api.options())["instance"]
    assert (found["grows"], found["claim_sizes"]) == (True, ["8Gi", "", "8Gi"])


def test_pods_of_a_statefulset_that_is_being_made_anew(run: Run, api: ApiServer) -> None:
    """They are no new instance, and a third one in the shard is not forgotten."""
    instance(api)
    for shard in range(3):
        del api.objects[f"{APPS}/statefulsets/shop-{shard}"]
    api.add(f"{WEB}/pods/shop-1-2", labels=labels(shard=1))
    owned: dict[str, Any] = {"ownerReferences": [{"controller": True, "uid": "gone"}]}
    api.add(f"{WEB}/pods/shop-2-2", labels=labels(shard=2), **owned)
    api.add(f"{WEB}/pods/shop-0-2", labels=labels(shard=0), deletionTimestamp="now")
    found = run("cluster_preflight", settings=SETTINGS, **api.options())["instance"]
    assert (found["new"], found["pods"]) == (False, [2, 3, 2])


def test_budgets_go_when_others_cover_the_pods(run: Run, api: ApiServer) -> None:
    """Only those that we applied."""
    instance(api)
    for name, manager in (("shop", "k8sredis"), ("shop-1", "k8sredis"), ("shop-7", "k8sredis"), ("own", "kubectl")):
        path = f"/apis/policy/v1/namespaces/web/poddisruptionbudgets/{name}"
        api.add(path, labels=labels(), managedFields=[{"manager": manager}])
    path = "/apis/policy/v1/namespaces/web/poddisruptionbudgets/other"
    api.add(path, labels=labels("other"), managedFields=[{"manager": "k8sredis"}])
    found = run("cluster_preflight", settings=SETTINGS, **api.options())["instance"]
    assert found["budgets"] == [{"name": f"shop-{shard}", "shard": str(shard)} for shard in range(3)]
    assert found["stale_budgets"] == ["shop", "shop-7"]
    whole = {**SETTINGS, "disruption_budget": "instance"}
    found = run("cluster_preflight", settings=whole, **api.options())["instance"]
    assert found["budgets"] == [{"name": "shop", "shard": ""}]
    assert found["stale_budgets"] == ["shop-1", "shop-7"]


def test_configuration_of_a_run_that_got_no_further_is_kept(run: Run, api: ApiServer) -> None:
    """No pod refers to it yet, and the next pods will."""
    empty_namespace(api)
    for name in ("config", "boot-old"):
        api.add(f"{WEB}/configmaps/shop-{name}", labels=labels())
    found = run("cluster_preflight", settings=SETTINGS, **api.options())["instance"]
    assert (found["new"], found["stale_configmaps"]) == (True, ["shop-boot-old"])


def test_every_problem_is_told_at_once(run: Run, api: ApiServer) -> None:
    instance(api)
    api.add(f"{WEB}/services/shop", labels=labels("other"))
    wrong = {**SETTINGS, "shards": "5", "replicas": 0, "config": {"dir": "/x"}, "shard": 1, "node_timeout": "soon"}
    result = run("cluster_preflight", settings=wrong, application_password="canary", **api.options())
    assert result["failed"]
    assert not result["changed"]
    assert result["msg"].split("\n") == [
        "Cannot use redis_cluster_shard=1: there is no such variable; write redis_cluster_shards if that was meant.",
        'Cannot use redis_cluster_node_timeout="soon": it must be a whole number; correct it.',
        (
            "Cannot use redis_cluster_replicas=0: each restart of a pod is then an outage of its shard, and the loss "
            "of its volume a loss of data; use 1 or more, or consent by redis_cluster_accept_no_replicas."
        ),
        (
            'Cannot use redis_cluster_config.dir="/x": the collection sets this directive itself; data is kept in the '
            "pod's volume; use redis_cluster_storage."
        ),
        (
            "Cannot use redis_cluster_application_password: it is shorter than 16 characters, and a server answers "
            "millions of guesses a minute; use a longer one."
        ),
        (
            "Cannot use Service shop: its labels name the instance 'other'; choose another redis_cluster_name, or "
            "remove it by hand."
        ),
    ]
    assert api.writes == []


def test_what_may_not_be_read_is_a_skipped_check(run: Run, api: ApiServer) -> None:
    instance(api)
    api.forbidden = {WEB, "/api/v1/nodes", "/apis/storage.k8s.io/v1/storageclasses.*", f"{APPS}/controllerrevisions"}
    found = run("cluster_preflight", settings=SETTINGS, **api.options())["instance"]
    assert len(found["skipped_checks"]) == 4
    assert (found["namespace_exists"], found["stale_configmaps"]) == (True, [])


def test_a_right_that_is_needed_is_named(run: Run, api: ApiServer) -> None:
    empty_namespace(api)
    api.forbidden = {f"{APPS}/statefulsets"}
    result = run("cluster_preflight", settings={**SETTINGS, "shards": 2}, **api.options())
    assert result["msg"].split("\n")[1] == (
        f'Cannot get {APPS}/statefulsets: 403 User "u" cannot get {APPS}/statefulsets; grant the user this right '
        "(the Role in the collection's docs/rbac.yml lists all)."
    )


def test_an_api_that_does_not_answer_is_one_sentence_beside_the_others(run: Run) -> None:
    result = run("cluster_preflight", settings={**SETTINGS, "shards": 2}, host="http://127.0.0.1:1", api_key="x")
    messages = result["msg"].split("\n")
    assert len(messages) == 2
    assert messages[1].startswith("Cannot reach the Kubernetes API")


def test_without_a_usable_name_nobody_is_asked(run: Run, api: ApiServer) -> None:
    result = run("cluster_preflight", settings={**SETTINGS, "name": "../../secrets"}, **api.options())
    assert result["failed"]
    assert api.requests == []


def test_an_old_kubernetes(run: Run, api: ApiServer) -> None:
    empty_namespace(api)
    api.version = {"major": "1", "minor": "28+"}
    result = run("cluster_preflight", settings=SETTINGS, **api.options())
    assert result["msg"] == "Cannot use this Kubernetes 1.28: the pods need 1.29; upgrade it to 1.29 or newer."


def test_the_namespace_is_missing(run: Run, api: ApiServer) -> None:
    empty_namespace(api)
    del api.objects[WEB]
    assert run("cluster_preflight", settings=SETTINGS, **api.options())["msg"] == (
        'Cannot use redis_cluster_namespace="web": it does not exist; create it, or set redis_cluster_create_namespace.'
    )
    created = run("cluster_preflight", settings={**SETTINGS, "create_namespace": True}, **api.options())
    assert created["instance"]["namespace_exists"] is False


def test_the_storage_class(run: Run, api: ApiServer) -> None:
    empty_namespace(api)
    fast = {**SETTINGS, "storage": {"size": "1Gi", "class": "fast"}}
    assert "there is no such StorageClass" in run("cluster_preflight", settings=fast, **api.options())["msg"]
    api.add(CLASS.replace("standard", "fast"))
    assert "instance" in run("cluster_preflight", settings=fast, **api.options())
    del api.objects[CLASS]
    assert "no default StorageClass" in run("cluster_preflight", settings=SETTINGS, **api.options())["msg"]
    without = {**SETTINGS, "storage": {"type": "empty_dir"}, "persistence": "none"}
    assert "instance" in run("cluster_preflight", settings=without, **api.options())


def test_warnings_are_warnings(run: Run, api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_namespace(api)
    said: list[str] = []
    # In a process of the controller, such as this one, a warning is displayed and not returned.
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: said.append(text))
    result = run("cluster_preflight", settings={**SETTINGS, "image": "redis:8.6.3"}, **api.options())
    (sentence,) = said
    assert sentence.startswith("redis-8.6.3 has known security holes (CVE-2026-62356: ")
    assert sentence.endswith(") that 8.6.7 closes; use that or a newer one.")
    assert result["instance"]["warnings"] == said


def test_no_password_is_in_the_output(run: Run, api: ApiServer) -> None:
    instance(api)
    user = {"name": "report", "password": f"{PASSWORD}-2"}
    for settings in (SETTINGS, {**SETTINGS, "shards": 2}):
        result = run(
            "cluster_preflight", settings=settings, application_password=PASSWORD, users=[user], **api.options()
        )
        assert PASSWORD not in str(result)


@pytest.mark.parametrize("config", [{"requirepass": "s3cret-in-config"}, {"masterauth": ["s3cret-in-config", "again"]}])
def test_a_secret_in_the_wrong_place_is_not_shown(run: Run, api: ApiServer, config: dict[str, Any]) -> None:
    """Neither in the message nor among the arguments of the task."""
    empty_namespace(api)
    users = [{"name": "app", "password": PASSWORD, "commands": ["+@read >s3cret-in-rule", "#0123456789abcdef"]}]
    result = run("cluster_preflight", settings={**SETTINGS, "config": config}, users=users, **api.options())
    assert "redis_cluster_users[0].commands" in result["msg"]
    assert "s3cret" not in str(result)
    assert "0123456789abcdef" not in str(result)


@pytest.mark.parametrize(
    "given",
    [
        {"config": "requirepass=s3cret-in-text"},
        {"application_commands": "+@all >s3cret-in-text"},
    ],
)
def test_a_secret_in_text_that_is_no_value_at_all(run: Run, api: ApiServer, given: dict[str, Any]) -> None:
    empty_namespace(api)
    result = run("cluster_preflight", settings={**SETTINGS, **given}, **api.options())
    assert result["failed"]
    assert "s3cret" not in str(result)


def test_patterns_may_begin_with_any_character(run: Run, api: ApiServer) -> None:
    """What they look like is no reason to mask the answer."""
    empty_namespace(api)
    settings = {**SETTINGS, "application_channels": ["#config-news"], "application_keys": ["!statefulsets:*"]}
    assert "********" not in str(run("cluster_preflight", settings=settings, **api.options())["instance"])


SENTINEL = {
    **SETTINGS,
    "replicas": 2,
    "sentinel_storage": {"size": "1Gi"},
    "proxy_image": "haproxy:3.2.9",
}


def test_a_new_instance_with_sentinels(run: Run, api: ApiServer) -> None:
    empty_namespace(api)
    found = run("cluster_preflight", topology="sentinel", settings=SENTINEL, **api.options())["instance"]
    assert found["names"]["servers"] == ["shop-0-0", "shop-0-1", "shop-0-2"]
    assert found["names"]["watchers"] == ["shop-sentinel-0", "shop-sentinel-1", "shop-sentinel-2"]
    assert (found["names"]["statefulsets"], found["names"]["addresses"]) == (["shop-0"], "shop-addresses")
    assert (found["master_name"], found["quorum"], found["pods"], found["new"]) == ("web.shop", 2, [3], True)
    assert found["budgets"] == [{"name": "shop-0", "shard": "0"}]
    assert found["live"]["min-replicas-to-write"] == "1"


def test_a_new_instance_with_a_sentinel_beside_each_server(run: Run, api: ApiServer) -> None:
    empty_namespace(api)
    settings = {**SENTINEL, "colocated": True, "replicas": 4, "anti_affinity": "preferred"}
    found = run("cluster_preflight", topology="sentinel", settings=settings, **api.options())["instance"]
    assert found["names"]["watchers"] == found["names"]["servers"] == [f"shop-0-{number}" for number in range(5)]
    assert (found["quorum"], found["pods"], found["names"]["sentinels"]) == (3, [5], "")
    assert found["budgets"] == [{"name": "shop-0", "shard": "0"}]
    refused = run("cluster_preflight", topology="sentinel", settings={**settings, "replicas": 3}, **api.options())
    assert refused["msg"].startswith("Cannot use redis_sentinel_replicas=3: with redis_sentinel_colocated there are as")


def test_its_messages_name_its_own_variables(run: Run, api: ApiServer) -> None:
    empty_namespace(api)
    settings = {**SENTINEL, "sentinels": 4, "config": {"port": 1}}
    result = run("cluster_preflight", topology="sentinel", settings=settings, **api.options())
    assert result["msg"].split("\n") == [
        ("Cannot use redis_sentinel_sentinels=4: no more of them may fail than of 3; use an odd number from 3 to 9."),
        (
            "Cannot use redis_sentinel_config.port=1: the collection sets this directive itself; use "
            "redis_sentinel_port."
        ),
    ]
