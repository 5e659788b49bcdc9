# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is to leave a cluster, and who has left it. Pure; PRIVATE to the collection.

1. To leave are the pods beyond the wish: of a shard whose number is not below ``shards``, or with an ordinal above
   ``replicas``. Of plain endpoints it is those that the wish names.
2. While such a member serves slots, replicates a leaving master that does, or is known to every member that stays, it
   is a member like any other: its address must be right and its links up, or it could not be drained.
3. After that it has departed: forgotten, on the way of being forgotten (a run was killed amid that), or never joined
   because a scale-out was given up. Nobody may meet it again, miss it, or take it for a stranger.
4. One that does not answer has departed when nothing can be lost with it: every id that no other member has is failing
   and serves nothing. Its id is then a ghost like any other.
"""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node, View, Wish


def leaving(view: View, wish: Wish) -> tuple[Node, ...]:
    """Members beyond the wish, whether they still belong to the cluster or not."""
    names = leaving_names(view, wish)
    return tuple(node for node in view.nodes if node.name in names)


def staying(view: View, wish: Wish) -> tuple[Node, ...]:
    names = leaving_names(view, wish)
    return tuple(node for node in view.nodes if node.name not in names)


def leaving_names(view: View, wish: Wish) -> frozenset[str]:
    """Labels count only where every member has them, as for who is of which shard."""
    if any(node.member.shard is None for node in view.nodes):
        return frozenset(wish.leaving)
    return frozenset(node.name for node in view.nodes if _is_beyond(node.member, wish))


def _is_beyond(member: Member, wish: Wish) -> bool:
    return (member.shard or 0) >= wish.shards or (member.ordinal or 0) > wish.replicas


def departed(view: View, wish: Wish) -> tuple[Node, ...]:
    """Those of the leaving that the cluster is done with."""
    leavers = leaving(view, wish)
    others = [node for node in staying(view, wish) if node.answers]
    if not leavers or not others:
        return ()
    guards = _guards_of_slots(leavers)
    return tuple(node for node in leavers if _has_parted(node, others, guards) or _is_lost(node, view, wish))


def _guards_of_slots(leavers: tuple[Node, ...]) -> set[str]:
    """Names of the replicas that protect the slots of a leaving master until these have moved away."""
    serving = {node.id for node in leavers if _serves(node)}
    return {node.name for node in leavers if node.myself.master_id in serving}


def _has_parted(node: Node, others: list[Node], guards: set[str]) -> bool:
    entries = [other.entries.get(node.id) for other in others]
    if not node.answers or _serves(node) or any(entry is not None and entry.slots for entry in entries):
        return False
    if node.name in guards or any(other.myself.master_id == node.id for other in others):
        return False
    return not all(entries)


def _serves(node: Node) -> bool:
    return bool(table.own_slots(node) or node.myself.open_slots)


def _is_lost(node: Node, view: View, wish: Wish) -> bool:
    """Whether it is silent, while the members that stay all answer and know nobody else who lives or serves."""
    others = staying(view, wish)
    if node.answers or not all(other.answers for other in others):
        return False
    strangers = [entry for other in others for entry in table.strangers(other, view)]
    return all(entry.is_failing and not entry.slots for entry in strangers)


def remaining(view: View, wish: Wish) -> View:
    """The view without the departed, neither as members nor in the tables of the others."""
    gone = departed(view, wish)
    if not gone:
        return view
    names, ids = {node.name for node in gone}, {node.id for node in gone if node.id}
    return View(tuple(_without(node, ids) for node in view.nodes if node.name not in names))


def _without(node: Node, ids: set[str]) -> Node:
    if not ids & node.entries.keys():
        return node
    return replace(node, table=tuple(entry for entry in node.table if entry.id not in ids))
