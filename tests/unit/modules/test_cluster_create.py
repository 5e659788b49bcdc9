# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules on real servers of this machine, by endpoints: no Kubernetes, no lock, no secret in what they print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.loopback import NODE_TIMEOUT, Process, processes
from tests.servers import available
from tests.unit.modules.conftest import Run

CANARY = "canary-0123456789"
CREATE = ("cluster_meet", "cluster_slots", "cluster_replicas")
LOGIN = ("--requirepass", CANARY, "--masterauth", CANARY)


@pytest.fixture
def members() -> Iterator[list[Process]]:
    servers = [server for server in available() if server.family == "redis"]
    if not servers:
        pytest.skip("no Redis is in the cache; `python -m tests.servers fetch` fetches it")
    with processes(servers[0], 3, LOGIN, access={"password": CANARY}) as found:
        yield found


def ask(run: Run, name: str, members: list[Process], **options: Any) -> dict[str, Any]:
    """The result, which names no secret."""
    endpoints = [member.endpoint for member in members]
    wish = {"shards": 3, "replicas": 0, "node_timeout": NODE_TIMEOUT, "redis_password": CANARY, **options}
    result = run(name, endpoints=endpoints, **wish)
    assert CANARY not in json.dumps(result)
    return result


def plans(run: Run, members: list[Process], **options: Any) -> list[tuple[bool, list[str]]]:
    results = [ask(run, name, members, **options) for name in CREATE]
    return [(result["changed"], [step["kind"] for step in result["plan"]]) for result in results]


def test_a_cluster_is_created_once(run: Run, members: list[Process]) -> None:
    foreseen = ask(run, "cluster_meet", members, check=True)
    assert members[0].ask("CLUSTER", "INFO").count("cluster_known_nodes:1") == 1
    assert plans(run, members) == [(True, ["epoch"] * 3 + ["meet"] * 2), (True, ["assign"] * 3), (False, [])]
    assert [step["kind"] for step in foreseen["plan"]] == ["epoch"] * 3 + ["meet"] * 2
    for check in (True, False):
        assert plans(run, members, check=check) == [(False, [])] * 3
    seen = ask(run, "cluster_info", members)
    assert (seen["cluster"]["healthy"], seen["cluster"]["in_order"], seen["changed"]) == (True, True, False)
    assert seen["report"][0].endswith("3 shards, 3 of 3 members answer, 16384 of 16384 slots served, 0 keys")
    assert members[0].ask("CONFIG", "GET", "cluster-node-timeout") == ["cluster-node-timeout", str(NODE_TIMEOUT)]


def test_a_wrong_password_is_said_without_it(run: Run, members: list[Process]) -> None:
    result = run("cluster_info", endpoints=[members[0].endpoint], redis_password="wrong-9876543210")
    assert [finding["seen"] for finding in result["findings"]] == [
        "the login is refused: invalid username-password pair or user is disabled"
    ]
    assert "wrong-9876543210" not in json.dumps(result)


def test_more_endpoints_than_members_are_refused(run: Run, members: list[Process]) -> None:
    result = ask(run, "cluster_slots", members, shards=1, check=True)
    assert result["msg"] == (
        "Cannot form 1 shards with 0 replicas each: that takes 1 endpoints and 3 are given; name exactly 1, or change "
        "shards or replicas."
    )
