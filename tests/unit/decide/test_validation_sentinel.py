# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused of Sentinels and their proxy, and what of an instance that lives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    configuration,
    declared,
    grace,
    names,
    scale,
    validation_live,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration, declaration
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import (
    Claim,
    ClaimTemplate,
    Object,
    StatefulSet,
)

from tests.unit.decide.declarations import GOOD, claim, problems, there, wish

STORAGE = {"type": "persistent_claim", "size": "1Gi", "class": ""}


def sentinel(**given: Any) -> Declaration:
    values = {
        "topology": "sentinel",
        "shards": 1,
        "allow_single_shard": True,
        "replicas": 2,
        "sentinel_storage": STORAGE,
        "proxy_image": "haproxy:3.2.9",
    }
    return wish(**{**values, **given})


def test_a_good_one() -> None:
    assert problems(sentinel()) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"sentinels": 2},
            (
                "Cannot use redis_cluster_sentinels=2: a failover needs the votes of a majority that outlives "
                "the loss of "
                "one; use an odd number from 3 to 9."
            ),
        ),
        (
            {"sentinels": 4},
            (
                "Cannot use redis_cluster_sentinels=4: no more of them may fail than of 3; use an odd number "
                "from 3 to 9."
            ),
        ),
        (
            {"sentinels": 11},
            ("Cannot use redis_cluster_sentinels=11: more than 9 make nothing safer; use an odd number from 3 to 9."),
        ),
        (
            {"quorum": 4},
            (
                "Cannot use redis_cluster_quorum=4: there are 3 Sentinels; leave it out for their majority, or use a "
                "smaller number."
            ),
        ),
        (
            {"down_after": 500},
            (
                "Cannot use redis_cluster_down_after=500: a busy server would be taken for a dead one; use "
                "1000 ms or more."
            ),
        ),
        (
            {"failover_timeout": 4000},
            (
                "Cannot use redis_cluster_failover_timeout=4000: it is shorter than redis_cluster_down_after, 5000 ms; "
                "use a longer time."
            ),
        ),
        (
            {"parallel_syncs": 0},
            ("Cannot use redis_cluster_parallel_syncs=0: no replica would ever follow a new master; use 1 or more."),
        ),
        (
            {"sentinel_storage": {**STORAGE, "size": "small"}},
            (
                'Cannot use redis_cluster_sentinel_storage.size="small": it is not a quantity of Kubernetes; write for '
                "example 100Mi."
            ),
        ),
        (
            {"sentinel_storage": {**STORAGE, "type": "host_path"}},
            (
                'Cannot use redis_cluster_sentinel_storage.type="host_path": there is no such choice; use '
                "persistent_claim or empty_dir."
            ),
        ),
        (
            {"sentinel_storage": {**STORAGE, "path": "/x"}},
            ('Cannot use redis_cluster_sentinel_storage.path="/x": there is no such key; use type, size, class.'),
        ),
        (
            {"sentinel_storage": {**STORAGE, "class": "Not A Name"}},
            (
                'Cannot use redis_cluster_sentinel_storage.class="Not A Name": it is not the name of a StorageClass; '
                "correct it, or leave it out."
            ),
        ),
        (
            {"proxy_pods": 0},
            (
                "Cannot use redis_cluster_proxy_pods=0: nobody would lead clients to the master; use 2, or switch "
                "redis_cluster_proxy off."
            ),
        ),
        (
            {"proxy_image": "not an image"},
            (
                'Cannot use redis_cluster_proxy_image="not an image": it is not the name of an image; write '
                "for example "
                "haproxy:3.2."
            ),
        ),
        (
            {"sentinel_resources": {"limits": {"memory": "8Mi"}}},
            (
                'Cannot use redis_cluster_sentinel_resources.limits.memory="8Mi": no server runs in less than '
                "32Mi; write "
                "for example 1Gi, or leave it out for no limit."
            ),
        ),
        (
            {"sentinel_port": 80},
            (
                "Cannot use redis_cluster_sentinel_port=80: a server that is not root may listen on 1024 to "
                "65535; use a "
                "port in this range."
            ),
        ),
        (
            {"client_service_name": "shop-replicas"},
            (
                'Cannot use redis_cluster_client_service_name="shop-replicas": two Services of the instance would have '
                "this name; choose other names."
            ),
        ),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str) -> None:
    assert problems(sentinel(**given)) == [message]


@pytest.mark.parametrize("replicas", [2, 4, 6, 8])
def test_a_sentinel_beside_each_server(replicas: int) -> None:
    """The declared number of Sentinels is not used."""
    assert problems(sentinel(colocated=True, replicas=replicas, sentinels=2)) == []


