# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook of the doctor on servers made by others: what is declared, and whatever else the module needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.environment import CHECKOUT
from tests.integration import modules
from tests.loopback import processes
from tests.servers import Server
from tests.servers.suites import SOURCES

PASSWORD = "canary-0123456789"
LOGIN = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)


def examine(**variables: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "k8sredis.core.redis_cluster_info",
            "-e",
            json.dumps(variables),
        ],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections"), "K8SREDIS_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("server", SOURCES[:1], indirect=True, ids=str)
def test_variables_reach_the_module(server: Server) -> None:
    with processes(server, 3, LOGIN, access={"password": PASSWORD}) as members:
        modules.create(members, shards=3, replicas=0, node_timeout=5000, redis_password=PASSWORD)
        endpoints = [member.endpoint for member in members]
        seen = examine(
            redis_cluster_endpoints=endpoints,
            redis_cluster_node_timeout=7000,
            redis_cluster_config={"repl-diskless-sync-delay": 4, "hz": 10},
        )
        assert seen.returncode == 0, seen.stdout
        assert "cluster-node-timeout is '5000', declared is '7000'" in seen.stdout
        assert "repl-diskless-sync-delay is '5', declared is '4'" in seen.stdout
        assert PASSWORD not in seen.stdout

        other = examine(redis_cluster_endpoints=endpoints, redis_cluster_info_target={"redis_username": "ann"})
        assert "the login is refused" in other.stdout

        tls = {"redis_tls": True, "redis_ca_cert": "/nowhere.pem"}
        refused = examine(redis_cluster_endpoints=endpoints, redis_cluster_info_target=tls)
        assert "Cannot use the TLS files" in refused.stdout + refused.stderr
