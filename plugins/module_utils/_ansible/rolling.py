# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border of pod_restart. PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, rollout
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import Bounds, Rollout, Turn
from ansible_collections.k8sredis.core.plugins.module_utils._execute import restart
from ansible_collections.k8sredis.core.plugins.module_utils._execute.restart import Job
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Plan,
    Refused,
    Step,
    View,
    Wish,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import StatefulSet
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube

WITHDRAW = "withdraw"
SHARD = "k8sredis.io/shard"


def work(module: AnsibleModule) -> dict[str, Any]:
    """The result of pod_restart."""
    if not module.params["name"]:
        raise Refused("Cannot restart pods without 'name': only pods of an instance are restarted; give its name.")
    where = border.target(module)
    made = border.statefulsets(module, where.kube)
    wish = declared.shape(declared.last(made))
    if wish is None or where.kube is None:
        raise Refused(
            f"Cannot restart pods of {module.params['name']}: no StatefulSet says how many there are to be "
            f"({declared.ANNOTATION}); check name and namespace, and run the playbook redis_cluster first."
        )
    # Those of shards that leave are not applied any more, and restart nobody.
    made = tuple(each for each in made if int(each.labels.get(SHARD, 0)) < wish.shards)
    with border.session(module, [pod for each in made for pod in each.pods], wish, where) as session:
        if module.params["request"]:
            return _request(module, session, made, where.kube)
        job = _job(module, made, border.requested_restarts(module, where.kube))
        return _foresee(session, job) if module.check_mode else _restart(session, where.kube, wish, job)


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
    given, text = module.params["restart_hash"] or "", module.params["made_from"] or ""
    other = next((each.name for each in made if given and each.restart_hash != given), "")
    if other and not module.check_mode:
        raise Refused(
            f"Cannot restart pods: StatefulSet {other} makes them from other settings than wished; apply the objects "
            "first, as the playbook redis_cluster does."
        )
    return rollout.wanted(made, given, text)


def _request(module: AnsibleModule, session: Session, made: tuple[StatefulSet, ...], api: Kube) -> dict[str, Any]:
    params = module.params
    view = session.observe()
    before = border.requested_restarts(module, api)
    left = rollout.open_request(view, before)
    if params["request"] == WITHDRAW:
        return _requested(session, view, made, {}, "request", f"the request for {len(left)} pods is withdrawn", left)
    if left:
        return _requested(session, view, made, before, "", f"an earlier request goes on with {len(left)} pods", left)
    wished = rollout.request(view, params["shard"], params["pods"])
    text = f"{len(wished)} pods are to be restarted"
    return _requested(session, view, made, wished, "request", text, list(wished))


def _requested(
    session: Session,
    view: View,
    made: tuple[StatefulSet, ...],
    requested: dict[str, str],
    kind: str,
    text: str,
    pods: list[str],
) -> dict[str, Any]:
    """``kind``: of the step, empty when nothing is to be noted."""
    steps = [Step(kind, ", ".join(sorted(pods)), text, "asked for")] if kind and pods else []
    if steps and session.notes:
        session.guard()
        session.notes.leave_note(rollout.REQUEST, rollout.text(requested))
    turns = rollout.due(view, rollout.wanted(made), requested)
    shown = Plan((*steps, *(turn.step for turn in turns))) if session.notes is None else Plan(tuple(steps))
    return _result(shown, bool(steps), None, Rollout(tuple(turns)), 0.0, text)


def _foresee(session: Session, job: Job) -> dict[str, Any]:
    found = job.rollout(session.observe())
    plan = Plan(tuple(turn.step for turn in found.turns))
    text = f"{len(found.turns)} pods to restart" if found.turns else "no pod is to be restarted"
    return _result(plan, plan.changed, None, found, 0.0, text)


def _restart(session: Session, api: Kube, wish: Wish, job: Job) -> dict[str, Any]:
    try:
        outcome = restart.restart_next(session, api, wish, job)
    except ClusterError as error:
        error.done = tuple(session.done)
        raise
    plan = Plan(tuple(session.done))
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
