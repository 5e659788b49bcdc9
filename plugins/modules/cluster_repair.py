#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_repair
short_description: Mend a Redis Cluster that an interruption, another tool or a loss has left broken
version_added: 0.1.0
description:
  - Brings members back to the addresses at which they are, settings to their wished values, slots that an interrupted
    move left open to the master that has their keys, and replicas under their masters. It only goes forward, and only
    where the state of the servers leaves no choice.
  - What would lose something is done only when a person names it, by one of O(assign_empty), O(winner) and O(takeover)
    at a time. Without that such a state is reported, with members, slots and numbers of keys.
  - In check mode the plan is shown. Which master has the keys of a slot shows only in the run, because a server has to
    import a slot before it counts its keys.
author:
  - the k8sredis.core authors (@k8sredis)
options:
  assign_empty:
    description:
      - Slots that are lost, exactly as the message about them names them, such as V(5461-10922). Nobody serves them and
        no member has a key of them. They are given out as empty.
    type: str
  winner:
    description:
      - Name of the member whose keys are right where several masters have keys of a slot that they do not serve. The
        others' keys go to it, and where both have a key, its value stays.
    type: str
  takeover:
    description:
      - Name of a replica that is to become master although its master did not hand over, because that one is gone. What
        the master had beyond this replica is lost.
      - With a majority of masters present the others vote (C(FORCE)), else it takes the slots without a vote
        (C(TAKEOVER)).
    type: str
  conflict_winner:
    description:
      - Which side is right when a failover in the middle of a move has left a key with two different values, one on the
        V(source) of the move and one on its V(target).
    type: str
    choices: [source, target]
  allow_large_keys:
    description:
      - Also move keys of 64 MiB and more, as M(k8sredis.core.cluster_slots) does.
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.lock
  - k8sredis.core.topology
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
"""

EXAMPLES = r"""
- name: Finish what another tool has left open
  k8sredis.core.cluster_repair:
    name: shop
    namespace: web
    shards: 3

- name: Give out the slots of a shard whose data is gone for good
  k8sredis.core.cluster_repair:
    name: shop
    namespace: web
    shards: 3
    assign_empty: 5461-10922
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the step, such as V(finish) or V(close).
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
  sample:
    - {kind: finish, subject: shop-0-0, text: shop-0-0 gives 12 open slots to shop-1-0, reason: a move was interrupted}
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

from typing import TYPE_CHECKING, Any

from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments, topology
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner
from ansible_collections.k8sredis.core.plugins.module_utils._decide.repair import ranges
from ansible_collections.k8sredis.core.plugins.module_utils._execute import repair

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

WORDS: dict[str, Any] = {"assign_empty": {"type": "str"}, "winner": {"type": "str"}, "takeover": {"type": "str"}}
OPTIONS: dict[str, Any] = {
    **WORDS,
    "conflict_winner": {"type": "str", "choices": ["source", "target"]},
    "allow_large_keys": {"type": "bool", "default": False, "no_log": False},
}


def prepare(module: AnsibleModule) -> tuple[topology.Planner, topology.Phase]:
    params = module.params
    word = repair.Word(params["takeover"] or "", params["winner"] or "", ranges(params["assign_empty"] or ""))
    manner = Manner(allow_large_keys=params["allow_large_keys"], conflict_winner=params["conflict_winner"] or "")
    return (
        lambda view, wish: repair.foresee(view, wish, word),
        lambda session, wish, timeout: repair.mend(session, wish, word, manner, timeout),
    )


def main() -> None:
    exclusive = [*arguments.RULES["mutually_exclusive"], tuple(WORDS)]
    topology.run_with(OPTIONS, prepare, mutually_exclusive=exclusive)


if __name__ == "__main__":
    main()
