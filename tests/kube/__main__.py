# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.kube up|down|status|kubeconfig|load-image|exec``: a real Kubernetes on this machine."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.environment import SetupError
from tests.kube import node
from tests.kube.down import take_down
from tests.kube.errors import LabError
from tests.kube.lab import API_ADDRESS, CLUSTER_DOMAIN, NODES, Lab
from tests.kube.network import CONTROL_PLANE
from tests.kube.prerequisites import check_root
from tests.kube.status import status
from tests.kube.up import bring_up, lock_of
from tests.servers.apt import FetchError


def main() -> int:
    arguments = parser().parse_args()
    try:
        return VERBS[arguments.verb](Lab.from_environment(), arguments)
    except (LabError, SetupError, FetchError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the next `up` or `down` clears away what is half done", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="python -m tests.kube", description=__doc__)
    verbs = result.add_subparsers(dest="verb", required=True, metavar="verb")
    verbs.add_parser("up", help="start it, or leave it as it is when it is up; the first time it is built")
    verbs.add_parser("down", help="end it, also what a killed run left; nothing of it remains but the cache")
    verbs.add_parser("status", help="show components and nodes; the exit code is 0 when all is well")
    verbs.add_parser("kubeconfig", help="print the path of the kubeconfig file")
    load = verbs.add_parser("load-image", help="load image archives (OCI or docker) into all nodes")
    load.add_argument("archive", nargs="+", type=Path)
    execute = verbs.add_parser("exec", help="run a command where pod addresses and cluster names work")
    execute.add_argument("--node", choices=[each.name for each in NODES], help="there Service addresses work too")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- command …")
    return result


def up(lab: Lab, _arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    bring_up(lab, say=lambda line: print(f"[{time.monotonic() - started:5.1f} s] {line}", flush=True))
    print(f"\n  export KUBECONFIG={lab.kubeconfig}\n  {lab.binaries}/kubectl get nodes\n")
    return 0


def down(lab: Lab, _arguments: argparse.Namespace) -> int:
    check_root()
    if lab.folder.parent.exists():
        with lock_of(lab):
            take_down(lab)
    return 0


def show_status(lab: Lab, _arguments: argparse.Namespace) -> int:
    lines, well = status(lab)
    print("\n".join(lines))
    return 0 if well else 1


def kubeconfig(lab: Lab, _arguments: argparse.Namespace) -> int:
    print(running(lab).kubeconfig)
    return 0


def load_image(lab: Lab, arguments: argparse.Namespace) -> int:
    check_root()
    for archive in arguments.archive:
        for each in NODES:
            node.load_image(running(lab), each, archive.absolute())
        print(f"{archive} is in all nodes")
    return 0


def execute(lab: Lab, arguments: argparse.Namespace) -> int:
    """The names of the cluster are made to resolve by a resolv.conf that this command alone sees."""
    check_root()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise LabError("Cannot run nothing: give a command, for example `exec -- redis-cli -h 10.244.1.2 PING`.")
    resolver = running(lab).folder / "resolv.conf"
    resolver.write_text(f"nameserver {API_ADDRESS}\nsearch {CLUSTER_DOMAIN}\n", encoding="ascii")
    namespace = lab.network_namespace(arguments.node or CONTROL_PLANE)
    script = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
    words = ["nsenter", f"--net={namespace}", "unshare", "--mount", "sh", "-c", script, "sh", str(resolver), *command]
    os.execvp(words[0], words)  # noqa: S606


def running(lab: Lab) -> Lab:
    if not lab.kubeconfig.exists():
        raise LabError("Cannot use the local Kubernetes: it is not up; run `python -m tests.kube up`.")
    return lab


VERBS = {
    "up": up,
    "down": down,
    "status": show_status,
    "kubeconfig": kubeconfig,
    "load-image": load_image,
    "exec": execute,
}

if __name__ == "__main__":
    sys.exit(main())
