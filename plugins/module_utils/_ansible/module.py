# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border to Ansible: parameters in, results and one-sentence errors out. PRIVATE to the collection."""

from __future__ import annotations

import getpass
import importlib
import os
import re
import socket
import ssl
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._decide import rollout, validation_moves
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import SENTINEL
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import PREFIX
from ansible_collections.k8sredis.core.plugins.module_utils._execute.lock import Lock, Renewal
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Fatal, Plan, Refused, Wish
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import SERVERS, Budget, Pod, StatefulSet
from ansible_collections.k8sredis.core.plugins.module_utils._observe import instance, pods
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Forbidden, Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import (
    TOOL_USER,
    Access,
    Endpoints,
    Pods,
    tool_password,
)

Version = tuple[int, ...]

SENTINEL_PREFIX = "redis_sentinel_"


@dataclass(frozen=True)
class Library:
    """As requirements.txt names it."""

    name: str
    oldest: Version
    broken: tuple[Version, ...] = ()

    def __str__(self) -> str:
        return ",".join([f"{self.name}>={_dotted(self.oldest)}", *(f"!={_dotted(each)}" for each in self.broken)])


LIBRARIES = {
    "redis": Library("redis", (5, 3, 0)),
    # They send no Authorization header for a token.
    "kubernetes": Library("kubernetes", (29, 0, 0), broken=((36, 0, 0), (36, 0, 1))),
}


def run(spec: dict[str, Any], work: Callable[[AnsibleModule], dict[str, Any]], **options: Any) -> None:
    """The main() of a module: ``work`` gives the result; a ClusterError becomes its message."""
    module = AnsibleModule(argument_spec=spec, **options)
    try:
        require_libraries(*(["redis"] if _is_without_kubernetes(module.params) else ["kubernetes", "redis"]))
        result = work(module)
    except ClusterError as error:
        done = Plan(error.done)
        module.fail_json(msg=words(module, str(error)), changed=done.changed, plan=steps(done), diff=diff(done))
    module.exit_json(**result)


def words(module: AnsibleModule, text: str) -> str:
    """What is said of a variable of one role is said of the same variable of the other."""
    is_sentinel = module.params.get("topology") == SENTINEL
    return text.replace(PREFIX, SENTINEL_PREFIX) if is_sentinel else text


def _is_without_kubernetes(params: dict[str, Any]) -> bool:
    return bool(params.get("endpoints")) and not params.get("sentinel_label_selectors")


def require_libraries(*names: str) -> None:
    """Raises Fatal with the interpreter and the command that cures it: most first runs fail here."""
    seen = {LIBRARIES[name]: _unusable(LIBRARIES[name]) for name in names}
    wrong = {str(library): found for library, found in seen.items() if found}
    if wrong:
        raise Fatal(
            f"Cannot work without the Python libraries {' and '.join(wrong)}: {sys.executable} has "
            f"{' and '.join(wrong.values())}; install them with {sys.executable} -m pip install "
            f"{' '.join(map(repr, wrong))}, or set ansible_python_interpreter to a Python that has them."
        )


def _unusable(library: Library) -> str:
    """What there is instead of a library that can be used; empty when it is fine."""
    if not _importable(library.name):
        return f"no {library.name}"
    try:
        version = metadata.version(library.name)
    except metadata.PackageNotFoundError:
        version = ""
    if not version:  # a copy that nobody installed, or None: what an interrupted installation leaves
        return ""
    number = tuple(int(digits) for digits in re.findall(r"\d+", version)[:3])
    number += (0,) * (3 - len(number))
    return f"{library.name} {version}" if number < library.oldest or number in library.broken else ""


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def _importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def kube(module: AnsibleModule, namespace: str = "") -> Kube:
    """``namespace``: when it is not the option of that name."""
    auth = {name: module.params[name] for name in arguments.kubernetes() if module.params.get(name) is not None}
    return Kube(auth, namespace or module.params["namespace"])


def target(module: AnsibleModule) -> Pods | Endpoints:
    """The pods or endpoints that the target options name."""
    params = module.params
    if params["endpoints"]:
        return Endpoints(params["endpoints"], _access(module, None))
    api = kube(module)
    selector = pods.selector(params["name"]) if params["name"] else ",".join(params["label_selectors"])
    return Pods(api, selector, params["port"], params["container"], params["transport"], _access(module, api))


def _access(module: AnsibleModule, api: Kube | None) -> Access:
    params = module.params
    username, password = params["redis_username"] or "", params["redis_password"] or ""
    secret = params["auth_secret"] or (f"{params['name']}-auth" if params["name"] else "")
    if api is not None and secret and not password:
        # Read here, so that the password never passes through a task, a fact or a log.
        password = tool_password(api, secret)
        module.no_log_values.add(password or "-" * 64)
        username = username or (TOOL_USER if password else "")
    return Access(username, password, params["redis_timeout"], tls(params))


