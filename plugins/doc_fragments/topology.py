# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  shards:
    description:
      - Number of shards, each with one master. Pods of shards whose number is not below it are to leave.
    type: int
    required: true
  replicas:
    description:
      - Number of replicas of each shard. Pods whose ordinal is above it are to leave.
    type: int
    default: 1
  leaving:
    description:
      - Those of the O(endpoints) that are to leave, as they are written there; O(shards) and O(replicas) describe the
        others. They stay full members until they serve nothing and M(k8sredis.core.cluster_forget) lets them go.
    type: list
    elements: str
    default: []
  node_timeout:
    description:
      - Wished C(cluster-node-timeout) in milliseconds. M(k8sredis.core.cluster_meet) sets it where it is another.
      - When given, a new and empty cluster is made with a shorter one, which is set back at the end of the task.
      - Without it the setting is never touched.
    type: int
  replica_sync_delay:
    description:
      - Wished C(repl-diskless-sync-delay) in seconds, treated as O(node_timeout) is.
    type: int
  wait_timeout:
    description:
      - Seconds to wait for the members to run, and again for all of them to agree.
      - A pod that cannot be scheduled, has no image or crashes ends the wait after 20 seconds.
    type: int
    default: 300
"""
