# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock of an instance: a Lease, so that two runs never change it at once. PRIVATE to the collection.

1. No Lease, or one without a holder: take it (create, or replace with its resourceVersion: the API
   server lets only one of two takers win).
2. Held by this run: renew it.
3. Held by another run: watch it. When its renewTime moves, that run lives: refuse, and name it.
4. When it has stood still for its own duration, by the clock of this machine, its run is dead: take it.
5. While a module works, a thread renews the Lease. Before each change the module reads it again and
   stops when the holder or the number of transitions is another than its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import REAL, Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Refused
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Conflict, Kube

GROUP = "apis/coordination.k8s.io/v1"
HOLDER_ANNOTATION = "k8sredis.io/holder"
RENEW_EVERY = 3.0
"""Seconds: well below the 10 s after which a newcomer believes that a holder which stands still is dead."""

SIGN_OF_LIFE = 10.0
"""Seconds within which a living holder renews, with room for an API server that is slow."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """What the Lease said when it was taken; while it says so, it is ours."""

    run_id: str
    transitions: int


class Lock:
    """``name`` is the instance's; ``duration`` in seconds; ``holder`` says who and where, for people."""

    def __init__(
        self, kube: Kube, name: str, run_id: str, holder: str = "", duration: int = 60, clock: Clock = REAL
    ) -> None:
        self._kube = kube
        self._instance = name
        self._path = kube.path("leases", f"{name}-lock", GROUP)
        self._run_id = run_id
        self._holder = holder or run_id
        self._duration = duration
        self._clock = clock
        self._held: Held | None = None

    def read(self) -> Object | None:
        return self._kube.get(self._path)

    def take(self, say: Callable[[str], None]) -> None:
        """Steps 1 to 4; ``say`` gets a sentence when it has to wait for a dead holder."""
        lease = self.read()
        if lease is not None and holder_of(lease) not in ("", self._run_id):
            lease = self._outlive(lease, say)
        try:
            self._write(lease)
        except Conflict:
            # Somebody was quicker, or ourselves: urllib3 repeats a PUT that got no answer. The next look says who.
            self.verify()

    def left_behind(self) -> str:
        """Who holds the Lease without renewing it, as far as SIGN_OF_LIFE tells; empty when it can be taken at
        once. Refuses when the holder lives."""
        lease = self.read()
        if lease is None or holder_of(lease) in ("", self._run_id):
            return ""
        latest = self._watch(lease, SIGN_OF_LIFE)
        return description(latest) if latest is not None and holder_of(latest) else ""

    def verify(self) -> None:
        """Raises Refused unless this run holds the Lease already."""
        lease = self.read() or {}
        if holder_of(lease) != self._run_id:
            self._refuse(lease)
        self._held = Held(self._run_id, transitions_of(lease))

    def guard(self) -> None:
        """Step 5: raises Refused when the Lease is no longer this run's."""
        lease = self.read()
        if lease is None or self._held != Held(holder_of(lease), transitions_of(lease)):
            self._refuse(lease)

    def renew(self) -> None:
        """Only the time moves: duration and holder's name stay those of the task that took the lock."""
        lease = self.read()
        if lease is not None and holder_of(lease) == self._run_id:
            lease["spec"]["renewTime"] = _now()
            self._kube.replace(self._path, lease)

    def hold(self) -> None:
        """Renews; raises Refused unless this run holds the Lease still, and Conflict when it lost it that moment."""
        lease = self.read()
        if lease is None or holder_of(lease) != self._run_id:
            self._refuse(lease)
        lease["spec"]["renewTime"] = _now()
        self._kube.replace(self._path, lease)

    def release(self, remove: bool = False) -> bool:
        """Whether there was something to release; ``remove``: the Lease goes too."""
        lease = self.read()
        if lease is None or holder_of(lease) != self._run_id:
            return False
        if remove:
            # Not the Lease of a run that took over since it was read.
            named = {key: lease["metadata"][key] for key in ("uid", "resourceVersion")}
            self._kube.delete(self._path, named)
            self._held = None
            return True
        lease["spec"]["holderIdentity"] = ""
        lease["metadata"].get("annotations", {}).pop(HOLDER_ANNOTATION, None)
        self._kube.replace(self._path, lease)
        self._held = None
        return True

    def note(self, name: str) -> str:
        """What an earlier run left on the Lease under this name; empty when nothing."""
        return str(((self.read() or {}).get("metadata", {}).get("annotations") or {}).get(name, ""))

    def leave_note(self, name: str, text: str) -> None:
        """Leaves it there for the next run; the caller has made sure of the lock. A renewal that crosses it gives
        way."""
        self._kube.patch(self._path, {"metadata": {"annotations": {name: text}}})

    def _outlive(self, lease: Object, say: Callable[[str], None]) -> Object | None:
        """Step 3 and 4: the Lease when its holder is dead or has let go."""
        duration = int(lease["spec"].get("leaseDurationSeconds", self._duration))
        seen = lease["spec"].get("renewTime")
        say(
            f"{self._instance} is locked by {description(lease)}, last renewed {seen}; taking over when that has stood "
            f"still for {duration} s."
        )
        return self._watch(lease, duration)

    def _watch(self, lease: Object, seconds: float) -> Object | None:
        """The Lease after it stood still for so long, or when it was let go; refuses when its holder lives."""
        seen = lease["spec"].get("renewTime")

        def moved(now: Object | None) -> bool:
            return now is None or holder_of(now) == "" or now["spec"].get("renewTime") != seen

        latest = wait.until(self.read, moved, seconds, 0.5, self._clock)
        if latest is not None and holder_of(latest) and moved(latest):
            self._refuse(latest)
        return latest

    def _write(self, lease: Object | None) -> None:
        now = _now()
        if lease is None:
            body = self._body({}, now, 0)
            self._kube.create(self._kube.path("leases", group=GROUP), body)
            self._held = Held(self._run_id, 0)
            return
        same = holder_of(lease) == self._run_id
        transitions = transitions_of(lease) + (0 if same else 1)
        self._kube.replace(self._path, self._body(lease, now, transitions))
        self._held = Held(self._run_id, transitions)

    def _body(self, lease: Object, now: str, transitions: int) -> Object:
        metadata = lease.get("metadata") or {
            "name": f"{self._instance}-lock",
            "labels": {
                "app.kubernetes.io/instance": self._instance,
                "app.kubernetes.io/managed-by": "k8sredis",
            },
        }
        metadata = {**metadata, "annotations": {**metadata.get("annotations", {}), HOLDER_ANNOTATION: self._holder}}
        metadata.pop("managedFields", None)
        spec = {
            "holderIdentity": self._run_id,
            "leaseDurationSeconds": self._duration,
            "renewTime": now,
            "acquireTime": lease.get("spec", {}).get("acquireTime", now)
            if transitions_of(lease) == transitions
            else now,
            "leaseTransitions": transitions,
        }
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}

    def _refuse(self, lease: Object | None) -> NoReturn:
        if not lease or not holder_of(lease):
            raise Refused(
                f"Cannot change {self._instance}: this run does not hold its lock; take it with 'instance_lock'."
            )
        raise Refused(
            f"Cannot change {self._instance}: it is locked by {description(lease)}, "
            f"last renewed {lease['spec'].get('renewTime', 'never')}; wait until that run has ended."
        )


class Renewal:
    """Renews a lock in a thread while a module works; a failed renewal shows at the next guard()."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        # At once, too: a run of many short tasks would otherwise never show a sign of life.
        while True:
            # The API server may be away for a moment; guard() decides before the next change.
            with suppress(ClusterError):
                self._lock.renew()
            if self._stop.wait(RENEW_EVERY):
                return


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def holder_of(lease: Object) -> str:
    return str(lease.get("spec", {}).get("holderIdentity") or "")


def transitions_of(lease: Object) -> int:
    return int(lease.get("spec", {}).get("leaseTransitions") or 0)


def description(lease: Object) -> str:
    """The holder for people: who and where, then its run id."""
    who = (lease["metadata"].get("annotations") or {}).get(HOLDER_ANNOTATION, "")
    run_id = holder_of(lease)
    return f"{who} (run {run_id})" if who and who != run_id else run_id
