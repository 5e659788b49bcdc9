#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sentinel_failover
short_description: Hand a master that Sentinels watch over to a replica, without losing a write
version_added: 0.1.0
description:
  - Makes a replica the master by a planned failover of the Sentinels. Plain C(SENTINEL FAILOVER) leaves the former
    master writable for some ten seconds, and what clients write there in that time is lost. Here its writes wait until
    the replica has all of them and is master, and the former master follows it at once. Clients notice a pause of about
    a second.
  - It begins only when every server and every Sentinel says the same, every replica is in sync and every Sentinel has
    quorum and majority. If that does not come about within O(wait_timeout), the task ends with the reason, and nothing
    was done.
  - It is over when every Sentinel names the new master and every server follows it.
  - Where the Sentinels know it (Valkey 9), it is C(SENTINEL FAILOVER ... COORDINATED), which pauses by itself; the user
    by which they log in to the servers then needs C(+failover).
  - For the time of the failover C(min-replicas-to-write) of the master is raised, so that it refuses writes by itself
    once another one is master, also when the task is killed. With several replicas C(replica-priority) says for a time
    whom the Sentinels choose, which takes them up to ten seconds to see. Both are set back. A task that is killed in
    between leaves them; the former master is a replica then.
  - Needs the commands INFO, ROLE, CONFIG GET and SET, CLIENT PAUSE, UNPAUSE and KILL and REPLICAOF on the servers, and
    SENTINEL and INFO on the Sentinels.
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.sentinel_target
  - k8sredis.core.lock
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
options:
  to:
    description:
      - The server that is to be master, by pod name, or as it is written in O(endpoints). If it is already, there is
        nothing to do.
    type: str
  away_from:
    description:
      - Servers of which none is to be master, as before their restart, or before they leave. If one is, it hands over
        to the best of the replicas that are not named here, one on another host if there is one.
    type: list
    elements: str
  given_up:
    description:
      - The master, when it is gone for good and the Sentinels elect nobody, as after an outage of all from which only
        the replicas came back. O(to) takes over as it is, and what this one alone has is lost.
      - Refused while it answers, or while a majority of the Sentinels reaches it.
    type: str
  wait_timeout:
    description:
      - Seconds for each wait, such as that for servers and Sentinels to agree.
    type: int
    default: 60
seealso:
  - module: k8sredis.core.sentinel_info
"""

EXAMPLES = r"""
- name: Make a chosen server the master
  k8sredis.core.sentinel_failover:
    master_name: web-sessions
    endpoints: [10.0.0.1:6379, 10.0.0.2:6379, 10.0.0.3:6379]
    sentinels: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]
    to: 10.0.0.2:6379

- name: See to it that a server is no master
  k8sredis.core.sentinel_failover:
    master_name: web-sessions
    endpoints: [10.0.0.1:6379, 10.0.0.2:6379, 10.0.0.3:6379]
    sentinels: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]
    away_from:
      - 10.0.0.1:6379

- name: Give up a master whose volume is lost
  k8sredis.core.sentinel_failover:
    name: sessions
    namespace: web
    to: sessions-0-1
    given_up: sessions-0-0
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(failover), or V(takeover) of a master that is given up.
      type: str
    subject:
      description: The new master.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample:
    - kind: failover
      subject: 10.0.0.2:6379
      text: 10.0.0.2:6379 takes over from 10.0.0.1:6379
      reason: is to be the master
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
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_failover as decide
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_takeover
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_failover as execute
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_takeover as execute_takeover

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def work(module: AnsibleModule) -> dict[str, Any]:
    to, away_from = module.params["to"] or "", module.params["away_from"] or []
    given_up = module.params["given_up"] or ""
    if given_up:
        return sentinel.change(
            module,
            lambda watch: sentinel_takeover.plan(watch, to, given_up),
            lambda watching, timeout: execute_takeover.take_over(watching, to, given_up, timeout),
        )
    return sentinel.change(
        module,
        lambda watch: decide.plan(watch, to, away_from),
        lambda watching, timeout: execute.hand_over(watching, to, away_from, timeout),
    )


def main() -> None:
    spec = {
        **sentinel.target(),
        **arguments.lock(),
        "to": {"type": "str"},
        "away_from": {"type": "list", "elements": "str"},
        "given_up": {"type": "str"},
        "wait_timeout": {"type": "int", "default": 60},
    }
    one = [("to", "away_from")]
    rules = {name: [*sentinel.RULES[name], *one] for name in ("mutually_exclusive", "required_one_of")}
    border.run(spec, work, required_by={"given_up": ["to"]}, **{**sentinel.RULES, **rules})


if __name__ == "__main__":
    main()
