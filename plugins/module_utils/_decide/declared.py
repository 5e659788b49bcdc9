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
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import configuration, directives, names
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unchangeable

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
}
"""Settings that a pod takes up only when it restarts, each with a value that leaves the hash alone.

Frozen: an entry is never changed. A new one gets the value that stands for how pods were before it existed,
so that nobody's pods restart for it."""

SCALE = ("shards", "replicas")
LIVE = ("require_full_coverage", "preferred_endpoint_type")
"""Directives that a server takes while it runs, with variables of their own."""

RESTART_REASON = "it needs a restart of every pod, which this version does not do yet"
SCALE_REASON = "this version does not scale a live instance yet"
LIVE_REASON = "this version does not change directives of a live instance yet"
PERSISTENCE_REASON = "servers would start from files of the other kind, which are old or not there"
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
    return {"format": FORMAT, **plain, "storage": _storage(wish), "config": _config(wish)}


def text(wish: Declaration) -> str:
    return json.dumps(declared(wish), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(annotation: str) -> dict[str, Any] | None:
    """None when it cannot be read."""
    try:
        found = json.loads(annotation)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def restart_hash(wish: Declaration) -> str:
    """10 hexadecimal digits over what a pod takes up only when it restarts."""
    now = declared(wish)
    # Claims grow without a restart.
    now["storage"] = {key: value for key, value in now["storage"].items() if key != "size"}
    relevant = {name: now[name] for name, neutral in RESTART_RELEVANT.items() if now[name] != neutral}
    relevant["config"] = {name: value for name, value in now["config"].items() if directives.is_for_boot(name)}
    return names.short_hash(json.dumps(relevant, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def changes(before: Mapping[str, Any], wish: Declaration) -> list[Change]:
    """In a fixed order. A setting that the annotation does not know had its neutral value."""
    now = declared(wish)
    found = [
        Change(name, old, now[name], _reason(name))
        for name in (*SCALE, *RESTART_RELEVANT, *LIVE)
        if name != "storage" and (old := before.get(name, RESTART_RELEVANT.get(name))) != now[name]
    ]
    return [*found, *_of("storage", before, now), *_of("config", before, now)]


def problem(change: Change, way_out: str) -> str:
    return unchangeable(change.setting, change.old, change.new, change.reason, way_out)


def _reason(name: str) -> str:
    if name in SCALE:
        return SCALE_REASON
    if name in LIVE:
        return LIVE_REASON
    return PERSISTENCE_REASON if name == "persistence" else RESTART_REASON


def _of(group: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Changes inside a dictionary, one for each key."""
    old, new = before.get(group) or {}, now[group]
    reasons = {"storage": lambda _key: STORAGE_REASON, "config": _config_reason}
    return [
        Change(f"{group}.{key}", old.get(key), new.get(key), reasons[group](key))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]


def _config_reason(name: str) -> str:
    return RESTART_REASON if directives.is_for_boot(name) else LIVE_REASON


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
