# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border of the modules for Sentinel: whom they talk to, and what they return. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._ansible.arguments import Spec
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health, sentinel_report
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Plan
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints

RULES: dict[str, Any] = {
    "supports_check_mode": True,
    "required_together": [("redis_client_cert", "redis_client_key")],
}
"""Keyword arguments of AnsibleModule for each of them."""


def target() -> Spec:
    """Documented in plugins/doc_fragments/sentinel_target.py."""
    return {
        "master_name": {"type": "str", "required": True},
        "endpoints": {"type": "list", "elements": "str", "required": True},
        "sentinels": {"type": "list", "elements": "str", "required": True},
        "redis_username": {"type": "str", "fallback": (env_fallback, ["K8SREDIS_USERNAME"])},
        "redis_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["K8SREDIS_PASSWORD"])},
        "sentinel_username": {"type": "str", "fallback": (env_fallback, ["K8SREDIS_SENTINEL_USERNAME"])},
        "sentinel_password": {
            "type": "str",
            "no_log": True,
            "fallback": (env_fallback, ["K8SREDIS_SENTINEL_PASSWORD"]),
        },
        "redis_tls": {"type": "bool", "default": False},
        "redis_ca_cert": {"type": "path"},
        "redis_client_cert": {"type": "path"},
        "redis_client_key": {"type": "path"},
        "redis_validate_certs": {"type": "bool", "default": True},
        "redis_timeout": {"type": "float", "default": 5.0},
    }


@contextmanager
def watching(module: AnsibleModule) -> Iterator[Watching]:
    params = module.params
    tls = border.tls(params)
    servers, sentinels = (
        Endpoints(
            params[endpoints],
            Access(params[f"{kind}_username"] or "", params[f"{kind}_password"] or "", params["redis_timeout"], tls),
        )
        for endpoints, kind in (("endpoints", "redis"), ("sentinels", "sentinel"))
    )
    work = Watching(servers, sentinels, params["master_name"])
    try:
        yield work
    finally:
        work.close()


def change(
    module: AnsibleModule, planner: Callable[[Watch], Plan], phase: Callable[[Watching, float], Watch]
) -> dict[str, Any]:
    """The result of a module that changes something: planned in check mode, else done."""
    with watching(module) as work:
        if module.check_mode:
            watch = work.observe()
            return result(planner(watch), watch)
        try:
            watch = phase(work, float(module.params["wait_timeout"]))
        except ClusterError as error:
            error.done = tuple(work.done)
            raise
        return result(Plan(tuple(work.done)), watch)


def result(plan: Plan, watch: Watch) -> dict[str, Any]:
    return {
        "changed": plan.changed,
        "plan": border.steps(plan),
        "diff": border.diff(plan),
        **summary(watch),
    }


def summary(watch: Watch) -> dict[str, Any]:
    return {
        "instance": sentinel_report.instance(watch, sentinel_health.findings(watch)),
        "servers": sentinel_report.servers(watch),
        "sentinels": sentinel_report.sentinels(watch),
    }
