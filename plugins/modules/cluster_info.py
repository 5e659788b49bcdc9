#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Examine a Redis Cluster
version_added: 0.1.0
description:
  - Asks every member for its own view, compares the views and judges them. It never changes anything.
  - With O(name) it also knows what was declared, from the StatefulSets of the instance, so that a missing pod and a
    directive that was changed on running servers are findings. Who may not list StatefulSets is warned that these are
    not judged.
  - Works on any Redis Cluster, also one that this collection did not make, by O(label_selectors) or O(endpoints).
  - The findings are described one by one in the collection's documentation, C(docs/findings.md).
author:
  - the k8sredis.core authors (@k8sredis)
options:
  shards:
    description:
      - Wished number of shards. With it the cluster is compared with the wish, and RV(cluster.in_order) says whether a
        run would leave it as it is.
    type: int
  replicas:
    description:
      - Wished number of replicas of each shard; counts only together with O(shards).
    type: int
    default: 1
  leaving:
    description:
      - Those of the O(endpoints) that are to leave, as for M(k8sredis.core.cluster_forget).
    type: list
    elements: str
    default: []
  balance_by:
    description:
      - What the shards are to share out, as for M(k8sredis.core.cluster_slots).
    type: str
    choices: [slots, keys, bytes]
    default: slots
  weights:
    description:
      - Weights of shards, as for M(k8sredis.core.cluster_slots).
    type: dict
    default: {}
  restart_hash:
    description:
      - Hash of what the pods are to be made from, as M(k8sredis.core.cluster_preflight) returns it, to see what a run
        would restart before it applies its objects. Without it, what the StatefulSets say counts.
    type: str
  made_from:
    description:
      - The text of which O(restart_hash) is the hash, so that the reasons can be named.
    type: str
  node_timeout:
    description:
      - Wished C(cluster-node-timeout) in milliseconds; another value on a node is a finding.
    type: int
  replica_sync_delay:
    description:
      - Wished C(repl-diskless-sync-delay) in seconds; another value on a node is a finding.
    type: int
  directives:
    description:
      - Wished directives of C(redis.conf) by name, as for M(k8sredis.core.redis_config), also those that need a
        restart; another value on a node is a finding.
      - They come on top of what was declared last, which is known with O(name).
    type: dict
    default: {}
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.attributes
  - k8sredis.core.attributes.reads
"""

EXAMPLES = r"""
- name: Examine an instance
  k8sredis.core.cluster_info:
    name: shop
    namespace: web
  register: shop

- name: Stop when it is not healthy
  ansible.builtin.assert:
    that: shop.cluster.healthy
    fail_msg: "{{ shop.report | join('\n') }}"

- name: Examine a cluster of virtual machines
  k8sredis.core.cluster_info:
    endpoints: ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"]
    redis_password: "{{ vault_redis_password }}"
"""

RETURN = r"""
cluster:
  description: The cluster in one dictionary.
  returned: success
  type: dict
  contains:
    healthy:
      description: Whether no finding is critical.
      type: bool
    in_order:
      description: Whether a run with this wish would change nothing; always false without O(shards).
      type: bool
    due:
      description:
        - The steps of a run with this wish that may find something to do, in order. They are V(meet) by
          M(k8sredis.core.cluster_meet), V(assign) and V(move) by M(k8sredis.core.cluster_slots), V(attach) by
          M(k8sredis.core.cluster_replicas), V(hand_over) by M(k8sredis.core.cluster_failover) and V(forget) by
          M(k8sredis.core.cluster_forget). Empty when nothing is to be done, and without O(shards).
      type: list
      elements: str
    restarts:
      description:
        - Pods of an instance that are to be restarted, in order, each with C(pod), C(kind) and C(reason), as
          M(k8sredis.core.pod_restart) does it.
      type: list
      elements: dict
    leaving:
      description:
        - Names of the members beyond the wish that are still there, whether they belong to the cluster or have left it.
          Without O(shards), the wish is what the last run declared.
      type: list
      elements: str
    state:
      description: V(ok) when every member answers and calls the cluster ok, else V(fail).
      type: str
    members:
      description: Number of members, answering or not.
      type: int
    answering:
      description: Number of members that answer.
      type: int
    shards:
      description: Number of masters that serve slots.
      type: int
    slots_covered:
      description: Number of slots that a member serves, of 16384.
      type: int
    keys:
      description: Number of keys on all masters.
      type: int
    versions:
      description: Server versions, such as C(redis 8.0.2).
      type: list
      elements: str