def tls(params: dict[str, Any]) -> ssl.SSLContext | None:
    if not params["redis_tls"]:
        return None
    try:
        context = ssl.create_default_context(cafile=params["redis_ca_cert"])
        if params["redis_client_cert"]:
            context.load_cert_chain(params["redis_client_cert"], params["redis_client_key"])
    except OSError as error:
        raise Fatal(
            f"Cannot use the TLS files: {error}; check redis_ca_cert, redis_client_cert and redis_client_key."
        ) from error
    if not params["redis_validate_certs"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def wish(module: AnsibleModule) -> Wish:
    """The topology options; settings only where the task names them."""
    params = module.params
    for name, least in (("shards", 1), ("replicas", 0)):
        if params[name] < least:
            raise Refused(f"Cannot form a cluster with {name}={params[name]}: it is too few; use {least} or more.")
    leaving, endpoints = params["leaving"], params["endpoints"] or []
    unknown = next((name for name in leaving if name not in endpoints), None)
    if unknown is not None:
        raise Refused(
            f"Cannot let {unknown} leave: it is none of the endpoints; name it there too, as it is written there."
        )
    return Wish(
        params["shards"],
        params["replicas"],
        settings(module),
        tuple(leaving),
        weights=weights(params.get("weights") or {}),
        balance_by=params.get("balance_by") or "slots",
    )


def weights(given: dict[Any, Any]) -> dict[str, Fraction]:
    """By shard or endpoint."""
    found = {str(name): validation_moves.weight(value) for name, value in given.items()}
    wrong = next((name for name, value in found.items() if value is None), None)
    if wrong is not None:
        raise Refused(f"Cannot use a weight of {wrong}: it is no number above 0; write for example 2 or 0.5.")
    return {name: value for name, value in found.items() if value is not None}


def settings(module: AnsibleModule) -> dict[str, str]:
    """Directives that the task names by options of their own."""
    params = module.params
    named = {"cluster-node-timeout": params["node_timeout"], "repl-diskless-sync-delay": params["replica_sync_delay"]}
    return {name: str(value) for name, value in named.items() if value is not None}


def statefulsets(module: AnsibleModule, api: Kube | None, component: str = SERVERS) -> tuple[StatefulSet, ...]:
    """Those of the instance with servers, or with Sentinels; none for a cluster that this collection did not make."""
    if api is None or not module.params["name"]:
        return ()
    try:
        return instance.statefulsets(api, module.params["name"], component)
    except Forbidden as error:  # Who may only look at pods still sees all that the servers say.
        module.warn(f"Missing pods and changed directives are not judged: {error}")
        return ()


def pods_and_budgets(module: AnsibleModule, api: Kube | None) -> tuple[tuple[Pod, ...], tuple[Budget, ...]]:
    """Pods of the instance and budgets of the namespace; no pods where it cannot be known what covers them."""
    if api is None or not module.params["name"]:
        return (), ()
    try:
        return instance.pods_of(api, module.params["name"]), instance.budgets(api)
    except Forbidden as error:
        module.warn(f"Disruption budgets and owners of pods are not judged: {error}")
        return (), ()


def requested_restarts(module: AnsibleModule, api: Kube | None) -> dict[str, str]:
    """Pods whose restart was requested, see rollout.REQUEST; nothing changes the Lease here."""
    if api is None or not module.params["name"]:
        return {}
    try:
        return rollout.parsed(Lock(api, module.params["name"], "").note(rollout.REQUEST))
    except Forbidden as error:
        module.warn(f"Requested restarts are not judged: {error}")
        return {}


def expected_names(module: AnsibleModule) -> list[str]:
    """Pod names of an instance; endpoints name themselves, and foreign pods are those that are found."""
    params = module.params
    if not params["name"]:
        return []
    return [
        f"{params['name']}-{shard}-{ordinal}"
        for shard in range(params["shards"])
        for ordinal in range(params["replicas"] + 1)
    ]


@contextmanager
def session(
    module: AnsibleModule, expected: list[str], wished: Wish | None = None, where: Pods | Endpoints | None = None
) -> Iterator[Session]:
    """A Session that holds the instance's lock; without lock in check mode and for endpoints. ``where``: the target,
    when it is made already."""
    where = where or target(module)
    work = Session(where, expected, wish=wished)
    try:
        if module.check_mode or where.kube is None or not module.params["name"]:
            yield work
        else:
            with locked(module, where.kube) as lock:
                work.guard, work.notes = lock.guard, lock
                yield work
    finally:
        work.close()


@contextmanager
def locked(module: AnsibleModule, api: Kube) -> Iterator[Lock]:
    """The lock: checked when the task belongs to a run, else taken and released by this task."""
    run_id = module.params["run_id"]
    lock = Lock(api, module.params["name"], run_id or new_run_id(), holder())
    if run_id:
        lock.verify()
    else:
        lock.take(module.warn)
    try:
        with Renewal(lock):
            yield lock
    finally:
        if not run_id:
            _release(module, lock)


def _release(module: AnsibleModule, lock: Lock) -> None:
    """What the task did, or why it failed, matters more than a lock that the next run has to outlive."""
    try:
        lock.release()
    except ClusterError as error:
        module.warn(f"The lock was not released and stays for its duration: {error}")


def new_run_id() -> str:
    return uuid.uuid4().hex[:12]


def holder() -> str:
    """Who and where, for the person who meets the lock: user@host, and the job of AWX or Tower."""
    job = os.environ.get("JOB_ID", "")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a passwd entry for its user
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}" + (f" job {job}" if job else "")


def steps(plan: Plan) -> list[dict[str, str]]:
    """The plan as result."""
    return [{"kind": s.kind, "subject": s.subject, "text": s.text, "reason": s.reason} for s in plan.steps]


def diff(plan: Plan) -> dict[str, str]:
    """The plan as diff: what is to be done, a line each."""
    return {"prepared": "".join(f"+ {step.text} ({step.reason})\n" for step in plan.steps)}
