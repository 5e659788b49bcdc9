# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.demo up [--image IMAGE] | down``: a healthy Redis Cluster of 3 shards x 1 replica.

On the Kubernetes of KUBECONFIG, or without it on a local one, which is started, and the first time built.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import yaml
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError

from tests.demo import kubernetes
from tests.demo.ansible import DemoError, module, play
from tests.demo.farewell import farewell
from tests.demo.kubernetes import Kubernetes
from tests.demo.place import NAMESPACE, Place
from tests.environment import CHECKOUT, SetupError
from tests.kube.errors import LabError
from tests.servers.apt import FetchError

NAME = "demo"
SHARDS, REPLICAS = 3, 1
WISH = CHECKOUT / "build" / "demo.yml"
"""What the demo declares, for the user to change and run again."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    making = verbs.add_parser("up", help="make it, or leave it as it is when it is there")
    making.add_argument("--image", default="", help="for a Kubernetes that cannot pull the role's default image")
    verbs.add_parser("down", help="remove it, and the local Kubernetes when the demo had started that")
    arguments = parser.parse_args()
    try:
        up(arguments.image) if arguments.verb == "up" else down()
    except (DemoError, FetchError, LabError, SetupError) as error:
        print(error, file=sys.stderr)
        return 1
    except (ApiException, ConfigException, HTTPError) as error:
        seen = str(error).strip().split("\n", maxsplit=1)[0]
        print(f"Cannot use Kubernetes: {seen}; check KUBECONFIG, or unset it to use a local one.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run it again to go on, or `make demo-down` to clear up", file=sys.stderr)
        return 130
    return 0


def up(image: str) -> None:
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {line}", flush=True)

    where = kubernetes.given() or kubernetes.local(say)
    place = Place(where.kubeconfig)
    place.make_namespace()
    say(f"converging a Redis Cluster of {SHARDS} shards x {REPLICAS} replica in the namespace {NAMESPACE}")
    WISH.parent.mkdir(exist_ok=True)
    WISH.write_text(yaml.safe_dump(declaration(where, place, image, say), sort_keys=False), encoding="utf-8")
    changed = play("redis_cluster", where.kubeconfig, f"@{WISH.relative_to(CHECKOUT)}")
    seen = module("cluster_info", where.kubeconfig, {"name": NAME, "namespace": NAMESPACE, "shards": SHARDS})
    print("\n".join(["", *seen["report"], ""]))
    say("done" if changed else "nothing changed")
    print(farewell(where, NAME, WISH.relative_to(CHECKOUT)))


def declaration(where: Kubernetes, place: Place, image: str, say: Any) -> dict[str, Any]:
    """What a user would write, small enough for a laptop."""
    wish: dict[str, Any] = {
        "redis_cluster_name": NAME,
        "redis_cluster_namespace": NAMESPACE,
        "redis_cluster_shards": SHARDS,
        "redis_cluster_replicas": REPLICAS,
        "redis_cluster_resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "redis_cluster_storage": {"size": "1Gi"},
    }
    if image or where.image:
        wish["redis_cluster_image"] = image or where.image
    if place.has_one_kube_node():
        say("there is one kube_node to run on, so masters and replicas share it")
        wish["redis_cluster_anti_affinity"] = "none"
    if not place.has_default_class():
        say("there is no default storage class, so the data goes with its pods")
        wish["redis_cluster_storage"] = {"type": "empty_dir", "size": "1Gi"}
    return wish


def down() -> None:
    where = kubernetes.given()
    if where is None and kubernetes.is_the_demos_own():
        print("ending the local Kubernetes, which the demo had started")
        kubernetes.end()
        return
    where = where or kubernetes.running()
    if where is None:
        print("There is no local Kubernetes, so there is nothing to remove.")
    else:
        remove(where)


def remove(where: Kubernetes) -> None:
    place = Place(where.kubeconfig)
    if place.namespace_exists():
        play(
            "redis_cluster_destroy",
            where.kubeconfig,
            f"redis_cluster_name={NAME} redis_cluster_namespace={NAMESPACE} redis_cluster_confirm_destroy={NAME}",
            "redis_cluster_delete_claims=true redis_cluster_delete_auth=true",
        )
    gone = "and its namespace are" if place.delete_namespace() or not place.namespace_exists() else "is"
    print(f"the demo's instance {gone} gone")


if __name__ == "__main__":
    sys.exit(main())
