# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only user of the Kubernetes API. PRIVATE to the collection.

Authentication is kubernetes.core's own, so that every option, environment variable and kubeconfig
works as it does in kubernetes.core.k8s. Requests name their paths themselves: no discovery is needed
for the few kinds used here.
"""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Fatal, Retryable

try:
    from kubernetes.dynamic.exceptions import DynamicApiError
    from urllib3.exceptions import HTTPError
except ImportError:  # reported by require_libraries() before anything here is called
    pass

FIELD_MANAGER = "k8sredis"
"""Our name in server-side apply; fields of other managers are left alone."""

SILENCE = 5.0
"""Seconds without a byte after which reading is given up. urllib3 tries three times more, so an API
server that stops to answer ends a task after about 20 s instead of never."""

DELIBERATION = 15.0
"""The same for a change: an admission webhook may take 10 s, its default timeout."""

FIRST_CONTACT = 30.0
"""Seconds for the first questions to the API; a healthy one takes one or two."""

RIGHTS = re.compile(r'User ".*" cannot ')
"""How the API server says that somebody lacks a right; admission answers with 403 too, in words of its own."""

Object = dict[str, Any]


class Conflict(Retryable):
    """Somebody else changed the object since it was read (HTTP 409)."""


class Forbidden(Fatal):
    """The user lacks the right (HTTP 403); what is only nice to know does without it."""


class Denied(Fatal):
    """The API will not have the change itself, whoever asks (HTTP 403 of an admission, 422); ``words``: its own."""

    def __init__(self, text: str, words: str) -> None:
        super().__init__(text)
        self.words = words


class Busy(Retryable):
    """Not now (HTTP 429): the API server has too much to do, or a disruption budget forbids an eviction."""


METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""Accept header for an object without its spec and data."""


class Kube:
    """One namespace of a Kubernetes cluster, read and changed through JSON requests."""

    def __init__(self, auth: Mapping[str, Any], namespace: str) -> None:
        """``auth``: the options of kubernetes.core.k8s_auth_options."""
        from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
        from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException

        self.namespace = namespace
        given = {name: value for name, value in auth.items() if value is not None}
        try:
            self._client = _in_time(lambda: get_api_client(**given))
        except (CoreException, DynamicApiError, HTTPError, OSError, ValueError) as error:
            raise Fatal(
                f"Cannot reach the Kubernetes API: {_reason(error)}; check kubeconfig, context or host."
            ) from error
        except Exception as error:  # kubernetes.config.ConfigException, when nothing is configured
            raise Fatal(
                f"Cannot find a Kubernetes cluster: {_reason(error)}; set kubeconfig, context or host."
            ) from error

    @property
    def configuration(self) -> Any:
        """kubernetes.client.Configuration, for the port-forward handshake."""
        return self._client.configuration

    @property
    def headers(self) -> Mapping[str, Any]:
        """Headers sent with each request, such as Impersonate-User."""
        return self._client.client.client.default_headers

    @property
    def host(self) -> str:
        return str(self.configuration.host)

    def path(self, kind: str, name: str = "", group: str = "api/v1") -> str:
        """``kind`` is the plural in lower case; ``group`` such as ``apis/apps/v1``."""
        return f"/{group}/namespaces/{self.namespace}/{kind}" + (f"/{name}" if name else "")

    def get(self, path: str) -> Object | None:
        """The object, or None when there is none."""
        return self._request("get", path, absent=None)

    def get_metadata(self, path: str) -> Object | None:
        """As get(), but what the object holds, such as a Secret's data, is never sent."""
        return self._request("get", path, absent=None, accept=METADATA_ONLY)

    def list(self, path: str, selector: str = "", fields: str = "") -> list[Object]:
        """All objects of a kind with these labels and fields; a namespace that does not exist has none."""
        query = [(key, value) for key, value in (("labelSelector", selector), ("fieldSelector", fields)) if value]
        answer = self._request("get", path, query=query, absent={})
        return list((answer or {}).get("items") or [])

    def create(self, path: str, body: Object) -> Object:
        return self._request("post", path, body=body) or {}

    def replace(self, path: str, body: Object) -> Object:
        """Fails with Conflict when the object's resourceVersion is not the one in ``body``."""
        return self._request("put", path, body=body) or {}

    def apply(self, path: str, body: Object, dry_run: bool = False) -> Object:
        """Server-side apply under our field manager."""
        query = [("fieldManager", FIELD_MANAGER), ("force", "true")]
        if dry_run:
            query.append(("dryRun", "All"))
        return self._request("patch", path, body=body, query=query, content="application/apply-patch+yaml") or {}

    def patch(self, path: str, body: Object, dry_run: bool = False) -> Object:
        query = [("dryRun", "All")] if dry_run else []
        return self._request("patch", path, body=body, query=query, content="application/merge-patch+json") or {}

    def delete(self, path: str, preconditions: Mapping[str, str] | None = None, propagation: str = "") -> None:
        """Deletes the object; one that is gone already is no error. ``propagation``: what becomes of what it owns,
        Background, Foreground or Orphan; empty: the API's default for the kind."""
        body: Object = {"preconditions": dict(preconditions)} if preconditions else {}
        if propagation:
            body["propagationPolicy"] = propagation
        self._request("delete", path, body=body or None, absent=None)

    def evict(self, pod: str, uid: str) -> None:
        """As a drain does it, respecting disruption budgets: raises Busy while one forbids it, and Conflict when the
        pod of that name is another one by now; one that is gone is no error."""
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": self.namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        self._request("post", f"{self.path('pods', pod)}/eviction", body=body, absent=None)

    def _request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        query: Sequence[tuple[str, str]] = (),
        content: str = "application/json",
        absent: Any = ...,
        accept: str = "application/json",
    ) -> Any:
        try:
            answer = self._client.client.request(
                method,
                path,
                body=body,
                query_params=list(query),
                content_type=content,
                header_params={"Accept": accept},
                serialize=False,
                _request_timeout=(SILENCE, SILENCE if method == "get" else DELIBERATION),
            )
        except DynamicApiError as error:
            if error.status == 404 and absent is not ...:
                return absent
            raise _failure(method, path, error) from error
        except (HTTPError, OSError) as error:
            raise Retryable(
                f"Cannot reach the Kubernetes API at {self.host}: {_reason(error)}; check that it answers."
            ) from error
        try:
            return json.loads(answer.data.decode("utf-8"))
        except ValueError as error:
            raise Fatal(
                f"Cannot {method} {path}: the answer of {self.host} is no JSON; check that it is a Kubernetes API."
            ) from error


