# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that never run end the wait early, in Kubernetes' own words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, instance

WAIT_SECONDS = 300
"""The default of the role: whoever waits that long has not seen what is wrong."""


@pytest.fixture
def variables(cluster: Cluster, namespace: str, image: str) -> Iterator[Variables]:
    made = instance("stuck", namespace, image, wait_timeout=WAIT_SECONDS)
    yield made
    playbook.destroy(cluster, made)


def test_unschedulable(cluster: Cluster, variables: Variables) -> None:
    too_much = {"requests": {"cpu": "1000", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    refused = playbook.run(cluster, "redis_cluster", {**variables, "redis_cluster_resources": too_much})
    assert not refused.succeeded, refused.output
    assert "the pod cannot be scheduled: " in refused.output, refused.output
    assert "Insufficient cpu" in refused.output, refused.output
    corrected = playbook.converge(cluster, variables)
    assert corrected.changed > 0


def test_no_such_image(cluster: Cluster, variables: Variables) -> None:
    wrong = {"redis_cluster_image": "localhost/redis:0.0.0", "redis_cluster_version": "redis-8.0.2"}
    refused = playbook.run(cluster, "redis_cluster", {**variables, **wrong})
    assert not refused.succeeded, refused.output
    assert "container redis: " in refused.output, refused.output
    assert "ImagePull" in refused.output, refused.output
    corrected = playbook.converge(cluster, variables)
    assert corrected.changed > 0
