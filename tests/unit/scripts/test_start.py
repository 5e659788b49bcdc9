# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `start` writes down and what it refuses, with a server that only says how it was called."""

from __future__ import annotations

import re

import pytest

from tests.unit.scripts.pod import Pod

MODULES = "/usr/local/lib/redis/modules"


@pytest.fixture(autouse=True)
def _server(pod: Pod) -> None:
    pod.program("redis-server", 'echo "redis-server $*"')


def started(pod: Pod, **environment: str) -> list[str]:
    """The lines of the configuration with which the server was started."""
    done = pod.run("start", **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"redis-server {pod.place('/run/redis/redis.conf')}\n"
    return pod.place("/run/redis/redis.conf").read_text(encoding="utf-8").splitlines()


def refused(pod: Pod, **environment: str) -> str:
    done = pod.run("start", **environment)
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.strip()


def test_what_only_this_pod_knows(pod: Pod) -> None:
    assert started(pod) == [
        f"include {pod.place('/usr/local/etc/redis')}/redis.conf",
        f"dir {pod.place('/data')}",
        "cluster-announce-ip 10.1.2.3",
        "cluster-announce-hostname shop-0-1.shop-nodes.web.svc.cluster.local",
        "replica-announce-ip 10.1.2.3",
        "masteruser k8sredis-replication",
        "masterauth replica-secret",
    ]


def test_the_file_with_the_password_is_for_its_owner_alone(pod: Pod) -> None:
    started(pod)
    assert pod.place("/run/redis/redis.conf").stat().st_mode & 0o077 == 0


def test_the_password_is_not_said(pod: Pod) -> None:
    done = pod.run("start")
    assert "replica-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("family", "addresses", "announced"),
    [
        ("ipv4", "10.1.2.3,fd00::3", "10.1.2.3"),
        ("ipv4", "fd00::3,10.1.2.3", "10.1.2.3"),
        ("ipv6", "10.1.2.3,fd00::3", "fd00::3"),
        ("ipv6", "fd00::3", "fd00::3"),
    ],
)
def test_announces_the_address_of_the_wished_family(pod: Pod, family: str, addresses: str, announced: str) -> None:
    assert f"cluster-announce-ip {announced}" in started(pod, IP_FAMILY=family, POD_IPS=addresses)


def test_no_address_of_the_wished_family(pod: Pod) -> None:
    assert refused(pod, IP_FAMILY="ipv6") == (
        "Cannot start shop-0-1: it has no ipv6 address, only 10.1.2.3; "
        "set redis_cluster_ip_family to what this Kubernetes gives."
    )


def test_maxmemory_is_a_share_of_the_limit(pod: Pod) -> None:
    assert "maxmemory 3006477107" in started(pod, MEMORY_LIMIT=str(4 * 1024**3), MAXMEMORY_PERCENT="70")


def test_a_declared_maxmemory_wins_over_the_share(pod: Pod) -> None:
    """Also in a pod that was made before it was declared."""
    pod.write("/usr/local/etc/redis/live.conf", "hz 20\nmaxmemory 100mb\n")
    lines = started(pod, MEMORY_LIMIT=str(4 * 1024**3), MAXMEMORY_PERCENT="70")
    assert not [line for line in lines if line.startswith("maxmemory ")]
    pod.write("/usr/local/etc/redis/live.conf", "maxmemory-policy noeviction\n")
    assert "maxmemory 3006477107" in started(pod, MEMORY_LIMIT=str(4 * 1024**3), MAXMEMORY_PERCENT="70")


def test_bundled_modules_in_the_order_of_their_names(pod: Pod) -> None:
    for name in ("redistimeseries.so", "redisbloom.so", "rejson.so"):
        pod.write(f"{MODULES}/{name}", "module", 0o755)
    folder = pod.place(MODULES)
    wished = [f"loadmodule {folder}/{name}.so" for name in ("redisbloom", "redistimeseries", "rejson")]
    assert started(pod)[-3:] == wished


