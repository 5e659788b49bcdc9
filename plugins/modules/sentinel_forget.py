#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sentinel_forget
short_description: Let Sentinels forget replicas and Sentinels that are gone
version_added: 0.1.0
description:
  - Sentinels never drop anybody by themselves. A Sentinel that is gone for good is counted for every majority, so that
    in the end nobody can be elected.
  - Resets, by C(SENTINEL RESET), each Sentinel that knows a server or a Sentinel which is none of those that are named
    and does not answer it. One Sentinel after the other, and each of them must know the master, all replicas and all
    other Sentinels again before the next one.
  - Does nothing while the master is away, a failover is under way, or anybody who is named does not answer; it waits
    for up to O(wait_timeout) and ends with the reason. Somebody who is not named and answers is never forgotten.
  - Needs the commands SENTINEL and INFO on the Sentinels, INFO and CONFIG GET on the servers.
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.sentinel_target
  - k8sredis.core.lock
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
options:
  wait_timeout:
    description:
      - Seconds for each wait.
    type: int
    default: 60
seealso:
  - module: k8sredis.core.sentinel_info
"""

EXAMPLES = r"""
- name: Forget who is gone
  k8sredis.core.sentinel_forget:
    master_name: web-sessions
    endpoints: [10.0.0.1:6379, 10.0.0.2:6379]
    sentinels: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]

- name: The same for an instance
  k8sredis.core.sentinel_forget:
    name: sessions
    namespace: web
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(forget).
      type: str
    subject:
      description: The Sentinel.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample:
    - kind: forget
      subject: 10.0.0.1:26379
      text: 10.0.0.1:26379 forgets 10.0.0.3:6379, 10.0.0.4:26379
      reason: it is gone and is counted or asked still
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
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_forgetting as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_forget as execute

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def work(module: AnsibleModule) -> dict[str, Any]:
    return sentinel.change(module, decide.plan, execute.forget)


def main() -> None:
    spec = {**sentinel.target(), **arguments.lock(), "wait_timeout": {"type": "int", "default": 60}}
    border.run(spec, work, **sentinel.RULES)


if __name__ == "__main__":
    main()