nodes:
  description: Every member that belongs to the cluster, in name order.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: shop-0-0, address: "10.244.1.5:6379", role: master, shard: 0, slots: [[0, 5460]], keys: 1200}
shards:
  description: Every master that serves slots with its replicas, in slot order.
  returned: success
  type: list
  elements: dict
  sample:
    - {master: shop-0-0, replicas: [shop-0-1], slots: [[0, 5460]], slot_count: 5461, keys: 1200}
findings:
  description: What is wrong, or about to be.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: Name of the finding, as in the documentation.
      type: str
    severity:
      description: V(critical), V(warning) or V(info).
      type: str
    subject:
      description: The member, or what else it is about.
      type: str
    seen:
      description: What was seen.
      type: str
    advice:
      description: What to do.
      type: str
report:
  description: Topology and findings as lines for a screen.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import directives as options
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    budgets,
    declared,
    departure,
    health,
    live,
    order,
    owners,
    report,
    rollout,
    waiting,
)
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session


def work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    where = border.target(module)
    made = border.statefulsets(module, where.kube)
    before = declared.last(made)
    wish = border.wish(module) if params["shards"] else None
    expected = [*(border.expected_names(module) if wish else ()), *(pod for each in made for pod in each.pods)]
    wished = {**live.declared(before), **live.comparable(options.wished(module)), **border.settings(module)}
    pods, found_budgets = border.pods_and_budgets(module, where.kube)
    session = Session(where, dict.fromkeys(expected), settings=wished)
    try:
        whole = session.observe_all()
        said = session.not_ready(whole)
    finally:
        session.close()
    shape = wish or declared.shape(before)
    view = departure.remaining(whole, shape) if shape else whole
    wanted = rollout.wanted(made, params["restart_hash"] or "", params["made_from"] or "")
    requested = border.requested_restarts(module, where.kube) if made else {}
    found = (
        *waiting.held_back(view, said),
        *health.findings(view),
        *health.config_drift(view, wished),
        *(health.shards_differ(view, wish) if wish else ()),
        *(health.leaving(whole, shape) if shape else ()),
        *rollout.findings(view, wanted, requested),
        *owners.findings(pods),
        *budgets.findings(pods, found_budgets),
    )
    cluster = {
        **report.cluster(view, found),
        "in_order": wish is not None and order.is_in_order(whole, wish),
        "due": list(order.due(whole, wish)) if wish else [],
        "restarts": rollout.listed(rollout.due(view, wanted, requested)),
        "leaving": [node.name for node in departure.leaving(whole, shape)] if shape else [],
    }
    title = params["name"] or ",".join(params["label_selectors"] or params["endpoints"])
    return {
        "changed": False,
        "cluster": cluster,
        "nodes": report.nodes(view),
        "shards": report.shards(view),
        "findings": report.findings(found),
        "report": report.lines(view, found, title),
    }


def main() -> None:
    spec = {
        **arguments.target(),
        "shards": {"type": "int"},
        "replicas": {"type": "int", "default": 1},
        "leaving": {"type": "list", "elements": "str", "default": []},
        **arguments.shares(),
        **arguments.made_from(),
        "node_timeout": {"type": "int"},
        "replica_sync_delay": {"type": "int"},
        "directives": {"type": "dict", "default": {}},
    }
    border.run(spec, work, **arguments.RULES)


if __name__ == "__main__":
    main()
