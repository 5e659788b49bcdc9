# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was declared when an instance was made, compared with what is declared now. Pure; PRIVATE to the collection.

Each StatefulSet carries the declaration as the annotation k8sredis.io/declared, and so does the Secret,
which outlives the instance together with its claims. The restart hash is made from what the user
declared, never from texts that a release of the collection generates: a new release alone restarts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    configuration,
    directives,
    grace,
    names,
    quantities,
    versions,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import SENTINEL, Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import LONGEST_VALUE, shown, unchangeable
from ansible_collections.k8sredis.core.plugins.module_utils._model import Wish
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import StatefulSet

ANNOTATION = "k8sredis.io/declared"
FORMAT = 1

RESTART_RELEVANT: Mapping[str, Any] = {
    "image": None,
    "persistence": None,
    "storage": None,
    "modules": ["bundled"],
    "resources": {},
    "maxmemory_percent": 70,
    "cluster_domain": "cluster.local",
    "ip_family": "ipv4",
    "port": 6379,
    "bus_port": 16379,
    "node_selector": {},
    "tolerations": [],
    "affinity": {},
    "anti_affinity": "required",
    "topology_spread_constraints": [],
    "priority_class": "",
    "pod_security_context": None,
    "container_security_context": None,
    "extra_volumes": [],
    "extra_volume_mounts": [],
    "termination_grace_period": 60,
    "keeper": True,
}
"""Settings that a pod takes up only when it restarts, each with a value that leaves the hash alone.

Frozen: an entry is never changed. A new one gets the value that stands for how pods were before it existed,
so that nobody's pods restart for it. ``keeper``: its absence before 0.2 is not told from its presence; pods get it at
their next restart."""

SCALE = ("shards", "replicas")
LIVE = ("require_full_coverage", "preferred_endpoint_type", "node_timeout")
"""Directives that a server takes while it runs, with variables of their own: a run sets them, so that they are told for
the doctor and never a change that is refused."""

RESTART_REASON = "it needs a restart of every pod"
"""Of a change that a run brings to the pods one by one: never refused on a live instance."""

OF_SENTINELS = {
    "sentinel_port": "clients and Sentinels reach all Sentinels at one port, and pods that restart one by one have two",
    "sentinel_storage": "the claims of a StatefulSet cannot be changed, and the file of a Sentinel stays small",
    "sentinel_resources": RESTART_REASON,
}
"""Settings of Sentinels alone, and why a change of each is refused, or what it needs."""

COLOCATED_REASON = "the Sentinels' files would stay behind, and name a former master should they ever be taken up again"

FIXED = {
    "persistence": "servers would start from files of the other kind, which are old or not there",
    "port": "members, modules and clients reach all pods at one port, and pods that restart one by one would have two",
    "bus_port": "members could not reach each other while pods that restart one by one have two bus ports",
    "ip_family": "members could not reach each other while pods that restart one by one announce both families",
}
"""What a restart of one pod after the other cannot bring about, and why."""
SCALE_REASON = "its claims are those of so many members; only an instance that runs is scaled"
STORAGE_REASON = "the data would stay behind"


@dataclass(frozen=True)
class Change:
    """One setting that is another than it was."""

    setting: str
    old: Any
    new: Any
    reason: str


def declared(wish: Declaration) -> dict[str, Any]:
    """What the annotation holds: no secrets, no users."""
    plain = {name: _plain(getattr(wish, name)) for name in (*SCALE, *LIVE, *RESTART_RELEVANT)}
    # What is computed may change with a release, so it counts as the default of former ones.
    if wish.termination_grace_period == grace.COMPUTED:
        plain["termination_grace_period"] = RESTART_RELEVANT["termination_grace_period"]
    if wish.topology == SENTINEL:
        plain |= {"colocated": wish.colocated, "sentinels": wish.watchers}
        # Beside the servers Sentinels have no storage of their own.
        unused = ("sentinel_storage",) if wish.colocated else ()
        plain |= {name: _plain(getattr(wish, name)) for name in OF_SENTINELS if name not in unused}
    server, _problems = versions.server(wish.image, wish.version)
    return {"format": FORMAT, "server": str(server), **plain, "storage": _storage(wish), "config": _config(wish)}


