#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_preflight
short_description: Check the declaration of an instance before anything is changed
version_added: 0.1.0
description:
  - Checks everything that was declared, by itself and against what is there in Kubernetes, and fails with one sentence
    for each problem. It finds all of them at once and changes nothing.
  - Refuses what would lose data or availability, what Kubernetes or a server would refuse later, and changes of a live
    instance that this version does not do.
  - Says what follows from the declaration, such as names, configuration texts and the hash that tells whether pods
    must restart.
author:
  - the k8sredis.core authors (@k8sredis)
options:
  topology:
    description:
      - V(cluster) for a Redis Cluster, V(sentinel) for a master with replicas and Sentinels.
    type: str
    choices: [cluster, sentinel]
    default: cluster
  settings:
    description:
      - The variables of the role P(k8sredis.core.redis_cluster#role) without their prefix C(redis_cluster_), or those
        of P(k8sredis.core.redis_sentinel#role) without C(redis_sentinel_). What is left out has the role's default,
        but for C(name), images, resources and storage, which have none here.
      - C(application_password) and C(users) are options of their own, so that passwords are masked.
    type: dict
    required: true
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.users
  - k8sredis.core.attributes
  - k8sredis.core.attributes.reads
requirements:
  - python >= 3.11
  - kubernetes >= 29.0.0, not 36.0.0 or 36.0.1
"""

EXAMPLES = r"""
- name: Check an instance before it is made
  k8sredis.core.cluster_preflight:
    settings:
      name: shop
      namespace: web
      shards: 3
      replicas: 1
      image: docker.io/library/redis:8.6.7
      resources:
        limits:
          memory: 1Gi
      storage:
        size: 8Gi
  register: preflight
"""

RETURN = r"""
instance:
  description: What follows from the declaration, and what was found.
  returned: success
  type: dict
  contains:
    names:
      description: Names of the objects, by what they are. C(statefulsets) is a list with one for each shard.
      type: dict
    master_name:
      description: By which Sentinels know the master; empty for a cluster.
      type: str
    quorum:
      description: How many Sentinels have to find the master dead; V(0) for a cluster.
      type: int
    server:
      description: C(family) and C(version) of the server in the image.
      type: dict
    configuration:
      description: Texts of the configuration files, C(boot) for redis.conf and C(live) for live.conf.
      type: dict
    live:
      description:
        - Directives that servers are to have and take while they run, for M(k8sredis.core.redis_config). Besides those
          of C(configuration.live) the server's defaults of directives that were declared before and are not any more.
      type: dict
    boot:
      description: Declared directives that a server reads only when it starts.
      type: dict
    maxmemory_at_start:
      description: Bytes that a pod works out as its C(maxmemory) when it starts; V(0) when it works out none.
      type: int
    restart_hash:
      description: 10 hexadecimal digits over all that a pod takes up only when it restarts.
      type: str
    made_from:
      description: The text of which C(restart_hash) is the hash, JSON; pods carry it as C(k8sredis.io/made-from).
      type: str
    sentinel_restart_hash:
      description: The same as C(restart_hash) for pods with a Sentinel alone; empty for a cluster.
      type: str
    sentinel_made_from:
      description: The text of which C(sentinel_restart_hash) is the hash.
      type: str
    maxmemory:
      description: Bytes that a server has as C(maxmemory) after its start, 0 when there is none.
      type: int
    declared:
      description: JSON for the annotation C(k8sredis.io/declared), by which the next run knows what changes.
      type: str
    grace_seconds:
      description: How long a pod has to end, C(terminationGracePeriodSeconds).
      type: int
    hand_over_seconds:
      description: How much of it a master has to hand over and to let clients leave.
      type: int
    derives_maxmemory:
      description: Whether C(maxmemory) is to be worked out in the pod, from its limit of memory, unless it is declared.
      type: bool
    replica_sync_delay:
      description: C(repl-diskless-sync-delay), seconds a master waits for more replicas before a full synchronisation.
      type: int
    pods:
      description:
        - How many pods the StatefulSet of each shard is to have while members leave; where there are more than
          declared, their present number.
      type: list
      elements: int
    sentinels:
      description: How many pods the StatefulSet of the Sentinels is to have, as C(pods); V(0) for a cluster.
      type: int
    grows:
      description: Whether claims of the instance are smaller than declared, or still on their way; see
        M(k8sredis.core.claim_grow).
      type: bool
    claim_sizes:
      description: What the StatefulSet of each shard makes claims of where that is less than declared, else empty.
      type: list
      elements: str
    leaving:
      description:
        - Names of C(statefulsets), C(pods), C(sentinels) (their pods, the last one first) and C(claims) beyond the
          declaration, to be removed when their servers have left the cluster, or no Sentinel counts on them. Claims
          only where their deletion is declared.
      type: dict
    budgets:
      description:
        - The disruption budgets that are to cover the pods, each with its C(name) and the C(shard) that it covers, as
          text; empty for all pods. Shards that leave keep theirs until their pods have ended.
      type: list
      elements: dict
    stale_budgets:
      description: Disruption budgets of the instance beside these, to be removed when these are there.
      type: list
      elements: str
    stale_configmaps:
      description: Immutable ConfigMaps of the instance that nothing refers to any more.
      type: list
      elements: str
    stale_services:
      description: Services of the instance that are not declared any more, as after a change of the name.
      type: list
      elements: str
    namespace_exists:
      description: Whether the namespace exists; also true when the user may not know.
      type: bool
    new:
      description: Whether the instance has no StatefulSet yet.
      type: bool
    warnings:
      description: What a person should know.
      type: list
      elements: str
    skipped_checks:
      description: What could not be checked, and why.
      type: list
      elements: str
  sample:
    names: {nodes_service: shop-nodes, client_service: shop, auth: shop-auth, statefulsets: [shop-0, shop-1, shop-2]}
    server: {family: redis, version: 8.6.7}
    restart_hash: d6b5e760e6
    pods: [2, 2, 2]
    sentinels: 0
    leaving: {statefulsets: [], pods: [], sentinels: [], claims: []}
    namespace_exists: true
    new: true
    skipped_checks: []
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import users as options
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    declaration,
    names,
    preflight,
    users,
    validation,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import CLUSTER, SENTINEL
from ansible_collections.k8sredis.core.plugins.module_utils._decide.validation import Verdict
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Refused
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Instance
from ansible_collections.k8sredis.core.plugins.module_utils._observe.instance import observe


def work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    options.mask_misplaced(module, params["settings"], params["users"])
    wish, wrong = declaration.declaration(params["settings"], params["topology"])
    application = users.application({**asdict(wish), "application_password": params["application_password"]})
    server, verdict = validation.of_declaration(wish, application, users.others(params))
    there, found = look(module, wish)
    verdict = Verdict(tuple(wrong)) + verdict + found
    if verdict.problems or server is None or there is None:
        raise Refused("\n".join(verdict.problems))
    for warning in verdict.warnings:
        module.warn(border.words(module, warning))
    return {"changed": False, "instance": preflight.result(wish, server, there, verdict)}


def look(module: AnsibleModule, wish: declaration.Declaration) -> tuple[Instance | None, Verdict]:
    """What is there, judged; without usable names nobody can be asked for it."""
    if names.problems(wish):
        return None, Verdict()
    try:
        there = observe(border.kube(module, wish.namespace), preflight.question(wish))
    except ClusterError as error:
        return None, Verdict((str(error),))
    return there, validation.of_instance(wish, there)


def main() -> None:
    spec = {
        **arguments.kubernetes(),
        **options.secrets(),
        "topology": {"type": "str", "choices": [CLUSTER, SENTINEL], "default": CLUSTER},
        "settings": {"type": "dict", "required": True},
    }
    border.run(spec, work, supports_check_mode=True)


if __name__ == "__main__":
    main()
