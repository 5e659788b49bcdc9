# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources, storage, labels and volumes: each row is one wrong value and the whole message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.decide.declarations import problems, wish


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"resources": {"limits": {"memory": "1gb"}}},
            (
                'Cannot use redis_cluster_resources.limits.memory="1gb": it is not a quantity of Kubernetes; write '
                "for example 500m or 2Gi."
            ),
        ),
        (
            {"resources": {"limit": {"memory": "1Gi"}}},
            (
                'Cannot use redis_cluster_resources.limit={"memory": "1Gi"}: resources are dictionaries of requests '
                "and limits; correct it."
            ),
        ),
        (
            {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}},
            'Cannot use redis_cluster_resources.requests.memory="2Gi": the limit is 1Gi; request at most the limit.',
        ),
        (
            {"resources": {"limits": {"memory": "500m"}}},
            (
                'Cannot use redis_cluster_resources.limits.memory="500m": no server runs in less than 32Mi; write for '
                "example 1Gi, or leave it out for no limit."
            ),
        ),
        (
            {"resources": {"limits": {"memory": 64}}},
            (
                "Cannot use redis_cluster_resources.limits.memory=64: no server runs in less than 32Mi; write for "
                "example 1Gi, or leave it out for no limit."
            ),
        ),
        (
            {"resources": {"limits": {"memory": "0"}}},
            (
                'Cannot use redis_cluster_resources.limits.memory="0": no server runs in less than 32Mi; write for '
                "example 1Gi, or leave it out for no limit."
            ),
        ),
        (
            {"storage": {"size": 8}},
            "Cannot use redis_cluster_storage.size=8: no data fits into less than 1Mi; write for example 8Gi.",
        ),
        (
            {"image_pull_secrets": ({"name": "regcred"},)},
            (
                'Cannot use redis_cluster_image_pull_secrets={"name": "regcred"}: it is not the name of a Secret; '
                "write its name only, such as regcred."
            ),
        ),
        (
            {"image_pull_secrets": ("regcred", "My_Secret")},
            (
                'Cannot use redis_cluster_image_pull_secrets="My_Secret": it is not the name of a Secret; write its '
                "name only, such as regcred."
            ),
        ),
        (
            {"labels": {"/team": "a"}},
            (
                'Cannot use redis_cluster_labels="/team": it is not a key of Kubernetes; write for example '
                "example.com/team."
            ),
        ),
        (
            {"extra_volumes": ({"name": "My.Certs", "emptyDir": {}},)},
            (
                'Cannot use redis_cluster_extra_volumes="My.Certs": a volume\'s name has at most 63 characters of a-z, '
                "0-9 and dashes inside; use another name."
            ),
        ),
        (
            {"extra_volume_mounts": ({"name": "data", "mountPath": "//"},)},
            (
                'Cannot use redis_cluster_extra_volume_mounts="//": it would hide the whole image; use another '
                "mountPath."
            ),
        ),
        (
            {"storage": {"type": "nfs"}},
            (
                'Cannot use redis_cluster_storage.type="nfs": there is no such choice; use persistent_claim, '
                "empty_dir or host_path."
            ),
        ),
        (
            {"storage": {"size": "8Gi", "klass": "fast"}},
            (
                'Cannot use redis_cluster_storage.klass="fast": there is no such key; use type, size, class, path, '
                "prepare."
            ),
        ),
        (
            {"storage": {"size": "8 Gi"}},
            'Cannot use redis_cluster_storage.size="8 Gi": it is not a quantity of Kubernetes; write for example 8Gi.',
        ),
        (
            {"storage": {"size": ""}},
            'Cannot use redis_cluster_storage.size="": it is not a quantity of Kubernetes; write for example 8Gi.',
        ),
        (
            {"storage": {"size": "8Gi", "class": "Fast_One"}},
            (
                'Cannot use redis_cluster_storage.class="Fast_One": it is not the name of a StorageClass; correct '
                "it, or leave it out for the default one."
            ),
        ),
        (
            {"storage": {"size": "8Gi", "prepare": True}},
            (
                "Cannot use redis_cluster_storage.prepare=true: only folders of a host_path need it, and "
                "storage.type is persistent_claim; leave it out."
            ),
        ),
        (
            {"storage": {"type": "host_path", "path": "data/redis"}},
            (
                'Cannot use redis_cluster_storage.path="data/redis": it is not an absolute path of plain names; '
                "write for example /data/redis."
            ),
        ),
        (
            {"storage": {"type": "host_path", "path": "/data/../etc"}},
            (
                'Cannot use redis_cluster_storage.path="/data/../etc": it is not an absolute path of plain names; '
                "write for example /data/redis."
            ),
        ),
        (
            {"storage": {"type": "host_path", "path": "/etc/redis"}},
            (
                'Cannot use redis_cluster_storage.path="/etc/redis": it belongs to the kube_node itself; use a '
                "folder of its own."
            ),
        ),
        (
            {"labels": {"app.kubernetes.io/instance": "x"}},
            (
                'Cannot use redis_cluster_labels.app.kubernetes.io/instance="x": the collection sets it itself; use '
                "another key."
            ),
        ),
        (
            {"pod_annotations": {"k8sredis.io/restart-hash": "x"}},
            (
                'Cannot use redis_cluster_pod_annotations.k8sredis.io/restart-hash="x": the collection sets it '
                "itself; use another key."
            ),
        ),
        (
            {"pod_labels": {"team": 7}},
            "Cannot use redis_cluster_pod_labels.team=7: Kubernetes takes text only; put it in quotes.",
        ),
        (
            {"labels": {"team": "a b"}},
            (
                'Cannot use redis_cluster_labels.team="a b": a label has at most 63 letters, digits, dashes, '
                "underscores and dots; shorten or correct it."
            ),
        ),
        (
            {"annotations": {"not a key": "x"}},
            (
                'Cannot use redis_cluster_annotations="not a key": it is not a key of Kubernetes; write for example '
                "example.com/team."
            ),
        ),
        (
            {"extra_volumes": ({"name": "data", "emptyDir": {}},)},
            (
                'Cannot use redis_cluster_extra_volumes={"emptyDir": {}, "name": "data"}: a volume needs a name '
                "that nobody else has; use one other than addresses, auth, config, data, run, scripts."
            ),
        ),
        (
            {"extra_volume_mounts": ({"name": "certs", "mountPath": "/certs"},)},
            (
                'Cannot use redis_cluster_extra_volume_mounts={"mountPath": "/certs", "name": "certs"}: it needs a '
                "mountPath and the name of a volume; name one of redis_cluster_extra_volumes."
            ),
        ),
        (
            {
                "extra_volumes": ({"name": "certs", "emptyDir": {}},),
                "extra_volume_mounts": ({"name": "certs", "mountPath": "/data/certs"},),
            },
            (
                'Cannot use redis_cluster_extra_volume_mounts="/data/certs": the collection mounts a volume of its '
                "own there; use another mountPath."
            ),
        ),
        (
            {"priority_class": "Very High"},
            'Cannot use redis_cluster_priority_class="Very High": it is not the name of a PriorityClass; correct it.',
        ),
    ],
)
def test_pods(given: dict[str, Any], message: str) -> None:
    assert problems(wish(**given)) == [message]


