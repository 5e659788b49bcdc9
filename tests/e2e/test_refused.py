# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused is refused before anything is changed: no object, no pod, no setting of a server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, instance, lives
from tests.e2e.listing import listing
from tests.e2e.test_two_runs import state

NAME = "firm"
CANARIES = ("canary-Pa55word-in-a-directive", "canary-Pa55word-in-a-rule")

NEW: list[tuple[dict[str, Any], str]] = [
    ({"shards": 2}, "Cannot use redis_cluster_shards=2: a failover needs the votes of a majority"),
    ({"config": {"dir": "/x"}}, "Cannot use redis_cluster_config.dir="),
    ({"application_password": "Tiny-7"}, "Cannot use redis_cluster_application_password: it is shorter than 16"),
    ({"tolerations": [{"operator": "Nope"}]}, "Nope"),
    ({"extra_volumes": [{"name": "more", "bogus": {}}]}, "bogus"),
]

LIVE: list[tuple[dict[str, Any], str]] = [
    ({"storage": {"size": "32Mi"}}, "a claim cannot shrink"),
    ({"storage": {"size": "64Mi", "class": "other"}}, 'Cannot change redis_cluster_storage.class from "" to "other"'),
    ({"storage": {"type": "empty_dir"}}, 'Cannot change redis_cluster_storage.type from "persistent_claim"'),
    ({"persistence": "rdb"}, 'Cannot change redis_cluster_persistence from "aof" to "rdb"'),
    ({"nodes_service_name": "others"}, "Cannot change redis_cluster_nodes_service_name"),
    ({"shards": 2}, "Cannot use redis_cluster_shards=2"),
]


@pytest.fixture(scope="module")
def variables(namespace: str, image: str) -> Variables:
    return instance(NAME, namespace, image, storage={"size": "64Mi"})


def changed(variables: Variables, given: dict[str, Any]) -> Variables:
    return {**variables, **{f"redis_cluster_{key}": value for key, value in given.items()}}


@pytest.mark.parametrize(("given", "message"), NEW, ids=[message[:40] for _given, message in NEW])
def test_new_instance(
    cluster: Cluster, namespace: str, variables: Variables, given: dict[str, Any], message: str
) -> None:
    before = listing(cluster, namespace)
    refused = playbook.run(cluster, "redis_cluster", changed(variables, given))
    assert refused.code == 2, refused.output
    assert refused.changed == 0, refused.output
    assert message in refused.output, refused.output
    assert "Traceback" not in refused.output, refused.output
    assert listing(cluster, namespace) == before


def test_no_namespace_is_made_for_it(cluster: Cluster, variables: Variables) -> None:
    elsewhere = "e2e-refused-namespace"
    given = {"namespace": elsewhere, "create_namespace": True, "shards": 2}
    refused = playbook.run(cluster, "redis_cluster", changed(variables, given))
    assert refused.code == 2, refused.output
    assert not cluster.kubectl("get", "namespace", elsewhere, "--ignore-not-found", "--output=name").stdout


def test_secrets_in_the_wrong_place_are_not_shown(cluster: Cluster, variables: Variables) -> None:
    users = [{"name": "app", "password": "the-Pa55word-of-the-user", "commands": [f">{CANARIES[1]}"]}]
    given = {"config": {"requirepass": CANARIES[0]}, "users": users}
    refused = playbook.run(cluster, "redis_cluster", changed(variables, given), "-vvv")
    assert refused.code == 2, refused.output
    assert "redis_cluster_config.requirepass" in refused.output
    assert "redis_cluster_users[0].commands" in refused.output
    assert [canary for canary in CANARIES if canary in refused.output] == []


def test_live_instance(cluster: Cluster, namespace: str, variables: Variables) -> None:
    playbook.converge(cluster, variables)
    before = state(cluster, namespace), lives(cluster, namespace, NAME)
    for given, message in LIVE:
        refused = playbook.run(cluster, "redis_cluster", changed(variables, given))
        assert refused.code == 2, refused.output
        assert refused.changed == 0, refused.output
        assert message in refused.output, refused.output
        assert (state(cluster, namespace), lives(cluster, namespace, NAME)) == before
    assert playbook.converge(cluster, variables).changed == 0
    playbook.destroy(cluster, variables)
