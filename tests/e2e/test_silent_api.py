# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kubernetes API that takes connections and says nothing ends a run soon, with one sentence."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.instances import instance
from tests.e2e.watched import watched


@pytest.fixture
def silence() -> Iterator[str]:
    """The kernel takes the connections of a listening socket; nobody ever reads them."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


def test_silent_api(silence: str, cluster: Cluster) -> None:
    connection = {"host": silence, "api_key": "none", "validate_certs": False}
    variables = {
        **instance("silent", "e2e-silent-api", "localhost/redis:8.0.2", kubernetes=connection),
        "redis_cluster_confirm_destroy": "silent",
    }
    with ExitStack() as stack:
        # At the same time, as they only wait.
        names = ("redis_cluster", "redis_cluster_info", "redis_cluster_destroy")
        runs = [stack.enter_context(watched(cluster, name, variables)) for name in names]
        for run in runs:
            done = run.end()
            assert done.code == 2, done.output
            assert done.changed == 0
            assert "Cannot reach the Kubernetes API: no answer within " in done.output, done.output
            assert "Traceback" not in done.output
