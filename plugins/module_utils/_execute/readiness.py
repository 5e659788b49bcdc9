# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes sure, before slots move, that nothing can stop them half-way. PRIVATE to the collection.

1. The targets have room (headroom.py).
2. The user that the modules log in as, and the one that nodes use among themselves, may run every command of the
   engine: ACL DRYRUN, on every master that takes part.
3. A master that serves nothing yet has the functions, users and settings of those that do; functions are copied, the
   rest is for a person.
4. Large keys are known (setslot.py looks again before each batch).
5. On a master that gives all it has, replicas may not wander: an emptied master, and its replicas, would else become
   replicas of the receiver, each with a full synchronisation (Redis and Valkey, all versions).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import engines, headroom, rights, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner
from ansible_collections.k8sredis.core.plugins.module_utils._execute import setslot
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._execute.survey import Survey
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    Fatal,
    Member,
    Node,
    Plan,
    Refused,
    Retryable,
    Step,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Command, is_error
from ansible_collections.k8sredis.core.plugins.module_utils._observe.slots import NOTHING, Weight

SETTINGS_APART = frozenset({"maxmemory", "cluster-allow-replica-migration"})
"""Settings in which a new master may differ: memory is judged by itself, the other is set here."""

WANDER = "cluster-allow-replica-migration"

MOST_LOOKED_THROUGH = 1_000_000
"""Keys among which large ones are searched before the first move: about a second of the servers' time."""


def check(session: Session, survey: Survey, manner: Manner, weighed: dict[int, Weight]) -> None:
    """Raises Refused or Fatal with what stands in the way; ``weighed`` gets the slots that have no large key."""
    headroom.refuse_overfull(survey.volumes, survey.view, manner.memory_percent)
    _refuse_missing_rights(session, survey)
    for target in _new_masters(survey):
        _refuse_other_settings(survey, target)
        _refuse_other_users(session, survey, target)
    if survey.engine == engines.SETSLOT:
        weighed.update({slot: NOTHING for move in survey.moves for slot in move.slots if not survey.keys.get(slot)})
        if survey.total.keys <= MOST_LOOKED_THROUGH:
            weighed.update(_refuse_large_keys(session, survey, manner))


def prepare(session: Session, survey: Survey) -> None:
    """What is done before the first move."""
    for target in _new_masters(survey):
        _copy_functions(session, survey, target)
    session.execute(survey.view, _keep_replicas(survey))


def _taking_part(survey: Survey) -> list[Node]:
    names = {name for move in survey.moves for name in (move.source, move.target)}
    return [node for node in survey.view.answering if node.name in names]


def _new_masters(survey: Survey) -> list[Node]:
    targets = {move.target for move in survey.moves}
    return [node for node in survey.view.answering if node.name in targets and not table.own_slots(node)]


def _a_source(survey: Survey) -> Node:
    return next(node for node in survey.view.answering if node.name == survey.moves[0].source)


def _refuse_missing_rights(session: Session, survey: Survey) -> None:
    nodes = _taking_part(survey)
    who = session.clients.send({node.member: [("ACL", "WHOAMI"), ("CONFIG", "GET", "masteruser")] for node in nodes})
    for node in nodes:
        me, found = who[node.name]
        if is_error(me):
            raise _broken(node, me)
        between = found[1] if isinstance(found, list) and len(found) == 2 and found[1] else ""
        _dry_run(session, node, str(me), rights.TOOL[survey.engine])
        if between:
            _dry_run(session, node, between, rights.REPLICATION.get(survey.engine, ()))


def _dry_run(session: Session, node: Node, user: str, commands: Sequence[Command]) -> None:
    questions: list[Command] = [("ACL", "DRYRUN", user, *command) for command in commands]
    replies = session.clients.send({node.member: questions})[node.name]
    for command, reply in zip(commands, replies, strict=True):
        if isinstance(reply, Retryable):
            raise _broken(node, reply)
        if reply != "OK":
            words = " ".join(map(str, command[:2]))
            raise Fatal(
                f"Cannot move slots of {node.name}: user '{user}' may not run {words} there ({reply}); give it the "
                "right."
            )


def _broken(node: Node, reply: Any) -> Exception:
    return Retryable(f"Cannot ask {node.name} for its rights: it answered '{reply}'; run again.")


