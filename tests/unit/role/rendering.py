# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Render the objects of the role in this process, as a run would, from given variables."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from tests.environment import CHECKOUT

ROLE = CHECKOUT / "roles" / "redis_cluster"
FILES = ROLE / "files"
COMMON = CHECKOUT / "roles" / "redis_common" / "files"


def load(path: str) -> dict[str, Any]:
    """A YAML file of the role, with what it holds as templates still untouched."""
    return dict(DataLoader().load_from_file(str(ROLE / path), trusted_as_template=True))


def instance(name: str, shards: int, replicas: int) -> dict[str, Any]:
    """What cluster_preflight returns, as far as the templates use it."""
    return {
        "names": {
            "nodes_service": f"{name}-nodes",
            "client_service": name,
            "auth": f"{name}-auth",
            "config": f"{name}-config",
            "boot": f"{name}-boot-0123456789",
            "lock": f"{name}-lock",
            "statefulsets": [f"{name}-{shard}" for shard in range(shards)],
        },
        "server": {"family": "redis", "version": "8.0.2"},
        "configuration": {"boot": "port 6379\n", "live": "maxmemory-policy noeviction\n"},
        "restart_hash": "abc",
        "made_from": '{"image": "redis:8.0.2"}',
        "maxmemory": 0,
        "grace_seconds": 60,
        "hand_over_seconds": 50,
        "declared": '{"shards": 3}',
        "pods": [replicas + 1] * shards,
        "leaving": {"statefulsets": [], "pods": [], "claims": []},
        "grows": False,
        "claim_sizes": [""] * shards,
        "budgets": [{"name": f"{name}-{shard}", "shard": str(shard)} for shard in range(shards)],
        "stale_budgets": [],
        "stale_configmaps": [],
        "stale_services": [],
        "namespace_exists": True,
        "skipped_checks": [],
        "new": True,
    }


def value(
    expression: str,
    stale_configmaps: Sequence[str] = (),
    *,
    check: bool = False,
    places: Sequence[dict[str, Any]] | None = None,
    derives_maxmemory: bool = True,
    claim_sizes: Sequence[str] | None = None,
    seen: dict[str, Any] | None = None,
    leaving: dict[str, list[str]] | None = None,
    pods: Sequence[int] | None = None,
    budgets: Sequence[dict[str, str]] | None = None,
    **given: Any,
) -> Any:
    """The value of an expression over variables of the role, for an instance with the given ones.

    ``stale_configmaps``, ``derives_maxmemory``, ``leaving``, ``pods``, ``budgets`` and ``claim_sizes`` are what
    cluster_preflight found, ``places`` are the pods and StatefulSets that were read and ``seen`` is what cluster_info
    said; without them nothing was read. ``check``: in check mode.
    """
    variables = {
        "redis_cluster_name": "shop",
        **load("defaults/main.yml"),
        **load("vars/main.yml"),
        "ansible_search_path": [str(ROLE)],
        "ansible_check_mode": check,
        "role_path": str(ROLE),
        **{f"redis_cluster_{key}": value for key, value in given.items()},
    }
    shards = int(variables["redis_cluster_shards"])
    checked = instance(str(variables["redis_cluster_name"]), shards, int(variables["redis_cluster_replicas"]))
    checked["stale_configmaps"] = list(stale_configmaps)
    checked["derives_maxmemory"] = derives_maxmemory
    checked["leaving"] = leaving or checked["leaving"]
    checked["pods"] = list(pods or checked["pods"])
    checked["budgets"] = list(budgets or checked["budgets"])
    checked["claim_sizes"] = list(claim_sizes or checked["claim_sizes"])
    if seen is not None:
        variables["__redis_cluster_seen"] = seen
    if places is not None:
        variables["__redis_cluster_placed"] = {"results": [{"resources": list(places)}]}
    variables["__redis_cluster_preflight"] = {"instance": checked}
    templar = Templar(loader=DataLoader(), variables=variables)
    return templar.template(trust_as_template("{{ " + expression + " }}"))


def objects(**given: Any) -> list[dict[str, Any]]:
    """The objects that a run would apply, in its order; of one shard, unless given otherwise."""
    return copy.deepcopy(_objects(json.dumps({"shards": 1, **given})))


@cache
def _objects(given: str) -> list[dict[str, Any]]:
    return list(value("__redis_cluster_definitions", **json.loads(given)))
