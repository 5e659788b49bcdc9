# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border of the modules for Sentinel: whom they talk to, and what they return. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ssl import SSLContext
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    declared,
    names,
    sentinel_health,
    sentinel_report,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import WATCH
from ansible_collections.k8sredis.core.plugins.module_utils._decide.sentinel_departure import beyond
from ansible_collections.k8sredis.core.plugins.module_utils._execute.lock import Lock
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Finding, Plan
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import SENTINELS, SERVERS, StatefulSet
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe import pods
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import (
    SENTINEL_TOOL_PASSWORD_KEY,
    TOOL_PASSWORD_KEY,
    TOOL_USER,
    Access,
    Endpoints,
    Pods,
    tool_password,
)

GROUPS = {
    "redis": ("endpoints", "label_selectors", ""),
    "sentinel": ("sentinels", "sentinel_label_selectors", "sentinel_"),
}
"""Options that name the servers and the Sentinels, and how those of their port and container begin."""

COMPONENTS = {"redis": (SERVERS, TOOL_PASSWORD_KEY), "sentinel": (SENTINELS, SENTINEL_TOOL_PASSWORD_KEY)}
"""Of an instance: the component of their pods, and the key of the password in its Secret."""

WATCH_PASSWORD_KEY = "watch-password"

RULES: dict[str, Any] = {
    "supports_check_mode": True,
    "mutually_exclusive": [("name", *names[:2]) for names in GROUPS.values()],
    "required_one_of": [("name", "master_name"), *(("name", *names[:2]) for names in GROUPS.values())],
    "required_together": [("redis_client_cert", "redis_client_key")],
}
"""Keyword arguments of AnsibleModule for each of them."""


def target() -> arguments.Spec:
    """Documented in plugins/doc_fragments/sentinel_target.py."""
    return {
        "name": {"type": "str"},
        "replicas": {"type": "int"},
        "watchers": {"type": "int"},
        "master_name": {"type": "str"},
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
        "auth_secret": {"type": "str", "no_log": False},
        **arguments.connection(),
        "sentinel_username": {"type": "str", "fallback": (env_fallback, ["K8SREDIS_SENTINEL_USERNAME"])},
        "sentinel_password": {
            "type": "str",
            "no_log": True,
            "fallback": (env_fallback, ["K8SREDIS_SENTINEL_PASSWORD"]),
        },
    }


def master_name(params: dict[str, Any]) -> str:
    return params.get("master_name") or names.master_name(params["namespace"], params["name"])


@contextmanager
def watching(module: AnsibleModule) -> Iterator[Watching]:
    """Without the lock."""
    with _opened(module) as (work, _api):
        yield work


@contextmanager
def changing(module: AnsibleModule) -> Iterator[Watching]:
    """Under the lock of the instance, where there is one."""
    with _opened(module) as opened:
        work, api = opened
        with _lock(module, api) as lock:
            work.guard = lock.guard if lock else work.guard
            yield work


@contextmanager
def _opened(module: AnsibleModule) -> Iterator[tuple[Watching, Kube | None]]:
    """Without an API where only endpoints are given."""
    by_pods = any(module.params[option] for option in ("name", "label_selectors", "sentinel_label_selectors"))
    api = border.kube(module) if by_pods else None
    servers, sentinels = (_group(module, kind, border.tls(module.params), api) for kind in GROUPS)
    work = _watching(module, api, servers, sentinels)
    try:
        yield work, api
    finally:
        work.close()


@contextmanager
def of_name(module: AnsibleModule, servers: Pods) -> Iterator[tuple[Watching, Lock | None]]:
    """A whole instance, for modules whose options are about its servers; and its lock, without one in check mode."""
    api = border.kube(module)
    servers.lasting = True
    work = _watching(module, api, servers, of_instance(module, api))
    try:
        with _lock(module, api) as lock:
            work.guard = lock.guard if lock else work.guard
            yield work, lock
    finally:
        work.close()


def _lock(module: AnsibleModule, api: Kube | None) -> AbstractContextManager[Lock | None]:
    """That of the instance; None in check mode, and where there is no instance."""
    if api is None or module.check_mode or not module.params["name"]:
        return nullcontext()
    return border.locked(module, api)


def _watching(
    module: AnsibleModule, api: Kube | None, servers: Endpoints | Pods, sentinels: Endpoints | Pods
) -> Watching:
    """With the pods that an instance is to have by its StatefulSets, and those of them that are declared no longer."""
    made = border.statefulsets(module, api), border.statefulsets(module, api, SENTINELS)
    pods_of = [pod for each in made[0] for pod in each.pods], [pod for each in made[1] for pod in each.pods]
    numbers = _declared(module, made[0])
    leaving = [pod for each, number in zip(pods_of, numbers, strict=True) for pod in beyond(each, number)]
    return Watching(servers, sentinels, master_name(module.params), expected=pods_of, leaving=leaving)


def _declared(module: AnsibleModule, made: Sequence[StatefulSet]) -> tuple[int | None, int | None]:
    """How many servers and Sentinels: by the task, else by the last run; None where neither tells."""
    params, before = module.params, declared.last(made)
    replicas, watchers = (
        before.get(key) if params.get(option) is None else params[option]
        for option, key in (("replicas", "replicas"), ("watchers", "sentinels"))
    )
    return None if replicas is None else replicas + 1, watchers


def _group(module: AnsibleModule, kind: str, tls: SSLContext | None, api: Kube | None) -> Endpoints | Pods:
    params = module.params
    endpoints, selectors, prefix = GROUPS[kind]
    username, password = params[f"{kind}_username"] or "", params[f"{kind}_password"] or ""
    if api is not None and params["name"] and not password:
        password = secret(module, api, COMPONENTS[kind][1])
        username = username or (TOOL_USER if password else "")
    access = Access(username, password, params["redis_timeout"], tls)
    if api is None or params[endpoints]:
        return Endpoints(params[endpoints], access)
    port, container, transport = params[f"{prefix}port"], params[f"{prefix}container"], params["transport"]
    if params["name"]:
        selector = pods.selector(params["name"], COMPONENTS[kind][0])
        return Pods(api, selector, port, container, transport, access, lasting=True)
    return Pods(api, ",".join(params[selectors]), port, container, transport, access)


def of_instance(module: AnsibleModule, api: Kube) -> Pods:
    """The Sentinels of an instance, for modules whose other options are about its servers."""
    params = module.params
    password = secret(module, api, SENTINEL_TOOL_PASSWORD_KEY)
    access = Access(TOOL_USER if password else "", password, params["redis_timeout"], border.tls(params))
    selector = pods.selector(params["name"], SENTINELS)
    return Pods(api, selector, params["sentinel_port"], "sentinel", params["transport"], access, lasting=True)


def secret(module: AnsibleModule, api: Kube, key: str) -> str:
    """A password of the instance, read here, so that it never passes through a task, a fact or a log."""
    password = tool_password(api, module.params["auth_secret"] or f"{module.params['name']}-auth", key)
    module.no_log_values.add(password or "-" * 64)
    return password


def login(module: AnsibleModule) -> tuple[str, str]:
    """By which Sentinels are to log in to the servers; empty: as the task does not say."""
    user, password = module.params["auth_user"] or "", module.params["auth_password"] or ""
    if module.params["name"] and not password:
        return WATCH, secret(module, border.kube(module), WATCH_PASSWORD_KEY)
    return user, password


def change(
    module: AnsibleModule, planner: Callable[[Watch], Plan], phase: Callable[[Watching, float], Watch]
) -> dict[str, Any]:
    """The result of a module that changes something: planned in check mode, else done."""
    with changing(module) as work:
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
