#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_lock
short_description: Hold or release the lock of an instance
version_added: 0.1.0
description:
  - The lock is a Lease named after the instance. While a run holds it, no other run of this collection changes the
    instance.
  - A lock whose holder still renews it is refused, naming the holder. One that has stood still for its duration belongs
    to a run that was killed and is taken over, so that a rerun needs no hand.
  - Tasks of a run pass its RV(run_id) on; each renews the lock while it works and stops when the lock was lost.
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
  state:
    description:
      - V(present) takes the lock, V(absent) releases it when this run holds it.
      - V(held) renews the lock and fails unless this run holds it. For playbooks, before a task that is not a module of
        this collection and cannot look by itself.
    type: str
    choices: [present, held, absent]
    default: present
  run_id:
    description:
      - Id of the run. Generated and returned when not given; required for O(state=absent) and O(state=held).
    type: str
  holder:
    description:
      - Who and where, shown to those who meet the lock. The default is user, host and the job id of AWX or Tower.
    type: str
  wait:
    description:
      - Whether to wait for O(duration) when the lock was left behind by a killed run.
      - Without, the task looks for ten seconds whether the holder lives, and returns RV(taken=false) when it does not
        seem to, so that a playbook can say what the next task waits for.
    type: bool
    default: true
  remove:
    description:
      - With O(state=absent), whether the Lease itself goes too.
    type: bool
    default: false
  duration:
    description:
      - Seconds for which the lock must stand still before it counts as left behind by a killed run.
    type: int
    default: 60
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.attributes
attributes:
  check_mode:
    support: full
    details: Reports who holds the lock, and changes nothing.
  diff_mode:
    support: N/A
    details: A lock is no state of the instance.
  idempotent:
    support: full
requirements:
  - python >= 3.11
  - kubernetes >= 29.0.0, not 36.0.0 or 36.0.1
"""

EXAMPLES = r"""
- name: Hold the lock
  k8sredis.core.instance_lock:
    name: shop
    namespace: web
  register: lock

- name: Release the lock
  k8sredis.core.instance_lock:
    name: shop
    namespace: web
    run_id: "{{ lock.run_id }}"
    state: absent
"""

RETURN = r"""
run_id:
  description: Id of this run, to be passed to the tasks that change the instance.
  returned: success
  type: str
  sample: 5f0c9a6d21be
taken:
  description: Whether this run holds the lock now.
  returned: success
  type: bool
  sample: true
exists:
  description: Whether there was a lock before this task, held or not; without one no run has ever begun.
  returned: success
  type: bool
  sample: true
held_by:
  description: Who held the lock before this task, empty when nobody did.
  returned: success
  type: str
  sample: deploy@runner1 job 4711 (run 5f0c9a6d21be)
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._execute.lock import Lock, description, holder_of


def work(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    run_id = params["run_id"] or border.new_run_id()
    lock = Lock(border.kube(module), params["name"], run_id, params["holder"] or border.holder(), params["duration"])
    lease = lock.read()
    held_by = description(lease) if lease and holder_of(lease) else ""
    taken = False
    if not module.check_mode:
        if params["state"] == "absent":
            lock.release(params["remove"])
        elif params["state"] == "held":
            lock.hold()
            taken = True
        elif params["wait"] or not lock.left_behind():
            lock.take(module.warn)
            taken = True
    # Never 'changed': the lock is a tool of the run, not a part of what the user declared.
    return {"changed": False, "run_id": run_id, "exists": lease is not None, "held_by": held_by, "taken": taken}


def main() -> None:
    spec = {
        **arguments.kubernetes(),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "default"},
        "state": {"type": "str", "choices": ["present", "held", "absent"], "default": "present"},
        "run_id": {"type": "str"},
        "holder": {"type": "str"},
        "wait": {"type": "bool", "default": True},
        "remove": {"type": "bool", "default": False},
        "duration": {"type": "int", "default": 60},
    }
    border.run(
        spec,
        work,
        supports_check_mode=True,
        required_if=[("state", "absent", ["run_id"]), ("state", "held", ["run_id"])],
    )


if __name__ == "__main__":
    main()
