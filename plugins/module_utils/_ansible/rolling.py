# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border of pod_restart. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import sentinel
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    declared,
    names,
    rollout,
    sentinel_rollout,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import Bounds, Rollout, Turn
from ansible_collections.k8sredis.core.plugins.module_utils._execute import restart, sentinel_restart
from ansible_collections.k8sredis.core.plugins.module_utils._execute.restart import Job, Outcome
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Notes, Session
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Member,
    Plan,
    Refused,
    Step,
    Wish,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import SENTINELS, StatefulSet
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.pods import COMPONENT
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Pods

ASKED = "asked for"
WITHDRAW = "withdraw"
SHARD = "k8sredis.io/shard"


class Instance(Protocol):
    """A Redis Cluster, or a master with Sentinels, whose pods are restarted."""

    done: list[Step]
    guard: Callable[[], None]

    def members(self) -> list[Member]:
        """Of all pods, looked at now."""

    def due(self, job: Job) -> list[Turn]: ...

    def rollout(self, job: Job) -> Rollout: ...

    def restart_next(self, job: Job) -> Outcome: ...


class ClusterInstance:
    def __init__(self, session: Session, kube: Kube, wish: Wish) -> None:
        self.done, self.guard = session.done, session.guard
        self._session, self._kube, self._wish = session, kube, wish

    def members(self) -> list[Member]:
        return [node.member for node in self._session.observe().nodes]

    def due(self, job: Job) -> list[Turn]:
        return rollout.due(self._session.observe(), job.wished, job.requested)

    def rollout(self, job: Job) -> Rollout:
        return job.rollout(self._session.observe())

    def restart_next(self, job: Job) -> Outcome:
        return restart.restart_next(self._session, self._kube, self._wish, job)


class SentinelInstance:
    def __init__(self, watching: Watching, kube: Kube, target: Pods) -> None:
        self.done, self.guard = watching.done, watching.guard
        self._watching, self._kube, self._target = watching, kube, target

    def members(self) -> list[Member]:
        return sentinel_rollout.members(self._watching.observe())

    def due(self, job: Job) -> list[Turn]:
        return sentinel_rollout.due(self._watching.observe(), job.wished, job.requested)

    def rollout(self, job: Job) -> Rollout:
        return sentinel_rollout.rolled(self._watching.observe(), job.wished, job.requested, job.bounds)

    def restart_next(self, job: Job) -> Outcome:
        return sentinel_restart.restart_next(self._watching, self._kube, job, self._target.not_made)


def work(module: AnsibleModule) -> dict[str, Any]:
    """The result of pod_restart."""
    if not module.params["name"]:
        raise Refused("Cannot restart pods without 'name': only pods of an instance are restarted; give its name.")
    where = border.target(module)
    made = border.statefulsets(module, where.kube)
    before = declared.last(made)
    wish = declared.shape(before)
    if wish is None or where.kube is None:
        raise Refused(
            f"Cannot restart pods of {module.params['name']}: no StatefulSet says how many there are to be "
            f"({declared.ANNOTATION}); check name and namespace, and run the playbook redis_cluster first."
        )
    if "sentinels" in before and isinstance(where, Pods):
        made += border.statefulsets(module, where.kube, SENTINELS)
        with sentinel.of_name(module, where) as (watching, notes):
            return _answer(module, SentinelInstance(watching, where.kube, where), made, where.kube, notes)
    # Those of shards that leave are not applied any more, and restart nobody.
    made = tuple(each for each in made if int(each.labels.get(SHARD, 0)) < wish.shards)
    with border.session(module, [pod for each in made for pod in each.pods], wish, where) as session:
        return _answer(module, ClusterInstance(session, where.kube, wish), made, where.kube, session.notes)


def _answer(
    module: AnsibleModule, instance: Instance, made: tuple[StatefulSet, ...], api: Kube, notes: Notes | None
) -> dict[str, Any]:
    """``notes``: where what is requested is kept; None in check mode."""
    if module.params["request"]:
        return _request(module, instance, made, api, notes)
    job = _job(module, made, border.requested_restarts(module, api))
    return _foresee(instance, job) if module.check_mode else _restart(instance, job)


def _job(module: AnsibleModule, made: tuple[StatefulSet, ...], requested: dict[str, str]) -> Job:
    params = module.params
    return Job(
        wished=_wanted(module, made),
        requested=requested,
        bounds=Bounds(max(0, params["limit"]), params["masters"], params["broken_only"]),
        limits=Limits(params["max_lag"], params["maxmemory"], params["accept_interruption"]),
        timeout=float(params["wait_timeout"]),
        pause=params["pause"],
    )


