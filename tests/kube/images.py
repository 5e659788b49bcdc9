# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images that every node has: all fetched servers and HAProxy versions, busybox, and pause.

They are imported once, into an image store that is kept in the cache; a new node gets it by hard links (its files are
never changed, only its databases are copied). So a start need not import anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.cache import locked, made_whole
from tests.kube.errors import LabError
from tests.kube.lab import kube_dir
from tests.kube.oci import Image
from tests.kube.processes import run
from tests.servers import Server, available, proxies
from tests.servers.suites import HAPROXY

PAUSE = "localhost/pause:1"
BUSYBOX = "localhost/busybox:1"
# the parts that speak to Kubernetes, and one that makes a folder in /opt
NOT_FOR_IMPORT = [
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
    "io.containerd.grpc.v1.cri",
    "io.containerd.internal.v1.opt",
]
DATABASES = "*.db"
SERVER_UID = 999


def ensure_store(binaries: Path, say: Callable[[str], None]) -> Path:
    """The image store for what is in the cache now. Older ones are dropped: nodes hold what they use."""
    servers = [*proxies(), *available()]
    target = kube_dir() / f"images-{_store_key(binaries, servers)}"
    if not target.exists():
        with locked(target.parent):
            if not target.exists():  # another run may have made it while this one waited
                _make_store(target, binaries, servers, say)
    return target


def _make_store(target: Path, binaries: Path, servers: list[Server], say: Callable[[str], None]) -> None:
    names = ", ".join(server.image.removeprefix("localhost/") for server in servers)
    say(f"importing images once: {names}")
    with made_whole(target) as scratch, tempfile.TemporaryDirectory(prefix="k8sredis-") as short:
        _import_all(binaries, _make_images(binaries, servers, Path(short)), scratch, Path(short))
    for old in kube_dir().glob("images-*"):
        if old != target:
            shutil.rmtree(old)


def _store_key(binaries: Path, servers: list[Server]) -> str:
    """Over the servers, and over the files that say what is made of them."""
    code = [(Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("images.py", "oci.py")]
    parts = [binaries.name, *code, *(f"{server.image} {server.rootfs.stat().st_mtime_ns}" for server in servers)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def copy_store(store: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    run(["cp", "--archive", "--link", str(store), str(target)], f"give a node the images of {store}")
    for database in target.rglob(DATABASES):
        original = store / database.relative_to(target)
        database.unlink()
        shutil.copy2(original, database)


def _make_images(binaries: Path, servers: list[Server], folder: Path) -> list[Image]:
    pause = folder / "pause"
    pause.mkdir()
    shutil.copy2(binaries / "pause", pause / "pause")
    return [
        Image(PAUSE, pause, ["/pause"]),
        Image(BUSYBOX, _busybox_rootfs(servers[-1], folder / "busybox"), ["sh"]),
        *(_proxy_image(each) if each.family == HAPROXY else _server_image(each) for each in servers),
    ]


def _server_image(server: Server) -> Image:
    """As the official images are: started in /data, which is the server's own and a volume."""
    return Image(
        server.image,
        server.rootfs,
        [f"{server.family}-server"],
        workdir="/data",
        volumes=("/data",),
        owners={"data": SERVER_UID},
    )


def _proxy_image(proxy: Server) -> Image:
    """As the official image is: its user has a name, of which Kubernetes cannot tell that it is not root, and SIGUSR1
    lets HAProxy end softly."""
    return Image(proxy.image, proxy.rootfs, [HAPROXY], user=HAPROXY, stop_signal="SIGUSR1")


def _busybox_rootfs(server: Server, rootfs: Path) -> Path:
    """All of its tools under their names: what scripts find in images that have no other."""
    busybox = server.rootfs / "usr/bin/busybox"
    for name in ("bin", "etc", "tmp"):
        (rootfs / name).mkdir(parents=True)
    (rootfs / "tmp").chmod(0o1777)
    shutil.copy2(busybox, rootfs / "bin/busybox")
    (rootfs / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n", encoding="ascii")
    for tool in run([str(busybox), "--list"], "ask busybox for its tools").split():
        if tool != "busybox":
            (rootfs / "bin" / tool).symlink_to("busybox")
    return rootfs


def _import_all(binaries: Path, images: list[Image], store: Path, short: Path) -> None:
    """By a containerd of its own. (A socket's path must be short.)"""
    socket = short / "containerd.sock"
    config = short / "containerd.toml"
    config.write_text(
        f'version = 3\nroot = "{store}"\nstate = "{short / "state"}"\n'
        f"disabled_plugins = {json.dumps(NOT_FOR_IMPORT)}\n"
        f'[grpc]\n  address = "{socket}"\n[ttrpc]\n  address = "{socket}.ttrpc"\n',
        encoding="utf-8",
    )
    path = {"PATH": f"{binaries}:{os.environ['PATH']}"}
    command = ["unshare", "--mount", "containerd", "--config", str(config)]
    with (short / "log").open("w") as log:
        containerd = subprocess.Popen(command, env={**os.environ, **path}, stdin=subprocess.DEVNULL, stderr=log)
    try:
        _wait_for_socket(socket, short / "log")
        for image in images:
            archive = short / "image.tar"
            image.write(archive)
            ctr = ["ctr", "--address", str(socket), "--namespace", "k8s.io", "images", "import", str(archive)]
            run(ctr, f"import {image.reference}", environment=path)
    finally:
        containerd.send_signal(signal.SIGTERM)
        containerd.wait(timeout=30)


def _wait_for_socket(socket: Path, log: Path) -> None:
    deadline = time.monotonic() + 30
    while not socket.is_socket():
        if time.monotonic() > deadline:
            last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise LabError(f"Cannot import images: containerd did not start within 30 s; {last}")
        time.sleep(0.05)