def test_bundled_modules_that_the_image_cannot_load_are_skipped_and_named(pod: Pod) -> None:
    pod.write(f"{MODULES}/empty.so", "", 0o755)
    pod.write(f"{MODULES}/plain.so", "module", 0o644)
    pod.place(f"{MODULES}/folder.so").mkdir()
    done = pod.run("start")
    assert done.returncode == 0
    assert "loadmodule" not in pod.place("/run/redis/redis.conf").read_text(encoding="utf-8")
    assert [line.split("/")[-1].split(":")[0] for line in done.stderr.splitlines()] == [
        "empty.so",
        "folder.so",
        "plain.so",
    ]


def test_an_image_without_modules_says_nothing(pod: Pod) -> None:
    pod.place(MODULES).rmdir()
    done = pod.run("start")
    assert (done.returncode, done.stderr) == (0, "")


def test_modules_by_path_with_arguments(pod: Pod) -> None:
    assert started(pod, MODULES="/opt/one.so\n/opt/two.so threads 4")[-2:] == [
        "loadmodule /opt/one.so",
        "loadmodule /opt/two.so threads 4",
    ]


def test_no_modules(pod: Pod) -> None:
    pod.write(f"{MODULES}/rejson.so", "module", 0o755)
    assert not [line for line in started(pod, MODULES="") if line.startswith("loadmodule")]


def test_an_image_of_valkey(pod: Pod) -> None:
    pod.program("valkey-server", 'echo "valkey-server $*"')
    assert pod.run("start").stdout.startswith("valkey-server ")


def test_an_image_without_a_server(pod: Pod) -> None:
    (pod.programs / "redis-server").unlink()
    assert refused(pod) == "Cannot start shop-0-1: its image has neither redis-server nor valkey-server."


def test_a_data_folder_that_cannot_be_written(pod: Pod) -> None:
    pod.place("/data").rmdir()  # a folder without rights would do, but not for root
    assert "may not write to its data folder; make the volume writable for this user." in refused(pod)


MARK = "web/shop/shop-0-1"


def folder(pod: Pod, name: str, owner: str = "", node: bool = True) -> str:
    """A folder of the kube_node that a pod left behind."""
    pod.place(f"/data/{name}").mkdir()
    if owner:
        pod.write(f"/data/{name}/k8sredis-owner", f"{owner}\n")
    if node:
        pod.write(f"/data/{name}/nodes.conf", "")
    return f"dir {pod.place('/data')}/{name}"


def test_a_new_folder_is_made_and_marked(pod: Pod) -> None:
    assert f"dir {pod.place('/data/shop-0-1')}" in started(pod, FOLDER_MARK=MARK)
    assert pod.place("/data/shop-0-1/k8sredis-owner").read_text(encoding="utf-8") == f"{MARK}\n"


@pytest.mark.parametrize("alone", ["", "yes"])
def test_its_own_folder_is_taken_up_again(pod: Pod, alone: str) -> None:
    folder(pod, "shop-0-0", "web/shop/shop-0-0")
    own = folder(pod, "shop-0-1", MARK)
    folder(pod, "shop-0-2", "web/shop/shop-0-2")
    assert own in started(pod, FOLDER_MARK=MARK, ALONE_ON_KUBE_NODE=alone)


def test_the_folder_of_its_shard_is_taken_up_where_no_other_pod_of_it_can_be(pod: Pod) -> None:
    other = folder(pod, "shop-0-0", "web/shop/shop-0-0")
    assert other in started(pod, FOLDER_MARK=MARK, ALONE_ON_KUBE_NODE="yes")
    assert not pod.place("/data/shop-0-1").exists()


def test_pods_that_may_share_a_kube_node_keep_to_their_own_folder(pod: Pod) -> None:
    folder(pod, "shop-0-0", "web/shop/shop-0-0")
    assert f"dir {pod.place('/data/shop-0-1')}" in started(pod, FOLDER_MARK=MARK)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("shop-1-0", "web/shop/shop-1-0"),  # another shard
        ("shop-0-1-0", "web/shop-0/shop-0-1-0"),  # an instance named shop-0
        ("shop-0-0", "elsewhere/shop/shop-0-0"),
        ("shop-0-0", ""),
    ],
)
def test_no_other_folder_is_taken_up(pod: Pod, name: str, owner: str) -> None:
    folder(pod, name, owner)
    assert f"dir {pod.place('/data/shop-0-1')}" in started(pod, FOLDER_MARK=MARK, ALONE_ON_KUBE_NODE="yes")


