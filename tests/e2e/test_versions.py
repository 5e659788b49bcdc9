# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create, repeat and destroy with the lines of servers that not every machine has; the scenarios use the others."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import instance
from tests.e2e.listing import listing


@pytest.mark.parametrize("line", [pytest.param("redis-8.6", marks=pytest.mark.chaos), "valkey-9.1"])
def test_line(cluster: Cluster, namespace: str, line: str) -> None:
    if line not in images(cluster):
        pytest.skip(f"{line} could not be had here")
    before = listing(cluster, namespace)
    variables = instance(line.replace(".", "-"), namespace, images(cluster)[line])
    assert playbook.converge(cluster, variables).changed > 0
    again = playbook.converge(cluster, variables)
    assert again.changed == 0, again.output
    family, version = line.split("-")
    report = playbook.run(cluster, "redis_cluster_info", variables).output
    assert ": healthy, 3 shards, 6 of 6 members answer" in report
    assert report.count(f"{family} {version}.") == 6, report
    playbook.destroy(cluster, variables)
    assert listing(cluster, namespace) == before