@pytest.mark.parametrize(
    "given",
    [
        {"storage": {"type": "empty_dir"}, "persistence": "none"},
        {"storage": {"type": "host_path", "path": "/data/redis", "prepare": True}},
        {"annotations": {"example.com/note": "any text, also with spaces"}},
        {"resources": {}, "config": {"maxmemory": "1gb"}},
        {"node_selector": {"app.kubernetes.io/name": "x"}},
        {"resources": {"limits": {"memory": "32Mi"}}},
        {"storage": {"size": "1Mi"}},
        {"image_pull_secrets": ("regcred", "my.registry")},
    ],
)
def test_good_pods(given: dict[str, Any]) -> None:
    assert problems(wish(**given)) == []


@pytest.mark.parametrize(
    "path",
    [
        *("/data", "/data/", "/run/redis", "/etc/k8sredis/scripts"),
        *("//data", "data", "/run//redis", "/run/./redis/x", "/tmp/../data"),
    ],
)
def test_our_folders_are_not_mounted_over(path: str) -> None:
    given = {"extra_volumes": ({"name": "a"},), "extra_volume_mounts": ({"name": "a", "mountPath": path},)}
    assert len(problems(wish(**given))) == 1
    given["extra_volume_mounts"] = ({"name": "a", "mountPath": "/database"},)
    assert problems(wish(**given)) == []


def test_storage_of_no_size() -> None:
    assert len(problems(wish(storage={"size": "0"}))) == 1