WITH = "with redis_cluster_colocated there are as many Sentinels as servers"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"replicas": 1},
            (
                f"Cannot use redis_cluster_replicas=1: {WITH}, 2, and a failover needs the votes of a majority that "
                "outlives the loss of one; use an even number from 2 to 8."
            ),
        ),
        (
            {"replicas": 3},
            (
                f"Cannot use redis_cluster_replicas=3: {WITH}, 4, and no more of them may fail than of 3; use an even "
                "number from 2 to 8."
            ),
        ),
        (
            {"replicas": 10},
            (
                f"Cannot use redis_cluster_replicas=10: {WITH}, 11, and more than 9 make nothing safer; use an even "
                "number from 2 to 8."
            ),
        ),
        (
            {"quorum": 4, "sentinels": 5},
            (
                "Cannot use redis_cluster_quorum=4: there are 3 Sentinels; leave it out for their majority, or use a "
                "smaller number."
            ),
        ),
        (
            {"sentinel_port": 6379},
            (
                "Cannot use redis_cluster_sentinel_port=6379: it is also redis_cluster_port, in the same pod; use "
                "another."
            ),
        ),
        (
            {"sentinel_port_name": "redis"},
            (
                'Cannot use redis_cluster_sentinel_port_name="redis": it is also redis_cluster_port_name, in the same '
                "pod; use another."
            ),
        ),
        (
            {"extra_volumes": ({"name": "sentinel-run", "emptyDir": {}},)},
            (
                'Cannot use redis_cluster_extra_volumes={"emptyDir": {}, "name": "sentinel-run"}: a volume needs a '
                "name that nobody else has; use one other than addresses, auth, config, data, run, scripts, "
                "sentinel-auth, sentinel-data, sentinel-run."
            ),
        ),
    ],
)
def test_what_is_refused_of_a_sentinel_beside_each_server(given: dict[str, Any], message: str) -> None:
    assert problems(sentinel(colocated=True, **given)) == [message]
    if "replicas" not in given and "quorum" not in given:
        assert problems(sentinel(**given)) == []


def test_names_where_a_sentinel_is_beside_each_server() -> None:
    found = names.names(sentinel(colocated=True), "")
    assert (found.sentinels, found.sentinels_service, found.watchers) == ("", "", found.servers)
    services = names.services(sentinel(colocated=True))
    assert sorted(services) == sorted(["shop", "shop-nodes", "shop-replicas", "shop-sentinel", *found.servers])


@pytest.mark.parametrize(("before", "now"), [(False, True), (True, False)])
def test_sentinels_never_move_to_other_pods(before: bool, now: bool) -> None:
    """A file that is taken up again names whoever was master then."""
    made, wished = sentinel(colocated=before), sentinel(colocated=now)
    old, new = ("true" if each else "false" for each in (before, now))
    reason = "the Sentinels' files would stay behind, and name a former master should they ever be taken up again"
    words = f"Cannot change redis_cluster_colocated from {old} to {new}: {reason}; "
    lives = there(statefulsets=statefulsets(made), started_pods=("shop-0-0",))
    assert validation_live.problems(made, lives) == []
    assert validation_live.problems(wished, lives) == [f"{words}set it back."]
    secret = Object("Secret", "shop-auth", names.labels("shop", "sentinel"), {declared.ANNOTATION: declared.text(made)})
    left = tuple(replace(claim(0, ordinal), labels=labels("server")) for ordinal in range(3))
    removed = there(secret=secret, claims=left)
    assert validation_live.problems(made, removed) == []
    advice = "set it back, or delete its claims if their data is not needed"
    assert validation_live.problems(wished, removed) == [f"{words}{advice}."]


def test_an_instance_from_before_there_was_a_choice() -> None:
    former = declared.declared(sentinel())
    del former["colocated"]
    assert declared.changes(former, sentinel()) == []
    assert [each.setting for each in declared.changes(former, sentinel(colocated=True))] == ["colocated"]


def test_storage_of_sentinels_that_have_none() -> None:
    made, other = (sentinel(colocated=True, sentinel_storage={**STORAGE, "size": size}) for size in ("1Gi", "2Gi"))
    assert declared.changes(declared.declared(made), other) == []
    apart = sentinel(sentinel_storage={**STORAGE, "size": "2Gi"})
    assert [each.setting for each in declared.changes(declared.declared(sentinel()), apart)] == ["sentinel_storage"]
    port = sentinel(colocated=True, sentinel_port=26380)
    assert [each.setting for each in declared.changes(declared.declared(made), port)] == ["sentinel_port"]


