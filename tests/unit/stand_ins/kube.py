# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of one namespace in memory, written under the rules of the API server's resourceVersion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Conflict, Kube, Object


def merged(there: Object, change: Mapping[str, Any]) -> Object:
    """As a JSON merge patch (RFC 7386) without null."""
    found = deepcopy(there)
    for key, value in change.items():
        found[key] = merged(found.get(key) or {}, value) if isinstance(value, Mapping) else deepcopy(value)
    return found


class StandInKube(Kube):
    """``before_write`` is called before each write: what others do at the last moment."""

    def __init__(self, namespace: str = "web") -> None:
        self.namespace = namespace
        self.objects: dict[str, Object] = {}
        self.writes = 0
        self.before_write: Callable[[], None] = lambda: None
        self._version = 0
        self.evictions: list[str] = []
        self.on_evict: Callable[[str, str], None] = lambda pod, uid: None

    def get(self, path: str) -> Object | None:
        return deepcopy(self.objects.get(path))

    def list(self, path: str, selector: str = "", fields: str = "") -> list[Object]:
        del selector, fields
        return [deepcopy(value) for key, value in self.objects.items() if key.rpartition("/")[0] == path]

    def create(self, path: str, body: Object) -> Object:
        self.before_write()
        key = f"{path}/{body['metadata']['name']}"
        if key in self.objects:
            raise Conflict(f"Cannot post {path}: 409 it exists already; run again.")
        return self._store(key, body)

    def replace(self, path: str, body: Object) -> Object:
        self.before_write()
        there = self.objects.get(path)
        if there is None or there["metadata"]["resourceVersion"] != body["metadata"].get("resourceVersion"):
            raise Conflict(f"Cannot put {path}: 409 the object has been modified; run again.")
        return self._store(path, body)

    def apply(self, path: str, body: Object, dry_run: bool = False) -> Object:
        """Server-side apply of one who owns all that it names; what others put there stays."""
        self.before_write()
        there = self.objects.get(path, {"metadata": {}})
        merged = {**there, **body, "metadata": {**there["metadata"], **body["metadata"]}}
        for part in ("data", "stringData"):
            if part in body:
                merged[part] = {**there.get(part, {}), **body[part]}
        return deepcopy(merged) if dry_run else self._store(path, merged)

    def patch(self, path: str, body: Object, dry_run: bool = False) -> Object:
        self.before_write()
        there = self.objects[path]
        if body.get("metadata", {}).get("uid") not in (None, there["metadata"].get("uid")):
            raise Conflict(f"Cannot patch {path}: 409 the UID is another; run again.")
        changed = merged(there, body)
        return changed if dry_run else self._store(path, changed)

    def delete(self, path: str, preconditions: Mapping[str, str] | None = None, propagation: str = "") -> None:
        """What the object owns stays as it is."""
        del propagation
        self.before_write()
        there = self.objects.get(path, {"metadata": {}})["metadata"]
        if any(there.get(key) != value for key, value in (preconditions or {}).items()):
            raise Conflict(f"Cannot delete {path}: 409 the object has been modified; run again.")
        self.writes += 1
        self.objects.pop(path, None)

    def evict(self, pod: str, uid: str) -> None:
        self.before_write()
        self.writes += 1
        self.evictions.append(pod)
        self.on_evict(pod, uid)

    def _store(self, path: str, body: Object) -> Object:
        self._version += 1
        self.writes += 1
        self.objects[path] = deepcopy(body)
        self.objects[path]["metadata"].setdefault("uid", f"uid-{self._version}")
        self.objects[path]["metadata"]["resourceVersion"] = str(self._version)
        return deepcopy(self.objects[path])

    def write(self, path: str, **spec: Any) -> None:
        """Another party writes fields of an object's spec."""
        self._version += 1
        self.objects[path]["spec"].update(spec)
        self.objects[path]["metadata"]["resourceVersion"] = str(self._version)