def text(wish: Declaration) -> str:
    return json.dumps(declared(wish), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(annotation: str) -> dict[str, Any] | None:
    """None when it cannot be read."""
    try:
        found = json.loads(annotation)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def last(made: Sequence[StatefulSet]) -> dict[str, Any]:
    """What the last run declared, empty when nothing tells. The first shard never leaves, so it tells the latest."""
    return (read(made[0].annotations.get(ANNOTATION, "")) or {}) if made else {}


def shape(before: Mapping[str, Any]) -> Wish | None:
    """Of what was declared."""
    shards, replicas = before.get("shards"), before.get("replicas")
    return Wish(shards, replicas) if isinstance(shards, int) and isinstance(replicas, int) else None


def restart_hash(wish: Declaration) -> str:
    """10 hexadecimal digits over what a pod takes up only when it restarts."""
    return names.short_hash(made_from(wish))


def made_from(wish: Declaration) -> str:
    """What a pod takes up only when it restarts, as JSON without neutral values; pods carry it as an annotation, so
    that a run can say why it restarts one."""
    return _made_from(wish, of_sentinel=wish.colocated)


def sentinel_made_from(wish: Declaration) -> str:
    """The same of a pod with a Sentinel: what is declared for servers is its as well, and its resources."""
    return _made_from(wish, of_sentinel=True)


def _made_from(wish: Declaration, *, of_sentinel: bool) -> str:
    now = declared(wish)
    relevant = {name: _canonical(name, now[name]) for name, neutral in RESTART_RELEVANT.items() if now[name] != neutral}
    relevant["config"] = {name: value for name, value in now["config"].items() if directives.is_for_boot(name)}
    if of_sentinel:
        relevant["sentinel_resources"] = _canonical("sentinel_resources", now["sentinel_resources"])
    return json.dumps(relevant, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def changes(before: Mapping[str, Any], wish: Declaration) -> list[Change]:
    """In a fixed order. A setting that the annotation does not know had its neutral value."""
    now = declared(wish)
    found = []
    for name in (*SCALE, *RESTART_RELEVANT):
        old = before.get(name, RESTART_RELEVANT.get(name))
        if name != "storage" and _canonical(name, old) != _canonical(name, now[name]):
            found.append(Change(name, old, now[name], _reason(name)))
    if wish.topology == SENTINEL:
        found += _sentinel_changes(before, now)
    return [*found, *_storage_changes(before.get("storage") or {}, now["storage"]), *_config_changes(before, now)]


def is_rolled(change: Change) -> bool:
    """Whether a run brings it to the pods by restarting them one by one."""
    return change.reason == RESTART_REASON


def differences(before: str, now: str) -> list[str]:
    """What differs between two texts of made_from(), in words such as ``image redis:8.0 -> redis:8.6``; empty when one
    of them cannot be read."""
    old, new = _leaves(before), _leaves(now)
    if old is None or new is None:
        return []
    return [
        f"{name} {_word(old.get(name))} -> {_word(new.get(name))}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _leaves(text: str) -> dict[str, Any] | None:
    """By dotted names; a setting that is not named has its neutral value."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    flat: dict[str, Any] = {}
    for name, value in {**RESTART_RELEVANT, **found}.items():
        _flatten(name, value, flat)
    return flat


def _flatten(name: str, value: Any, into: dict[str, Any]) -> None:
    if isinstance(value, Mapping):
        for key, deeper in value.items():
            _flatten(f"{name}.{key}", deeper, into)
    elif value is not None:
        into[name] = _short(value)


def _word(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_VALUE else shown(value)


def problem(change: Change, way_out: str) -> str:
    return unchangeable(change.setting, change.old, change.new, change.reason, way_out)


def _reason(name: str) -> str:
    if name in SCALE:
        return SCALE_REASON
    return FIXED.get(name, RESTART_REASON)


def _sentinel_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    colocated = before.get("colocated", False)
    if colocated != now["colocated"]:
        return [Change("colocated", colocated, now["colocated"], COLOCATED_REASON)]
    others = [(name, before.get(name), now[name]) for name in OF_SENTINELS if name in now]
    return [
        Change(name, old, new, OF_SENTINELS[name])
        for name, old, new in others
        if _canonical(name, old) != _canonical(name, new)
    ]


def _storage_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """What a StatefulSet's templates of claims say is judged by these themselves."""
    if old.get("type") != new["type"]:
        return [Change("storage.type", old.get("type"), new["type"], STORAGE_REASON)]
    reasons = {"host_path": STORAGE_REASON, "empty_dir": RESTART_REASON}
    return [
        Change(f"storage.{key}", old.get(key), value, reasons[new["type"]])
        for key, value in new.items()
        if new["type"] in reasons and old.get(key) != value
    ]


def _config_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """One for each directive that a server reads only when it starts."""
    old, new = before.get("config") or {}, now["config"]
    return [
        Change(f"config.{name}", _short(old.get(name)), _short(new.get(name)), RESTART_REASON)
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name) and directives.is_for_boot(name)
    ]


def _short(values: Any) -> Any:
    """A list of one value is shown as that value."""
    return values[0] if isinstance(values, list) and len(values) == 1 else values


def _canonical(name: str, value: Any) -> Any:
    """1Gi and 1024Mi are the same; pods do not see what their claims ask for."""
    if name == "storage" and isinstance(value, Mapping) and value.get("type") == "persistent_claim":
        return {"type": value["type"]}
    if name in ("resources", "sentinel_resources") and isinstance(value, Mapping):
        return {kind: _amounts(amounts) for kind, amounts in value.items()}
    return value


def _amounts(given: Any) -> Any:
    """As they are when they are no dictionary: another check refuses them then."""
    return {key: _amount(each) for key, each in given.items()} if isinstance(given, Mapping) else given


def _amount(text: Any) -> str:
    amount = quantities.quantity(text)
    return str(text) if amount is None else format(amount.normalize(), "f")


def _config(wish: Declaration) -> dict[str, list[str]]:
    """Directives as they reach the file, so that yes and true are the same."""
    found: dict[str, list[str]] = {}
    for name, value in configuration.settings(wish):
        found.setdefault(name, []).append(value)
    return found


def _storage(wish: Declaration) -> dict[str, Any]:
    """Only what the kind of storage uses."""
    kind = wish.storage.get("type") or "persistent_claim"
    used = {"persistent_claim": ("size", "class"), "empty_dir": ("size",), "host_path": ("path",)}.get(kind, ())
    return {"type": kind, **{key: str(wish.storage.get(key) or "") for key in used}}


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(value, default=str))