def _refuse_other_settings(survey: Survey, target: Node) -> None:
    source = _a_source(survey)
    for name in sorted(set(source.settings or ()) & set(target.settings or ()) - SETTINGS_APART):
        here, there = (source.settings or {})[name], (target.settings or {})[name]
        if here != there:
            raise Refused(
                f"Cannot move slots to {target.name}: its {name} is '{there}', that of {source.name} is '{here}'; "
                "make them alike first."
            )


def _refuse_other_users(session: Session, survey: Survey, target: Node) -> None:
    """Only between servers of one version: another one may write the same rules in other words."""
    source = _a_source(survey)
    if source.info.get("redis_version") != target.info.get("redis_version"):
        return
    replies = session.clients.send({node.member: [("ACL", "LIST")] for node in (source, target)})
    users = [replies[node.name][0] for node in (source, target)]
    if any(map(is_error, users)):
        return  # Who may not see the users cannot compare them; clients are refused, nothing is lost.
    here, there = ({line.split()[1]: line for line in found} for found in users)
    different = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
    if different:
        raise Refused(
            f"Cannot move slots to {target.name}: its users {table.joined(different)} are not those of {source.name}, "
            "so clients would be refused there; make them alike first (cluster_users)."
        )


def _copy_functions(session: Session, survey: Survey, target: Node) -> None:
    source = _a_source(survey)
    replies = session.clients.send({node.member: [("FUNCTION", "LIST")] for node in (source, target)}, raw=True)
    here, there = (replies[node.name][0] for node in (source, target))
    if is_error(here) or is_error(there) or not here or _libraries(here) == _libraries(there):
        return
    if there:
        raise Refused(
            f"Cannot move slots to {target.name}: it has other functions than {source.name}; make them alike first "
            "(FUNCTION LIST shows them)."
        )
    session.guard()
    (dump,) = session.clients.send({source.member: [("FUNCTION", "DUMP")]}, raw=True)[source.name]
    reply = dump
    if not is_error(dump):
        (reply,) = session.clients.send({target.member: [("FUNCTION", "RESTORE", dump)]}, raw=True)[target.name]
    if is_error(reply):
        raise Fatal(f"Cannot copy the functions of {source.name} to {target.name}: '{reply}'; see 'cluster_info'.")
    text = f"{target.name} gets the functions of {source.name}"
    session.done.append(Step("functions", target.name, text, "it serves no slots yet"))


def _libraries(reply: Any) -> list[bytes]:
    """Names out of FUNCTION LIST, whose items are flat lists of fields."""
    return sorted(item[item.index(b"library_name") + 1] for item in reply)


def _keep_replicas(survey: Survey) -> Plan:
    given: dict[str, int] = {}
    for move in survey.moves:
        given[move.source] = given.get(move.source, 0) + len(move.slots)
    emptied = {
        node.id for node in survey.view.answering if given.get(node.name) == table.count(table.own_slots(node)) > 0
    }
    return Plan(
        tuple(
            Step(
                "set",
                node.name,
                f"{node.name}: {WANDER} yes -> no",
                "an emptied master would follow the one that takes its last slot",
                (("CONFIG", "SET", WANDER, "no"),),
            )
            for node in survey.view.answering
            if emptied & {node.id, node.myself.master_id} and (node.settings or {}).get(WANDER) == "yes"
        )
    )


def _refuse_large_keys(session: Session, survey: Survey, manner: Manner) -> dict[int, Weight]:
    """Slots that were looked through to their last key and have no large one."""
    sources = {node.name: node for node in _taking_part(survey)}
    wanted: dict[Member, list[int]] = {}
    for move in survey.moves:
        held = wanted.setdefault(sources[move.source].member, [])
        held += [slot for slot in move.slots if survey.keys.get(slot)]
    found = setslot.weighed(session, wanted)
    limits = setslot.Limits(manner.large_key, manner.allow_large_keys)
    for (name, slot), weight in sorted(found.items()):
        setslot.refuse_large_key(sources[name], slot, weight, limits)
    return {
        slot: weight
        for (_name, slot), weight in found.items()
        if weight.keys < setslot.MOST_WEIGHED and weight.largest < setslot.LARGE
    }
