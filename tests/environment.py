# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the developer environment: `python3 -m tests.environment` (which `make setup` runs).

Runs before anything is installed, so it uses the standard library only.

1. Refuse a Python older than 3.11.
2. Install the Debian packages that are missing.
3. Make the virtual environment in the cache, once for each tests/requirements.txt and Python; under a lock,
   and marked complete by its last step, so that a killed or a second run never leaves or uses half of one.
4. Point `.venv` and `collections/ansible_collections/k8sredis/core` of the checkout at what they name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = CHECKOUT / "tests" / "requirements.txt"
PYTHON_MINIMUM = (3, 11)

# Debian package -> the command that shows it is there.
DEBIAN_PACKAGES = {
    "git": "git",
    "busybox": "busybox",  # the scripts of the pods are tested under dash and busybox
    "dash": "dash",
}


class SetupError(Exception):
    """One sentence for the developer."""


def cache_directory() -> Path:
    """Everything that is built or fetched lives here, outside the checkout."""
    if given := os.environ.get("K8SREDIS_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "k8sredis"


def check_python() -> None:
    if sys.version_info < PYTHON_MINIMUM:
        raise SetupError(
            f"Cannot set up with {sys.executable}: it is Python {sys.version.split()[0]}; "
            f"install Python {'.'.join(map(str, PYTHON_MINIMUM))} or newer and give it as `make setup PYTHON=<path>`."
        )


def missing_debian_packages() -> list[str]:
    missing = [package for package, command in DEBIAN_PACKAGES.items() if not shutil.which(command)]
    try:
        import ensurepip  # noqa: F401  Debian keeps it in a package of its own
    except ImportError:
        missing.append("python3-venv")
    return missing


def install_debian_packages() -> None:
    missing = missing_debian_packages()
    if not missing:
        return
    names = " ".join(missing)
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise SetupError(
            f"Cannot install {names}: this needs root and apt-get; install them by hand and run `make setup` again."
        )
    print(f"setup: installing {names}", flush=True)
    if not apt_install(missing):
        run(["apt-get", "-qq", "update"], f"update the list of packages for {names}")
        if not apt_install(missing):
            raise SetupError(f"Cannot install {names}: apt-get failed as shown above; install them by hand.")


def apt_install(packages: list[str]) -> bool:
    command = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *packages]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0


def run(command: list[str], deed: str) -> None:
    if (code := subprocess.run(command, check=False).returncode) != 0:
        raise SetupError(f"Cannot {deed}: `{command[0]}` ended with code {code}; see its output above.")


def virtual_environment() -> Path:
    """Where the environment for this Python and these requirements stands."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes())
    key.update(f"{sys.version} {sys.base_prefix}".encode())
    return cache_directory() / f"venv-{key.hexdigest()[:12]}"


def make_virtual_environment(path: Path) -> None:
    complete = path / "complete"
    if complete.exists():
        return
    with lock(path.with_suffix(".lock")):
        if complete.exists():
            return
        shutil.rmtree(path, ignore_errors=True)
        print(f"setup: making {path} (takes a few minutes once)", flush=True)
        run([sys.executable, "-m", "venv", str(path)], "make a virtual environment")
        pip = [str(path / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--requirement", str(REQUIREMENTS)], f"install {REQUIREMENTS.relative_to(CHECKOUT)}")
        complete.touch()


@contextmanager
def lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def point(link: Path, target: Path) -> None:
    """Make link a symbolic link to target, at once for whoever looks at it."""
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.symlink_to(target)
    new.replace(link)


def main() -> int:
    try:
        check_python()
        install_debian_packages()
        environment = virtual_environment()
        make_virtual_environment(environment)
        point(CHECKOUT / ".venv", environment)
        point(CHECKOUT / "collections" / "ansible_collections" / "k8sredis" / "core", CHECKOUT)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
