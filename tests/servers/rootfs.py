# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A root file system with one server or HAProxy in it, small and close to the official image of that program.

Taken from the unpacked packages are the programs named here, and the libraries that they load, nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.servers.suites import HAPROXY

MERGED = ("bin", "sbin", "lib", "lib64")
# Besides the server: the shell and awk of the official (Debian) images, so that scripts meet the same here and there.
EXTRA_PACKAGES = ("dash", "mawk", "libc-bin", "busybox-static")
EXTRA_PROGRAMS = ("dash", "mawk", "getent", "busybox")
# Debian's essential tools, as in the official images, and no others (no ps, nc, ip, wget); here they are busybox's.
BUSYBOX_LINKS = """
    [ basename cat chgrp chmod chown cp cut date dd df dirname du echo env expand expr false find fold grep gunzip gzip
    head hostname id install kill ln logname ls md5sum mkdir mkfifo mknod mktemp mount mv nice nl nohup nproc od paste
    printenv printf pwd readlink realpath rm rmdir sed seq setsid sha1sum sha256sum shuf sleep sort split stat stty sync
    tac tail tar tee test timeout touch tr true truncate tty umount uname uniq unlink wc which whoami xargs yes zcat
"""
SERVER_PROGRAMS = ("server", "cli", "benchmark", "check-aof", "check-rdb", "sentinel")
USER_IDS = {"redis": 999, "valkey": 999, HAPROXY: 99}
"""Of the account that an official image has for its program."""


def unpack(packages: Iterable[Path], folder: Path) -> None:
    """All files of the packages; no maintainer script runs. Old packages ship /bin, so the merged links come first."""
    for name in MERGED:
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")
    for package in packages:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as archive:
            extract = ["tar", "--extract", "--keep-directory-symlink", "--no-same-owner", "--directory", str(folder)]
            subprocess.run(extract, stdin=archive.stdout, check=True)
        if archive.returncode != 0:
            raise subprocess.CalledProcessError(archive.returncode, archive.args)


def assemble(unpacked: Path, family: str, rootfs: Path) -> None:
    """Copy the programs with their libraries and give them the surroundings of an official image."""
    programs = [HAPROXY] if family == HAPROXY else [f"{family}-{name}" for name in SERVER_PROGRAMS]
    _make_folders(rootfs)
    for program in (*EXTRA_PROGRAMS, *programs):
        _copy_program(unpacked, program, rootfs)
    # sentinel and the checks are the server under another name (the server looks at the name it was called by)
    for program in programs:
        if family != HAPROXY:
            _link(rootfs / "usr/bin" / program, f"{family}-server")
    if family == "valkey":  # as its own `make install` and official image do
        for name in SERVER_PROGRAMS:
            _link(rootfs / "usr/bin" / f"redis-{name}", f"valkey-{name}")
    _link(rootfs / "usr/bin/sh", "dash")
    _link(rootfs / "usr/bin/awk", "mawk")
    for name in BUSYBOX_LINKS.split():
        _link(rootfs / "usr/bin" / name, "busybox")
    _write_accounts(rootfs, family)


def _make_folders(rootfs: Path) -> None:
    for name in MERGED:
        (rootfs / "usr" / name).mkdir(parents=True)
        (rootfs / name).symlink_to(f"usr/{name}")
    for name in ("data", "dev", "etc", "home", "mnt", "proc", "root", "run", "sys", "usr/local/bin", "var/lib"):
        (rootfs / name).mkdir(parents=True)
    for name in ("tmp", "var/tmp"):
        (rootfs / name).mkdir()
        (rootfs / name).chmod(0o1777)


def _copy_program(unpacked: Path, program: str, rootfs: Path) -> None:
    places = (unpacked / place / program for place in ("usr/bin", "usr/sbin"))
    found = next((path for path in places if path.exists()), None)
    target = rootfs / "usr/bin" / program
    if found is None or target.exists():
        return
    if found.is_symlink():  # in Debian redis-server is a link to redis-check-rdb
        _copy_program(unpacked, found.resolve().name, rootfs)
        target.symlink_to(found.resolve().name)
        return
    shutil.copy2(found, target)
    for library in _libraries(unpacked, found):
        copied = rootfs / library.relative_to(unpacked)
        if not copied.exists():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(library.resolve(), copied)


def _libraries(unpacked: Path, program: Path) -> list[Path]:
    """The loader's own answer, with the path under which each library is looked for."""
    loader = next(unpacked.glob("lib*/ld-linux-*.so.*"))
    folder = next(unpacked.glob("usr/lib/*-linux-gnu*"))
    asked = [str(loader), "--library-path", str(folder), "--list", str(program)]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    found = [Path(line.split("=>")[1].split()[0]) for line in answer.stdout.splitlines() if "=> /" in line]
    return [loader, *(path for path in found if path != loader)]


def _link(path: Path, target: str) -> None:
    if not os.path.lexists(path) and path.name != target:
        path.symlink_to(target)


def _write_accounts(rootfs: Path, family: str) -> None:
    etc, number = rootfs / "etc", USER_IDS[family]
    (etc / "passwd").write_text(
        f"root:x:0:0:root:/root:/bin/sh\n{family}:x:{number}:{number}::/data:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        encoding="utf-8",
    )
    (etc / "group").write_text(f"root:x:0:\n{family}:x:{number}:\nnogroup:x:65534:\n", encoding="utf-8")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n", encoding="utf-8")
