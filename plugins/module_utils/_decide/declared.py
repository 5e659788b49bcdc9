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

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    configuration,
    directives,
    live,
    names,
    quantities,
    versions,
)
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
MENDED = ("node_timeout",)
"""What a run sets on a live instance: told for the doctor, never a change that is refused."""

RESTART_REASON = "it needs a restart of every pod, which this version does not do yet"
SCALE_REASON = "its claims are those of so many members; only an instance that runs is scaled"
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
    plain = {name: _plain(getattr(wish, name)) for name in (*SCALE, *LIVE, *MENDED, *RESTART_RELEVANT)}
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


def restart_hash(wish: Declaration) -> str:
    """10 hexadecimal digits over what a pod takes up only when it restarts."""
    now = declared(wish)
    relevant = {name: _canonical(name, now[name]) for name, neutral in RESTART_RELEVANT.items() if now[name] != neutral}
    relevant["config"] = {name: value for name, value in now["config"].items() if directives.is_for_boot(name)}
    return names.short_hash(json.dumps(relevant, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def changes(before: Mapping[str, Any], wish: Declaration) -> list[Change]:
    """In a fixed order. A setting that the annotation does not know had its neutral value."""
    now = declared(wish)
    found = []
    for name in (*SCALE, *RESTART_RELEVANT, *LIVE):
        old = before.get(name, RESTART_RELEVANT.get(name))
        if name != "storage" and _canonical(name, old) != _canonical(name, now[name]):
            found.append(Change(name, old, now[name], _reason(name)))
    return [*found, *_storage_changes(before.get("storage") or {}, now["storage"]), *_config_changes(before, now)]


def problem(change: Change, way_out: str) -> str:
    return unchangeable(change.setting, change.old, change.new, change.reason, way_out)


def _reason(name: str) -> str:
    if name in SCALE:
        return SCALE_REASON
    if name in LIVE:
        return LIVE_REASON
    return PERSISTENCE_REASON if name == "persistence" else RESTART_REASON


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
    """One for each directive."""
    old, new = before.get("config") or {}, now["config"]
    return [
        Change(f"config.{name}", _short(old.get(name)), _short(new.get(name)), _config_reason(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name) and name not in live.MENDED
    ]


def _config_reason(name: str) -> str:
    return RESTART_REASON if directives.is_for_boot(name) else LIVE_REASON


def _short(values: Any) -> Any:
    """A list of one value is shown as that value."""
    return values[0] if isinstance(values, list) and len(values) == 1 else values


def _canonical(name: str, value: Any) -> Any:
    """1Gi and 1024Mi are the same; pods do not see what their claims ask for."""
    if name == "storage" and isinstance(value, Mapping) and value.get("type") == "persistent_claim":
        return {"type": value["type"]}
    if name == "resources" and isinstance(value, Mapping):
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
