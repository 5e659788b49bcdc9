#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sentinel_info
short_description: Examine a master with replicas that Sentinels watch
version_added: 0.1.0
description:
  - Asks every server for its own role and every Sentinel for its own view, compares them and judges them. It never
    changes anything.
  - Works on any master with replicas and Sentinels, also one that this collection did not make.
  - The findings are described one by one in the collection's documentation, C(docs/sentinel_findings.md).
author:
  - the k8sredis.core authors (@k8sredis)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.sentinel_target
  - k8sredis.core.attributes
  - k8sredis.core.attributes.reads
seealso:
  - module: k8sredis.core.sentinel_failover
"""

EXAMPLES = r"""
- name: Examine an instance
  k8sredis.core.sentinel_info:
    master_name: web-sessions
    endpoints: [10.0.0.1:6379, 10.0.0.2:6379, 10.0.0.3:6379]
    sentinels: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]
  register: examined

- name: Examine one whose pods each have a server and a Sentinel
  k8sredis.core.sentinel_info:
    master_name: web-sessions
    namespace: web
    label_selectors: [app.kubernetes.io/instance=sessions]
    sentinel_label_selectors: [app.kubernetes.io/instance=sessions]
  register: examined

- name: Show it
  ansible.builtin.debug:
    var: examined.report

- name: Stop unless it is healthy
  ansible.builtin.assert:
    that: examined.instance.healthy
"""

RETURN = r"""
instance:
  description: The whole in short.
  returned: success
  type: dict
  contains:
    healthy:
      description: Whether there is no critical finding.
      type: bool
    master_name:
      description: Name by which the Sentinels know the master.
      type: str
    master:
      description: The server that more than half of all Sentinels take for the master; empty when there is none such.
      type: str
    servers:
      description: Number of servers, answering or not.
      type: int
    sentinels:
      description: Number of Sentinels, answering or not.
      type: int
    ghosts:
      description:
        - Addresses of replicas and Sentinels that Sentinels know and that are none of these; see
          M(k8sredis.core.sentinel_forget).
      type: list
      elements: str
    answering:
      description: Number of servers that answer.
      type: int
    sentinels_answering:
      description: Number of Sentinels that answer.
      type: int
    keys:
      description: Number of keys on the master.
      type: int
    versions:
      description: Versions of the servers, such as C(redis 8.0.2).
      type: list
      elements: str
servers:
  description: Every server, in name order.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: "10.0.0.2:6379", address: "10.0.0.2:6379", role: replica, master: "10.0.0.1:6379", behind: 0, keys: 1200}
sentinels:
  description: Every Sentinel with what it says, in name order.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: "10.0.0.1:26379", master: "10.0.0.1:6379", quorum: 2, quorum_reached: true, tilt: false}
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
      description: The server or Sentinel, or what else it is about.
      type: str
    seen:
      description: What was seen.
      type: str
    advice:
      description: What to do.
      type: str
report:
  description: Servers, Sentinels and findings as lines for a screen.
  returned: success
  type: list
  elements: str
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import sentinel
from ansible_collections.k8sredis.core.plugins.module_utils._decide import report, sentinel_health, sentinel_report

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def work(module: AnsibleModule) -> dict[str, Any]:
    with sentinel.watching(module) as watching:
        watch = watching.observe()
    found = sentinel_health.findings(watch)
    return {
        "changed": False,
        **sentinel.summary(watch, found),
        "findings": report.findings(found),
        "report": sentinel_report.lines(watch, found),
    }


def main() -> None:
    border.run(sentinel.target(), work, **sentinel.RULES)


if __name__ == "__main__":
    main()