def test_what_needs_no_proxy() -> None:
    assert problems(sentinel(proxy=False, proxy_image="", proxy_pods=0)) == []


def test_names() -> None:
    found = names.names(sentinel(), "")
    assert (found.statefulsets, found.sentinels, found.sentinels_service) == (
        ("shop-0",),
        "shop-sentinel",
        "shop-sentinels",
    )
    assert found.servers == ("shop-0-0", "shop-0-1", "shop-0-2")
    assert found.watchers == ("shop-sentinel-0", "shop-sentinel-1", "shop-sentinel-2")
    assert set(names.services(sentinel())) == {
        *("shop", "shop-nodes", "shop-replicas", "shop-sentinel", "shop-sentinels"),
        *found.servers,
        *found.watchers,
    }
    assert "shop-replicas" not in names.services(sentinel(proxy=False))
    assert names.master_name("web", "shop") == "web.shop"


def test_its_settings_make_a_declaration() -> None:
    declared_, wrong = declaration({"name": "shop", "sentinels": "5", "replicas": "2"}, "sentinel")
    assert (declared_.topology, declared_.shards, declared_.sentinels, wrong) == ("sentinel", 1, 5, [])
    _declared, wrong = declaration({"topology": "sentinel"})
    assert wrong == ['Cannot use redis_cluster_topology="sentinel": there is no such variable; remove it.']


def test_configuration_has_nothing_of_a_cluster() -> None:
    texts = configuration.configuration(sentinel())
    assert "cluster" not in texts.boot + texts.live
    assert "min-replicas-to-write 1\n" in texts.live
    assert "min-replicas-to-write 0\n" in configuration.configuration(sentinel(replicas=1)).live
    assert (
        "min-replicas-to-write 2\n" in configuration.configuration(sentinel(config={"min-replicas-to-write": 2})).live
    )


def test_nobody_waits_for_a_window_of_the_cluster() -> None:
    assert (grace.seconds(sentinel()), grace.seconds(GOOD)) == (40, 60)


def labels(component: str, **more: str) -> dict[str, str]:
    return {**names.labels("shop", "sentinel"), "app.kubernetes.io/component": component, **more}


def statefulsets(made: Declaration, replicas: int = 3, watchers: int = 3) -> tuple[StatefulSet, ...]:
    own = labels("server", **{"k8sredis.io/shard": "0"})
    selector = {key: own[key] for key in own if not key.endswith("/component")}
    common: dict[str, Any] = {"pod_management": "Parallel"}
    server = StatefulSet(
        "StatefulSet",
        "shop-0",
        own,
        {declared.ANNOTATION: declared.text(made)},
        service_name="shop-nodes",
        selector=selector,
        replicas=replicas,
        claim_templates={"data": replace_claim(made)},
        **common,
    )
    return server, StatefulSet("StatefulSet", "shop-sentinel", labels("sentinel"), replicas=watchers, **common)


def replace_claim(made: Declaration) -> Any:
    return ClaimTemplate(str(made.storage["size"]))


def test_an_instance_that_lives_as_declared() -> None:
    made = sentinel()
    assert validation_live.problems(made, there(statefulsets=statefulsets(made))) == []
    (ours,) = validation_live.ours(made, there(statefulsets=statefulsets(made)))
    assert ours.name == "shop-0"


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        (
            {"sentinel_port": 26380},
            "sentinel_port from 26379 to 26380: clients and Sentinels reach",
        ),
        ({"persistence": "rdb"}, 'persistence from "aof" to "rdb": servers would start from files of the other kind'),
    ],
)
def test_changes_that_this_version_does_not_do(given: dict[str, Any], setting: str) -> None:
    found = validation_live.problems(sentinel(**given), there(statefulsets=statefulsets(sentinel())))
    assert [text for text in found if f"Cannot change redis_cluster_{setting}" in text], found


@pytest.mark.parametrize(("colocated", "servers_too"), [(False, False), (True, True)])
def test_resources_of_sentinels_restart_their_pods(colocated: bool, servers_too: bool) -> None:
    before = sentinel(colocated=colocated, sentinel_resources={"limits": {"memory": "64Mi"}})
    same = replace(before, sentinel_resources={"limits": {"memory": "65536Ki"}})
    more = replace(before, sentinel_resources={"limits": {"memory": "128Mi"}})
    assert declared.changes(declared.declared(before), same) == []
    (change,) = declared.changes(declared.declared(before), more)
    assert declared.is_rolled(change)
    assert declared.sentinel_made_from(same) == declared.sentinel_made_from(before)
    told = declared.differences(declared.sentinel_made_from(before), declared.sentinel_made_from(more))
    assert told == ["sentinel_resources.limits.memory 67108864 -> 134217728"]
    assert (declared.restart_hash(more) != declared.restart_hash(before)) is servers_too


