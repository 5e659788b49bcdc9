# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that never run end the wait early, in Kubernetes' own words, and the next run replaces them when the variable is
corrected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, instance


@pytest.fixture
def variables(cluster: Cluster, namespace: str, image: str) -> Iterator[Variables]:
    made = instance("stuck", namespace, image)
    yield made
    playbook.destroy(cluster, made)


def test_unschedulable(cluster: Cluster, variables: Variables) -> None:
    too_much = {"requests": {"cpu": "1000", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    stuck = playbook.run(cluster, "redis_cluster", {**variables, "redis_cluster_resources": too_much})
    assert stuck.code == 2, stuck.output
    assert "Cannot reach stuck-0-0: the pod cannot be scheduled: " in stuck.output, stuck.output
    assert "Insufficient cpu" in stuck.output, stuck.output

    corrected = playbook.converge(cluster, variables)
    assert "stuck-0-0 restarted in " in corrected.output, corrected.output
    assert playbook.converge(cluster, variables).changed == 0


def test_no_such_image(cluster: Cluster, variables: Variables, image: str) -> None:
    wrong = {"redis_cluster_image": f"{image}.0.0.0", "redis_cluster_version": "redis-8.0.2"}
    stuck = playbook.run(cluster, "redis_cluster", {**variables, **wrong})
    assert stuck.code == 2, stuck.output
    assert "Cannot reach stuck-0-0: container keeper: " in stuck.output, stuck.output
    assert "ImagePull" in stuck.output, stuck.output


def test_pod_that_is_not_made(cluster: Cluster, namespace: str, image: str) -> None:
    """The namespace enforces the restricted level, and the user unset what that asks for."""
    made = instance("refused", namespace, image, pod_security_context={}, container_security_context={})
    stuck = playbook.run(cluster, "redis_cluster", made)
    assert stuck.code == 2, stuck.output
    assert "Cannot reach refused-0-0: its pod does not exist" in stuck.output, stuck.output
    assert "violates PodSecurity" in stuck.output, stuck.output
    playbook.destroy(cluster, made)
