# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that shape a cluster have in common: plan, and unless in check mode, converge.
PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, report
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Plan, View, Wish

Planner = Callable[[View, Wish], Plan]
Phase = Callable[[Session, Wish, float], View]


def spec() -> arguments.Spec:
    return {**arguments.target(), **arguments.lock(), **arguments.topology()}


def run(planner: Planner, phase: Phase) -> None:
    """The main() of such a module."""
    run_with({}, lambda module: (planner, phase))


def run_with(options: arguments.Spec, prepare: Callable[[AnsibleModule], tuple[Planner, Phase]], **rules: Any) -> None:
    """The same for a module with options of its own, out of which ``prepare`` makes planner and phase."""
    border.run({**spec(), **options}, lambda module: work(module, *prepare(module)), **{**arguments.RULES, **rules})


def work(module: AnsibleModule, planner: Planner, phase: Phase, *, with_departed: bool = False) -> dict[str, Any]:
    """The result. ``with_departed``: the planner wants to see also those who left the cluster."""
    wish = border.wish(module)
    with border.session(module, border.expected_names(module), wish) as session:
        if module.check_mode:
            view = session.observe()
            plan = planner(session.observe_all() if with_departed else view, wish)
        else:
            try:
                view = phase(session, wish, float(module.params["wait_timeout"]))
            except ClusterError as error:
                error.done = tuple(session.done)
                raise
            plan = Plan(tuple(session.done))
    return result(plan, view)


def result(plan: Plan, view: View) -> dict[str, Any]:
    """What such a module returns."""
    return {
        "changed": plan.changed,
        "plan": border.steps(plan),
        "diff": border.diff(plan),
        "cluster": report.cluster(view, health.findings(view)),
        "nodes": report.nodes(view),
        "shards": report.shards(view),
    }