def test_more_and_fewer_of_them_are_fine() -> None:
    made, more = sentinel(), sentinel(replicas=3, sentinels=5, anti_affinity="preferred")
    before = statefulsets(sentinel(anti_affinity="preferred"))
    assert validation_live.problems(more, there(statefulsets=before)) == []
    fewer = replace(made, sentinels=3)
    assert validation_live.problems(fewer, there(statefulsets=statefulsets(made, watchers=5))) == []
    assert validation_live.problems(sentinel(replicas=1), there(statefulsets=statefulsets(made))) == []


def test_a_cluster_of_the_same_name_is_somebody_elses() -> None:
    secret = Object("Secret", "shop-auth", names.labels("shop", "cluster"))
    (text,) = validation_live.problems(sentinel(), there(secret=secret))
    assert text.startswith("Cannot use Secret shop-auth: its labels name the instance 'shop'")
    lock = Object(
        "Lease", "shop-lock", {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "k8sredis"}
    )
    assert validation_live.problems(sentinel(), there(others=(lock,))) == []


def claims(*names_of: str) -> tuple[Claim, ...]:
    component = {"shop-s": "sentinel"}
    return tuple(
        Claim(
            "PersistentVolumeClaim",
            f"data-{name}",
            labels(component.get(name[:6], "server")),
            asks=ClaimTemplate("8Gi"),
        )
        for name in names_of
    )


def test_who_leaves() -> None:
    found = there(
        statefulsets=statefulsets(sentinel(), replicas=5, watchers=5),
        claims=claims(
            "shop-0-2", "shop-0-3", "shop-sentinel-2", "shop-sentinel-3", "shop-sentinel-4", "shop-sentinel-5"
        ),
    )
    assert (scale.pods(sentinel(), found), scale.sentinels(sentinel(), found)) == ([5], 5)
    leaving = scale.leaving(sentinel(), found)
    assert leaving["pods"] == ["shop-0-3", "shop-0-4"]
    assert leaving["sentinels"] == ["shop-sentinel-4", "shop-sentinel-3"], "the last one leaves first"
    assert leaving["claims"] == []
    assert scale.leaving(sentinel(scale_in_claims="delete"), found)["claims"] == [
        *("data-shop-sentinel-3", "data-shop-sentinel-4", "data-shop-sentinel-5", "data-shop-0-3")
    ]


def test_pods_with_both_leave_one_by_one() -> None:
    made = sentinel(colocated=True, replicas=4)
    fewer = sentinel(colocated=True, scale_in_claims="delete")
    found = there(
        statefulsets=statefulsets(made, replicas=5)[:1],
        claims=claims(*(f"shop-0-{number}" for number in range(5)), "shop-sentinel-0"),
    )
    assert validation_live.problems(fewer, found) == []
    assert (scale.pods(fewer, found), scale.sentinels(fewer, found)) == ([5], 5)
    assert scale.leaving(fewer, found) == {
        "statefulsets": [],
        "pods": ["shop-0-3", "shop-0-4"],
        "sentinels": ["shop-0-4", "shop-0-3"],
        "claims": ["data-shop-sentinel-0", "data-shop-0-3", "data-shop-0-4"],
    }


def test_nobody_leaves_who_is_declared() -> None:
    more = sentinel(replicas=4, sentinels=5)
    found = there(statefulsets=statefulsets(sentinel()))
    assert (scale.pods(more, found), scale.sentinels(more, found)) == ([5], 5)
    nothing: dict[str, list[str]] = {"statefulsets": [], "pods": [], "sentinels": [], "claims": []}
    assert scale.leaving(more, found) == nothing
    assert (
        scale.leaving(sentinel(scale_in_claims="delete"), there(claims=claims("shop-0-2", "shop-sentinel-2")))
        == nothing
    )


def test_pods_that_lost_their_statefulset_are_pods_too() -> None:
    found = there(statefulsets=statefulsets(sentinel())[1:], orphans=("shop-0-0", "shop-0-4"))
    assert scale.pods(sentinel(), found) == [5]
    assert scale.leaving(sentinel(), found)["pods"] == ["shop-0-3", "shop-0-4"]
