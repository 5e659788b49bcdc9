#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sentinel_monitor
short_description: Let Sentinels watch a master, all of them alike
version_added: 0.1.0
description:
  - Makes every Sentinel watch the same master with the same settings, and is done when every Sentinel knows all others
    and all replicas, and has its quorum.
  - Who the master is, is never guessed and never changed. It is whom most Sentinels name; while no majority watches
    one, it is the O(master) of the task, and the servers have to bear it out. A Sentinel that is alone with another
    master, as after an outage with new addresses, is told to forget that one and watch the master.
  - Settings that the task does not name stay as they are.
  - Needs the commands SENTINEL and INFO on the Sentinels, INFO and CONFIG GET on the servers.
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.sentinel_target
  - k8sredis.core.lock
  - k8sredis.core.attributes
options:
  state:
    description:
      - Whether the Sentinels watch the master. With V(absent) they forget it; the servers go on as they are.
    type: str
    choices: [present, absent]
    default: present
  master:
    description:
      - The server that is the master, by pod name, or as it is written in O(endpoints).
      - Needed while no majority of the Sentinels watches one. Another one than most Sentinels name is refused; to
        change the master, use M(k8sredis.core.sentinel_failover).
    type: str
  quorum:
    description:
      - Number of Sentinels that have to find the master dead before one of them fails over.
      - The default for a Sentinel that does not watch it yet is the majority of the Sentinels.
    type: int
  down_after:
    description:
      - Milliseconds of silence after which a Sentinel holds a server for dead. The servers' own default is 30000.
    type: int
  failover_timeout:
    description:
      - Milliseconds by which Sentinels judge a failover; twice as long none of them tries again. The servers' own
        default is 180000.
    type: int
  parallel_syncs:
    description:
      - How many replicas follow a new master at the same time. The servers' own default is 1.
    type: int
  auth_user:
    description:
      - ACL user by which the Sentinels log in to the servers. Without it, the default user.
    type: str
  auth_password:
    description:
      - Its password. It is sent to the Sentinels, who write it into their files and mask it in their logs.
      - With O(name) user and password are those of the instance, C(k8sredis-sentinel) and the C(watch-password) of its
        Secret, unless they are given.
    type: str
  update_password:
    description:
      - No Sentinel says which password it has. With V(on_create) it is set where a Sentinel does not watch the master
        yet, with V(always) everywhere, and the task is then always changed.
    type: str
    choices: [on_create, always]
    default: on_create
  wait_timeout:
    description:
      - Seconds until Sentinels and servers must all agree.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Not with O(update_password=always).
seealso:
  - module: k8sredis.core.sentinel_info
"""

EXAMPLES = r"""
- name: Three Sentinels watch a master
  k8sredis.core.sentinel_monitor:
    master_name: web-sessions
    endpoints: [10.0.0.1:6379, 10.0.0.2:6379, 10.0.0.3:6379]
    sentinels: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]
    master: 10.0.0.1:6379
    down_after: 5000
    failover_timeout: 60000

- name: They forget it
  k8sredis.core.sentinel_monitor:
    master_name: web-sessions
    endpoints: [10.0.0.1:6379, 10.0.0.2:6379, 10.0.0.3:6379]
    sentinels: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]
    state: absent
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(monitor), V(set), V(login) or V(remove).
      type: str
    subject:
      description: The Sentinel.
      type: str
    text:
      description: The step in words, without a password.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample:
    - kind: monitor
      subject: 10.0.0.3:26379
      text: 10.0.0.3:26379 watches 10.0.0.1:6379 as web-sessions
      reason: it does not watch it yet
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
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_monitor as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_monitor as execute
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SETTINGS = {
    "quorum": "quorum",
    "down_after": "down-after-milliseconds",
    "failover_timeout": "failover-timeout",
    "parallel_syncs": "parallel-syncs",
}
"""Options, and what SENTINEL SET and SENTINEL MASTER call them."""


def work(module: AnsibleModule) -> dict[str, Any]:
    if module.params["state"] == "absent":
        return sentinel.change(module, decide.absent, execute.forget_it)
    wish = _wish(module)
    return sentinel.change(
        module,
        lambda watch: decide.present(watch, wish),
        lambda watching, timeout: execute.watch_it(watching, wish, timeout),
    )


def _wish(module: AnsibleModule) -> decide.Monitor:
    params = module.params
    wrong = next((name for name in SETTINGS if params[name] is not None and params[name] < 1), None)
    if wrong is not None:
        raise Refused(f"Cannot use {wrong}={params[wrong]}: it is too little; use 1 or more.")
    return decide.Monitor(
        params["master"] or "",
        {word: str(params[name]) for name, word in SETTINGS.items() if params[name] is not None},
        sentinel.login(module),
        params["update_password"] == "always",
    )


def main() -> None:
    spec = {
        **sentinel.target(),
        **arguments.lock(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "master": {"type": "str"},
        **{name: {"type": "int"} for name in SETTINGS},
        "auth_user": {"type": "str"},
        "auth_password": {"type": "str", "no_log": True},
        "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
        "wait_timeout": {"type": "int", "default": 60},
    }
    border.run(spec, work, required_by={"auth_user": ["auth_password"]}, **sentinel.RULES)


if __name__ == "__main__":
    main()
