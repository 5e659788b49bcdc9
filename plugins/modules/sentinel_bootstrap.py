#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sentinel_bootstrap
short_description: Give servers that nobody leads their first master
version_added: 0.1.0
description:
  - Pods of the role P(k8sredis.core.redis_sentinel#role) start as replicas of nobody while no Sentinel names a master.
    This module decides by their data who of them becomes the master, and lets the others follow it. Where a majority of
    the Sentinels names one already, it only sees to it that all others follow that one.
  - Without data it is the first server by name, else the only one with data, else the one that is furthest in the same
    history. Where the servers hold data of different histories, it is refused until a person names the O(master).
  - It waits until every server and every Sentinel answers, and until all servers follow the master in sync. The
    Sentinels are told by M(k8sredis.core.sentinel_monitor).
  - Needs the commands INFO, CONFIG GET and REPLICAOF on the servers, SENTINEL and INFO on the Sentinels.
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.sentinel_target
  - k8sredis.core.lock
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
options:
  master:
    description:
      - The server to be the first master, by pod name, or as it is written in O(endpoints). The data of all others is
        given up for that of this one.
      - Without it the data decides.
    type: str
  wait_timeout:
    description:
      - Seconds for each wait.
      - A pod that cannot be scheduled, has no image or crashes ends the wait after 20 seconds, one that Kubernetes
        refuses to make after 60.
    type: int
    default: 300
seealso:
  - module: k8sredis.core.sentinel_monitor
"""

EXAMPLES = r"""
- name: Give the servers their first master
  k8sredis.core.sentinel_bootstrap:
    name: sessions
    namespace: web
    replicas: 2
    watchers: 3
  register: first

- name: Let the Sentinels watch it
  k8sredis.core.sentinel_monitor:
    name: sessions
    namespace: web
    master: "{{ first.master }}"
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(promote) or V(attach).
      type: str
    subject:
      description: The server.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample:
    - {kind: promote, subject: sessions-0-0, text: sessions-0-0 becomes the master, reason: no server has data}
    - {kind: attach, subject: sessions-0-1, text: sessions-0-1 follows sessions-0-0, reason: it follows nobody yet}
master:
  description: The master; in check mode empty where pods that are not there yet will decide it.
  returned: success
  type: str
  sample: sessions-0-0
instance:
  description: The whole in short after the task, as M(k8sredis.core.sentinel_info) returns it.
  returned: success
  type: dict
servers:
  description: Every server, as M(k8sredis.core.sentinel_info) returns them.
  returned: success
  type: list
  elements: dict
sentinels:
  description: Every Sentinel, as M(k8sredis.core.sentinel_info) returns them.
  returned: success
  type: list
  elements: dict
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments, sentinel
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_bootstrap as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_bootstrap as execute
from ansible_collections.k8sredis.core.plugins.module_utils._model import Plan

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
    from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch


def work(module: AnsibleModule) -> dict[str, Any]:
    named, masters = module.params["master"] or "", [""]

    def plan(watch: Watch) -> Plan:
        if not all(each.answers for each in watch.processes):
            return Plan()
        steps, masters[0] = decide.plan(watch, named)
        return steps

    def phase(watching: Watching, timeout: float) -> Watch:
        watch, masters[0] = execute.begin(watching, named, timeout)
        return watch

    return {**sentinel.change(module, plan, phase), "master": masters[0]}


def main() -> None:
    spec = {
        **sentinel.target(),
        **arguments.lock(),
        "master": {"type": "str"},
        "wait_timeout": {"type": "int", "default": 300},
    }
    border.run(spec, work, **sentinel.RULES)


if __name__ == "__main__":
    main()
