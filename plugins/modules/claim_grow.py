#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: claim_grow
short_description: Give the pods of an instance more storage while they run
version_added: 0.2.0
description:
  - Asks for O(size) in every claim of the instance that asks for less, waits until the volumes have it, and makes the
    StatefulSets anew with claims of that size. Their pods go on and are taken up again by their labels.
  - Nothing is changed when a claim cannot grow. That depends on its StorageClass (C(allowVolumeExpansion)); for a user
    who may not read it, and for quotas, Kubernetes is asked to try every change first.
  - A claim that asks for more than O(size) is left alone, because claims do not shrink.
  - A volume whose file system grows only when its pod starts again is named in RV(restart) and by a warning.
  - A run that was killed is taken up by the next one. A StatefulSet that it had deleted and not made again is made by
    the role P(k8sredis.core.redis_cluster#role), whose next task applies it.
author:
  - the k8sredis.core authors (@k8sredis)
options:
  name:
    description:
      - Name of the instance.
    type: str
    required: true
  namespace:
    description:
      - Kubernetes namespace of the instance.
    type: str
    default: default
  size:
    description:
      - What each claim is to have, as Kubernetes writes it, for example V(16Gi).
    type: str
    required: true
  shards:
    description:
      - Number of shards. Claims of shards beyond it are left alone.
    type: int
    required: true
  replicas:
    description:
      - Number of replicas of each shard. Claims of pods beyond it are left alone, unless such a pod is still there.
    type: int
    default: 1
  wait_timeout:
    description:
      - Seconds to wait for the volumes to grow, and as long for each StatefulSet to be made anew.
    type: int
    default: 300
  run_id:
    description:
      - Id of the run that holds the instance's lock, as returned by M(k8sredis.core.instance_lock).
      - Without it the module takes the lock for itself and releases it when it ends. There is none in check mode.
    type: str
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
requirements:
  - python >= 3.11
  - kubernetes >= 29.0.0, not 36.0.0 or 36.0.1
"""

EXAMPLES = r"""
- name: Give each pod 16 GiB
  k8sredis.core.claim_grow:
    name: shop
    namespace: web
    size: 16Gi
    shards: 3
    replicas: 1
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(claim) or V(statefulset).
      type: str
    subject:
      description: Name of the object.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample:
    - kind: claim
      subject: data-shop-0-0
      text: "claim data-shop-0-0: 8Gi -> 16Gi"
      reason: a larger size is declared
restart:
  description: Pods whose volume has grown and whose file system grows when they start again.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import growth, quantities
from ansible_collections.k8sredis.core.plugins.module_utils._execute.growth import Work, grow, look, plan
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Plan, Refused, Step


def work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    if not quantities.quantity(params["size"]):
        raise Refused(f"Cannot grow claims to '{params['size']}': it is no size; write for example 16Gi.")
    wanted = growth.Wanted(params["name"], params["size"], params["shards"], params["replicas"])
    api = border.kube(module)
    found = look(api, wanted)
    steps = plan(found, wanted.size)
    left = found.growing
    if not module.check_mode and found:
        done: list[Step] = []
        with border.locked(module, api) as lock:
            try:
                left = grow(Work(api, lock.guard, done, params["wait_timeout"]), wanted, found)
            except ClusterError as error:
                error.done = tuple(done)
                raise
        steps = Plan(tuple(done))
    for claim in left:
        module.warn(f"Claim {claim.name} asks for {claim.asks.size}: {growth.outlook(claim)}.")
    restart = [growth.pod(claim) for claim in left if growth.needs_pod(claim)]
    return {"changed": steps.changed, "plan": border.steps(steps), "diff": border.diff(steps), "restart": restart}


def main() -> None:
    spec = {
        **arguments.kubernetes(),
        **arguments.lock(),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "default"},
        "size": {"type": "str", "required": True},
        "shards": {"type": "int", "required": True},
        "replicas": {"type": "int", "default": 1},
        "wait_timeout": {"type": "int", "default": 300},
    }
    border.run(spec, work, supports_check_mode=True)


if __name__ == "__main__":
    main()
