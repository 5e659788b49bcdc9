#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_config
short_description: Set directives of running servers
version_added: 0.1.0
description:
  - Compares directives with what C(CONFIG GET) tells on every member, sets those that differ by one C(CONFIG SET) for
    each member, which takes all of them or none, and reads them again. Nothing restarts.
  - Values are compared as the servers mean them, so that V(1gb) is V(1073741824), and of C(client-output-buffer-limit)
    only the classes that are named.
  - A member is tried first. What its server refuses has changed nothing anywhere.
  - Directives that a server of that version reads only when it starts are not set. Those that differ are returned in
    RV(needs_restart).
  - What would hurt at once is refused before anything is set. That is a C(maxmemory) below what a member uses, and a
    C(min-replicas-to-write) above the replicas that a master has.
  - Nothing is written to the servers' own configuration files. For an instance that lasts, the role
    P(k8sredis.core.redis_cluster#role) keeps them in a ConfigMap.
author:
  - the k8sredis.core authors (@k8sredis)
options:
  directives:
    description:
      - Directives of C(redis.conf) by name. A value is text, a number or a truth value; a list for a directive that
        stands in several lines.
      - Those that are not named are left as they are.
      - Passwords are refused here, and so is, for an instance by O(name), what the collection sets itself.
    type: dict
    required: true
  maxmemory_at_start:
    description:
      - Bytes that pods work out as their C(maxmemory) when they start the next time. Refused while a member uses more,
        so that no smaller limit of memory reaches a pod that could not work with it; it is not set.
      - V(0) means that they work out none.
    type: int
    default: 0
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.lock
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
notes:
  - Servers must be of version 7.0 or newer.
"""

EXAMPLES = r"""
- name: Evict the keys that were used least, and log slow commands earlier
  k8sredis.core.redis_config:
    endpoints: ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"]
    redis_password: "{{ vault_redis_password }}"
    directives:
      maxmemory-policy: allkeys-lfu
      slowlog-log-slower-than: 5000

- name: See which servers have another value than the others are to have
  k8sredis.core.redis_config:
    label_selectors: [app=redis]
    directives:
      hz: 10
  check_mode: true
  register: seen
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, a step for each member.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(set).
      type: str
    subject:
      description: The member.
      type: str
    text:
      description: The step in words, with the values before and after.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample:
    - kind: set
      subject: shop-0-0
      text: "shop-0-0: maxmemory-policy noeviction -> allkeys-lfu"
      reason: differs from the wish
drift:
  description: Every directive of every member that was another than wished.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: The member.
      type: str
    name:
      description: The directive.
      type: str
    seen:
      description: What the server told.
      type: str
    wished:
      description: What was wished.
      type: str
    restart:
      description: Whether only a restart brings it.
      type: bool
  sample:
    - {node: shop-0-0, name: maxmemory-policy, seen: noeviction, wished: allkeys-lfu, restart: false}
needs_restart:
  description: Names of those directives that only a restart brings.
  returned: success
  type: list
  elements: str
  sample: [io-threads]
silent:
  description: Members that do not run or do not answer, which were left out.
  returned: success
  type: list
  elements: str
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import directives as options
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._execute import directives
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError


def work(module: AnsibleModule) -> dict[str, Any]:
    wished = options.to_set(module)
    with border.session(module, []) as session:
        session.settings, session.clustered = tuple(wished), False
        try:
            done = directives.keep(session, wished, module.params["maxmemory_at_start"], dry_run=module.check_mode)
        except ClusterError as error:
            error.done = tuple(session.done)
            raise
    set_now = [each for each in done.found if not each.restart]
    return {
        "changed": done.plan.changed,
        "plan": border.steps(done.plan),
        "diff": {
            "before": text((each.node, each.name, each.seen) for each in set_now),
            "after": text((each.node, each.name, each.wished) for each in set_now),
        },
        "drift": [asdict(each) for each in done.found],
        "needs_restart": sorted({each.name for each in done.found if each.restart}),
        "silent": list(done.silent),
    }


def text(values: Iterable[tuple[str, str, str]]) -> str:
    """A line for each directive of each member."""
    return "".join(f"{node} {name} {value}\n" for node, name, value in values)


def main() -> None:
    spec = {
        **arguments.target(),
        **arguments.lock(),
        "directives": {"type": "dict", "required": True},
        "maxmemory_at_start": {"type": "int", "default": 0},
    }
    border.run(spec, work, **arguments.RULES)


if __name__ == "__main__":
    main()
