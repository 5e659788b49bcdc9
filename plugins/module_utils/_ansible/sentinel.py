# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border of the modules for Sentinel: whom they talk to, and what they return. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health, sentinel_report
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Finding, Plan
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints, Pods

GROUPS = {
    "redis": ("endpoints", "label_selectors", ""),
    "sentinel": ("sentinels", "sentinel_label_selectors", "sentinel_"),
}
"""Options that name the servers and the Sentinels, and how those of their port and container begin."""

RULES: dict[str, Any] = {
    "supports_check_mode": True,
    "mutually_exclusive": [names[:2] for names in GROUPS.values()],
    "required_one_of": [names[:2] for names in GROUPS.values()],
    "required_together": [("redis_client_cert", "redis_client_key")],
}
"""Keyword arguments of AnsibleModule for each of them."""


def target() -> arguments.Spec:
    """Documented in plugins/doc_fragments/sentinel_target.py."""
    return {
        "master_name": {"type": "str", "required": True},
        **arguments.kubernetes(),
        "namespace": {"type": "str", "default": "default"},
        "endpoints": {"type": "list", "elements": "str"},
        "sentinels": {"type": "list", "elements": "str"},
        "label_selectors": {"type": "list", "elements": "str"},
        "sentinel_label_selectors": {"type": "list", "elements": "str"},
        "transport": {"type": "str", "choices": ["port_forward", "direct"], "default": "port_forward"},
        "port": {"type": "int", "default": 6379},
        "sentinel_port": {"type": "int", "default": 26379},
        "container": {"type": "str", "default": "redis"},
        "sentinel_container": {"type": "str", "default": "sentinel"},
        **arguments.connection(),
        "sentinel_username": {"type": "str", "fallback": (env_fallback, ["K8SREDIS_SENTINEL_USERNAME"])},
        "sentinel_password": {
            "type": "str",
            "no_log": True,
            "fallback": (env_fallback, ["K8SREDIS_SENTINEL_PASSWORD"]),
        },
    }


@contextmanager
def watching(module: AnsibleModule) -> Iterator[Watching]:
    params, tls = module.params, border.tls(module.params)
    api = border.kube(module) if any(params[selectors] for _endpoints, selectors, _prefix in GROUPS.values()) else None
    servers, sentinels = (_group(params, kind, tls, api) for kind in GROUPS)
    work = Watching(servers, sentinels, params["master_name"])
    try:
        yield work
    finally:
        work.close()


def _group(params: dict[str, Any], kind: str, tls: SSLContext | None, api: Kube | None) -> Endpoints | Pods:
    endpoints, selectors, prefix = GROUPS[kind]
    username, password = params[f"{kind}_username"] or "", params[f"{kind}_password"] or ""
    access = Access(username, password, params["redis_timeout"], tls)
    if api is None or params[endpoints]:
        return Endpoints(params[endpoints], access)
    port, container = params[f"{prefix}port"], params[f"{prefix}container"]
    return Pods(api, ",".join(params[selectors]), port, container, params["transport"], access)


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
        **summary(watch, sentinel_health.findings(watch)),
    }


def summary(watch: Watch, found: tuple[Finding, ...]) -> dict[str, Any]:
    return {
        "instance": sentinel_report.instance(watch, found),
        "servers": sentinel_report.servers(watch),
        "sentinels": sentinel_report.sentinels(watch),
    }
