# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.bench [--quick] [--version redis-8.0.2 ...] [--group moves ...]``: print a table and write
build/bench.json.

Cases on a Kubernetes run where one is up: that of KUBECONFIG, or the local one (``python -m tests.kube up``).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

from tests.bench import figure
from tests.bench.figure import Figure
from tests.environment import CHECKOUT
from tests.servers import Server, available

GROUPS = ("create", "moves", "failovers", "sentinel", "planner", "kubernetes")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one version, six nodes, no Kubernetes: does it work at all"
    )
    parser.add_argument("--version", action="append", help="such as redis-8.0.2; again for more; all without it")
    parser.add_argument("--group", action="append", choices=GROUPS, help="which cases; again for more; all without it")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "build" / "bench.json", help="file for the figures")
    options = parser.parse_args()
    # Ansible's own import of collections, before anything of the collection is imported.
    init_plugin_loader([str(CHECKOUT / "collections")])
    servers = _chosen(options.version, options.quick)
    if not servers:
        known = ", ".join(f"{server.family}-{server.version}" for server in available())
        print(f"Cannot measure {options.version}: there is no such server; there are {known}.", file=sys.stderr)
        return 1
    print(figure.HEAD, flush=True)
    figures = []
    for each in _cases(servers, options.quick, options.group or GROUPS):
        figures.append(each)
        print(figure.line(each), flush=True)
        figure.write(figures, options.output)
    print(f"written to {options.output}")
    return 0


def _chosen(names: list[str] | None, quick: bool) -> list[Server]:
    found = [server for server in available() if not names or f"{server.family}-{server.version}" in names]
    return found[:1] if quick else found


def _cases(servers: list[Server], quick: bool, groups: Sequence[str]) -> Iterator[Figure]:
    from tests.bench import failovers, planner, sentinel

    for server in servers:
        if "create" in groups:
            yield from _creations(server, quick)
        if "moves" in groups:
            yield from _moves(server, quick)
        if "failovers" in groups:
            yield failovers.figure(server)
        if "sentinel" in groups:
            yield from sentinel.figures(server)
    if "planner" in groups:
        for nodes in (100,) if quick else (100, 300, 1000):
            yield planner.plan(nodes)
    if "kubernetes" in groups and not quick:
        yield from _on_kubernetes()


def _creations(server: Server, quick: bool) -> Iterator[Figure]:
    from tests.bench import loopback

    for nodes in (6,) if quick else (6, 12, 30):
        yield loopback.create(server, nodes)
    for nodes in (6,) if quick else (6, 30):
        yield loopback.create_modules(server, nodes)
        yield loopback.info(server, nodes)


def _moves(server: Server, quick: bool) -> Iterator[Figure]:
    from tests.bench import moves

    for before, after in ((3, 4),) if quick else ((3, 4), (9, 10), (29, 30)):
        yield moves.empty(server, before, after)
    yield from moves.reshard(server, 5_000 if quick else 500_000)
    if not quick:
        yield from moves.felt(server, 500_000)


def _on_kubernetes() -> Iterator[Figure]:
    from tests.bench import kubernetes
    from tests.e2e.cluster import chosen, images
    from tests.kube.lab import Lab
    from tests.kube.up import is_healthy

    cluster = chosen()
    if cluster.local and not (os.geteuid() == 0 and is_healthy(Lab.from_environment())):
        print("no Kubernetes is up: the cases converge, converge-again and info-k8s are left out", flush=True)
        return
    yield from kubernetes.cases(cluster, images(cluster)["redis-8.0"], cluster.local)
    if not cluster.local:
        print("the clients of scale-… reach only the pods of the local Kubernetes: left out", flush=True)
        return
    for line in ("redis-8.0", "redis-8.6", "valkey-9.1"):
        if line in images(cluster):
            yield from kubernetes.scaling(
                cluster, images(cluster)[line], CHECKOUT / "build" / "ledger" / f"bench-{line}"
            )
    for line in ("redis-8.0", "valkey-9.1"):
        if line in images(cluster):
            yield from kubernetes.restarting(cluster, images(cluster)[line])


if __name__ == "__main__":
    sys.exit(main())
