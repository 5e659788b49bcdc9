# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every object of a namespace: ``python -m tests.e2e.listing <namespace>`` prints ``kind/name``, sorted."""

from __future__ import annotations

import sys

from tests.e2e.cluster import Cluster, chosen

PASSING = ("events", "events.events.k8s.io", "bindings", "pods.metrics.k8s.io")
"""Kinds that nobody keeps: they come and go by themselves."""


def kinds(cluster: Cluster) -> list[str]:
    words = ("api-resources", "--namespaced", "--verbs=list", "--output=name")
    return [kind for kind in cluster.kubectl(*words).stdout.split() if kind not in PASSING]


def listing(cluster: Cluster, namespace: str) -> list[str]:
    words = (",".join(kinds(cluster)), f"--namespace={namespace}", "--output=name", "--ignore-not-found")
    return sorted(cluster.kubectl("get", *words).stdout.split())


if __name__ == "__main__":
    print("\n".join(listing(chosen(), sys.argv[1])))