@pytest.mark.parametrize("alone", ["", "yes"])
def test_a_folder_of_another_instance(pod: Pod, alone: str) -> None:
    folder(pod, "shop-0-1", "elsewhere/shop/shop-0-1")
    assert refused(pod, FOLDER_MARK=MARK, ALONE_ON_KUBE_NODE=alone) == (
        "Cannot start shop-0-1: its folder on this kube_node belongs to elsewhere/shop/shop-0-1, "
        "not to web/shop/shop-0-1; move that folder away."
    )


def test_a_folder_of_unknown_origin(pod: Pod) -> None:
    folder(pod, "shop-0-1")
    assert refused(pod, FOLDER_MARK=MARK) == (
        "Cannot start shop-0-1: its folder on this kube_node holds a node of unknown origin; move it away, "
        "or write web/shop/shop-0-1 into its file k8sredis-owner to take it over."
    )
    assert not pod.place("/data/shop-0-1/k8sredis-owner").exists()


def test_a_folder_that_cannot_be_made(pod: Pod) -> None:
    pod.place("/data").rmdir()
    pod.write("/data", "")  # a folder without rights would do, but not for root
    assert "may not write to the folder on its kube_node; make it writable for this user, or set" in refused(
        pod, FOLDER_MARK=MARK
    )


def test_a_claim_needs_no_mark(pod: Pod) -> None:
    pod.write("/data/nodes.conf", "")
    started(pod)
    assert not pod.place("/data/k8sredis-owner").exists()


A, B, C = "a" * 40, "b" * 40, "c" * 40
TABLE = (
    f"{B} 10.0.0.2:6379@16379,shop-0-1,tls-port=0,shard-id={{of_b}} slave {A} 0 0 6 connected\n"
    f"{A} 10.0.0.1:6379@16379,shop-0-0,tls-port=0,shard-id={A} master - 0 0 6 connected 0-5460 [93->-{C}]\n"
    f"{C} 10.0.0.3:6379@16379,shop-1-0,tls-port=0,shard-id={{of_c}} myself,slave {A} 0 0 6 connected\n"
    "vars currentEpoch 8 lastVoteEpoch 0\n"
)


def written(pod: Pod) -> str:
    return pod.place("/data/nodes.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("of_b", "of_c", "named"), [(B, A, B), (A, C, C), (B, C, f"{B} {C}")], ids=["before its master", "after it", "both"]
)
def test_a_replica_gets_the_shard_of_its_master(pod: Pod, of_b: str, of_c: str, named: str) -> None:
    pod.write("/data/nodes.conf", TABLE.format(of_b=of_b, of_c=of_c))
    result = pod.run("start")
    assert (result.returncode, written(pod)) == (0, TABLE.format(of_b=A, of_c=A))
    assert f"In the nodes.conf of shop-0-1 {named} had another shard" in result.stderr


@pytest.mark.parametrize(
    "table", [TABLE.format(of_b=A, of_c=A), re.sub(",tls-port=0,shard-id=[^ ]+", "", TABLE)], ids=["right", "none"]
)
def test_a_table_without_shards_or_with_the_right_ones_stays(pod: Pod, table: str) -> None:
    pod.write("/data/nodes.conf", table)
    assert pod.run("start").stderr == ""
    assert written(pod) == table


def test_a_table_that_cannot_be_written_stays(pod: Pod) -> None:
    table = TABLE.format(of_b=B, of_c=A)
    pod.write("/data/nodes.conf", table)
    pod.program("dd", "exit 1")  # a full disk
    assert refused(pod) == (
        f"Cannot start shop-0-1: in its nodes.conf {B} had another shard than its master, "
        "which some servers cannot load, and it cannot be written; make space on its volume."
    )
    assert written(pod) == table