def _wanted(module: AnsibleModule, made: tuple[StatefulSet, ...]) -> dict[str, rollout.Wanted]:
    """In check mode the objects are not applied yet, so what they are to say is told. Else they must say it."""
    wished = {each.name: _given(module.params, each) for each in made}
    other = next((each.name for each in made if wished[each.name].restart_hash not in ("", each.restart_hash)), "")
    if other and not module.check_mode:
        raise Refused(
            f"Cannot restart pods: StatefulSet {other} makes them from other settings than wished; apply the objects "
            "first, as the playbook redis_cluster does."
        )
    return {
        pod: wanted
        for each in made
        for pod, wanted in rollout.wanted([each], wished[each.name].restart_hash, wished[each.name].made_from).items()
    }


def _given(params: dict[str, Any], made: StatefulSet) -> rollout.Wanted:
    """By the task; an empty hash where it does not say."""
    if made.labels.get(COMPONENT) != SENTINELS:
        return rollout.Wanted(params["restart_hash"] or "", params["made_from"] or "")
    text = params["sentinel_made_from"] or ""
    return rollout.Wanted(names.short_hash(text) if text else "", text)


def _request(
    module: AnsibleModule, instance: Instance, made: tuple[StatefulSet, ...], api: Kube, notes: Notes | None
) -> dict[str, Any]:
    params = module.params
    members = instance.members()
    before = border.requested_restarts(module, api)
    left = rollout.open_request(members, before)

    def noted(wished: dict[str, str], kind: str, text: str, pods: list[str]) -> dict[str, Any]:
        return _requested(
            instance, notes, Job(rollout.wanted(made), wished), Step(kind, ", ".join(sorted(pods)), text, ASKED)
        )

    if params["request"] == WITHDRAW:
        return noted({}, "request", f"the request for {len(left)} pods is withdrawn", left)
    if left:
        return noted(before, "", f"an earlier request goes on with {len(left)} pods", left)
    wished = rollout.request(members, params["shard"], params["pods"])
    return noted(wished, "request", f"{len(wished)} pods are to be restarted", list(wished))


def _requested(instance: Instance, notes: Notes | None, job: Job, step: Step) -> dict[str, Any]:
    """``step``: its kind is empty when nothing is to be noted."""
    steps = [step] if step.kind and step.subject else []
    if steps and notes:
        instance.guard()
        notes.leave_note(rollout.REQUEST, rollout.text(job.requested))
    turns = instance.due(job)
    shown = Plan((*steps, *(turn.step for turn in turns))) if notes is None else Plan(tuple(steps))
    return _result(shown, bool(steps), None, Rollout(tuple(turns)), 0.0, step.text)


def _foresee(instance: Instance, job: Job) -> dict[str, Any]:
    found = instance.rollout(job)
    plan = Plan(tuple(turn.step for turn in found.turns))
    text = f"{len(found.turns)} pods to restart" if found.turns else "no pod is to be restarted"
    return _result(plan, plan.changed, None, found, 0.0, text)


def _restart(instance: Instance, job: Job) -> dict[str, Any]:
    try:
        outcome = instance.restart_next(job)
    except ClusterError as error:
        error.done = tuple(instance.done)
        raise
    plan = Plan(tuple(instance.done))
    turn, left = outcome.turn, len(outcome.left.turns)
    if turn is None:
        text = "no pod is to be restarted"
    else:
        more = f"{left} {'pod' if left == 1 else 'pods'} left" if left else "none left"
        text = f"{turn.pod} restarted in {outcome.seconds:.1f} s ({turn.reason}), {more}"
    return _result(plan, plan.changed, turn, outcome.left, outcome.seconds, text)


def _result(plan: Plan, changed: bool, turn: Turn | None, left: Rollout, seconds: float, text: str) -> dict[str, Any]:
    return {
        "changed": changed,
        "plan": border.steps(plan),
        "diff": border.diff(plan),
        "pod": turn.pod if turn else "",
        "reason": turn.reason if turn else "",
        "duration": round(seconds, 3),
        "order": rollout.listed(left.turns),
        "remaining": len(left.turns),
        "finished": not left.turns,
        "held": left.held,
        "progress": f"{text}; {left.held}" if left.held else text,
    }
