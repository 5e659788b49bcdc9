#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_slots
short_description: Give every slot its owner, and move slots of a live Redis Cluster
version_added: 0.1.0
description:
  - On a new cluster it assigns contiguous ranges, even to one slot, to one member of each shard. Which member of a
    shard is its master is chosen so that zones and Kubernetes nodes share the masters evenly. It assigns only while no
    key is stored anywhere and no member names an owner. A cluster that holds data and misses slots has lost a shard,
    which is reported and never papered over.
  - On a live cluster it moves as few slots as needed until every shard has its share; shards that leave give all.
    Clients go on reading and writing meanwhile.
  - Moves that were interrupted, also by other tools, are finished before anything else, forward, after counting the
    keys on every member that may have some. What cannot be decided without a person is reported with members, slots and
    numbers of keys.
  - Nothing is moved before all members agree, all replicas are in sync, the targets have room, and every right that the
    moves need has been proven by C(ACL DRYRUN).
  - C(SIGTERM) and C(SIGINT) end it after the slots that are under way, so a cancelled job leaves none open.
author:
  - the k8sredis.core authors (@k8sredis)
options:
  move:
    description:
      - Whether to move slots of a live cluster. Without, slots are only assigned on a new one.
    type: bool
    default: true
  balance_by:
    description:
      - What is shared out. With V(slots) every shard gets its share of slots, even to one.
      - With V(keys) or V(bytes) every shard gets its share of these, where one differs by more than 5 percent. Bytes
        are taken from the first 20 keys of each slot.
    type: str
    choices: [slots, keys, bytes]
    default: slots
  weights:
    description:
      - Weights of shards, by their numbers, or of masters by their names where the target is O(endpoints). A shard that
        is not named has weight 1, so with weight 2 for shard 0 that one gets twice as much as each of the others.
    type: dict
    default: {}
  engine:
    description:
      - How slots are moved. With V(atomic) the servers do it themselves, whole ranges at once, by C(CLUSTER MIGRATION)
        of Redis 8.4 or C(CLUSTER MIGRATESLOTS) of Valkey 9.0. With V(setslot) slots are opened, emptied by C(MIGRATE)
        and closed, on every version.
      - V(auto) is V(atomic) where every member can do it, and V(setslot) for slots of which the servers gave up the
        atomic move three times.
    type: str
    choices: [auto, atomic, setslot]
    default: auto
  transfers:
    description:
      - Most moves that one member takes part in at once.
    type: int
    default: 1
  slice_seconds:
    description:
      - Seconds after which the task ends although slots are left, so that a loop shows how far it is. V(0) stands for
        no limit.
    type: float
    default: 0
  keys_per_second:
    description:
      - Most keys that are moved in a second, all members together. V(0) stands for no limit.
    type: int
    default: 0
  bytes_per_second:
    description:
      - Most bytes that are moved in a second, all members together, as C(MEMORY USAGE) counts them. V(0) stands for no
        limit.
    type: int
    default: 0
  memory_percent:
    description:
      - Refuse when a target, or a replica of it, would use more than this part of its C(maxmemory).
    type: int
    default: 75
  large_key:
    description:
      - Bytes above which a key is not moved by C(MIGRATE) without O(allow_large_keys), because its master answers
        nobody meanwhile. 64 MiB take one to three seconds. Keys of 1 MiB and more are moved alone and reported.
      - Atomic moves do not have this limit.
    type: int
    default: 67108864
  allow_large_keys:
    description:
      - Also move keys above O(large_key). One that may take longer than the node timeout, by 25 MB a second, is refused
        all the same, because a replica would take over in the middle of it.
    type: bool
    default: false
  conflict_winner:
    description:
      - Which side is right when a failover in the middle of a move has left a key with two different values, one on the
        V(source) of the move and one on its V(target). Without it such a key is reported, and its slot stays open.
    type: str
    choices: [source, target]
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.lock
  - k8sredis.core.topology
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
"""

EXAMPLES = r"""
- name: Bring every shard to its share of slots
  k8sredis.core.cluster_slots:
    name: shop
    namespace: web
    shards: 6

- name: Show progress every ten seconds
  k8sredis.core.cluster_slots:
    name: shop
    namespace: web
    shards: 6
    slice_seconds: 10
  register: slice
  loop: "{{ range(1000) | list }}"
  loop_control:
    label: "{{ slice.progress | default('') }}"
    break_when: slice.finished

- name: Even out what the shards hold, at most 20000 keys a second
  k8sredis.core.cluster_slots:
    name: shop
    namespace: web
    shards: 6
    balance_by: bytes
    keys_per_second: 20000
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the step, such as V(assign), V(move) or V(finish).
      type: str
    subject:
      description: The member that it is done to.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample: [{kind: assign, subject: shop-0-0, text: shop-0-0 serves 0-5460 (shard 0), reason: slots have no owner}]
finished:
  description: Whether every shard has its share.
  returned: success
  type: bool
  sample: true
progress:
  description: What was moved, how fast, and what is left, in a line.
  returned: success
  type: str
  sample: "2730 slots with 16655 keys moved in 10.0 s (setslot), 1665 keys/s; 5461 slots left, about 20 s to go"
engine:
  description: How slots are moved, V(migration), V(migrateslots) or V(setslot); empty when nothing is to move.
  returned: success
  type: str
  sample: migration
moves:
  description: What is left to move; in check mode what would be moved.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: The member that gives.
      type: str
    target:
      description: The member that gets.
      type: str
    ranges:
      description: First and last slot of each range.
      type: list
      elements: list
    slots:
      description: Number of slots.
      type: int
    keys:
      description: Number of keys in them.
      type: int
    bytes:
      description: Memory that these use, by a sample.
      type: int
    seconds:
      description: How long it takes, roughly.
      type: float
  sample:
    - {source: shop-0-0, target: shop-3-0, ranges: [[2731, 5460]], slots: 2730, keys: 16655, bytes: 1998600,
      seconds: 0.7}
cluster:
  description: Summary of the cluster after the task, as M(k8sredis.core.cluster_info) returns it.
  returned: success
  type: dict
nodes:
  description: Every member, as M(k8sredis.core.cluster_info) returns them.
  returned: success
  type: list
  elements: dict
shards:
  description: Every shard that serves slots, as M(k8sredis.core.cluster_info) returns them.
  returned: success
  type: list
  elements: dict
"""

from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments, moving
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border


def main() -> None:
    spec = {**arguments.target(), **arguments.lock(), **arguments.topology(), **arguments.moving()}
    border.run(spec, moving.work, **arguments.RULES)


if __name__ == "__main__":
    main()