def _in_time(connect: Callable[[], Any]) -> Any:
    """What ``connect`` gives or raises; TimeoutError when it takes too long.

    get_api_client asks for the server's version and kinds without a timeout: the client of kubernetes hands None to
    urllib3, which then waits for ever, whatever the default of sockets is. The thread ends with the module.
    """
    outcome: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((connect(), None))
        except BaseException as error:  # noqa: BLE001  handed over to the caller
            outcome.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        client, error = outcome.get(timeout=FIRST_CONTACT)
    except queue.Empty:
        raise TimeoutError(f"no answer within {FIRST_CONTACT:.0f} s") from None
    if error is not None:
        raise error
    return client


ADVICE: Mapping[int, tuple[type[ClusterError], str]] = {
    401: (Fatal, "log in again, the API does not accept this token or certificate"),
    403: (Forbidden, "grant the user this right (the Role in the collection's docs/rbac.yml lists all)"),
    409: (Conflict, "run again"),
    429: (Busy, "run again when it is allowed"),
}
"""What an HTTP status means for a run."""


def _failure(method: str, path: str, error: Any) -> Exception:
    words = _api_message(error)
    what = f"Cannot {method} {path}: {error.status} {words}"
    if method != "get" and (error.status == 422 or (error.status == 403 and not RIGHTS.search(words))):
        return Denied(f"{what}.", words)
    if error.status in ADVICE:
        kind, advice = ADVICE[error.status]
        return kind(f"{what}; {advice}.")
    return Retryable(f"{what}; run again when the API server is well.") if error.status >= 500 else Fatal(f"{what}.")


def _api_message(error: Any) -> str:
    try:
        answer = json.loads(error.body)
        # A refused eviction names the budget and its numbers as causes.
        causes = [str(cause["message"]) for cause in (answer.get("details") or {}).get("causes") or []]
        words = str(answer["message"]).rstrip(".")
        return "; ".join([words, *(cause for cause in causes if cause not in words)]).rstrip(".")
    except (KeyError, TypeError, ValueError):
        return str(error.reason)


def _reason(error: BaseException) -> str:
    """The innermost cause in one line: urllib3 wraps it several times."""
    inner = getattr(error, "reason", None)
    if isinstance(inner, BaseException):
        return _reason(inner)
    text = str(error).split("\n", maxsplit=1)[0].strip() or type(error).__name__
    # "HTTPSConnectionPool(host='10.0.0.1', port=6443): Read timed out. (read timeout=5.0)"
    return text.rpartition("): ")[2].replace(". (", " (").rstrip(".")
