# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the developer environment: `python3 -m tests.environment` (which `make setup` runs).

Runs before anything is installed, so it uses the standard library only.

1. Refuse a Python older than 3.11.
2. Install Debian's python3-venv where Python came without it.
3. Make the virtual environment in the cache, once for each tests/requirements.txt and Python; under a lock,
   and marked complete by its last step, so that a killed or a second run never leaves or uses half of one.
4. Point `.venv` and `collections/ansible_collections/k8sredis/core` of the checkout at what they name.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cache import cache_dir, locked

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = CHECKOUT / "tests" / "requirements.txt"
PYTHON_MINIMUM = (3, 11)
GO_MINIMUM = (1, 26)


class SetupError(Exception):
    """One sentence for the developer."""


def tool_environment() -> dict[str, str]:
    """The environment of every command of the checkout: the tools of .venv first, this collection found by its name."""
    path = f"{CHECKOUT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}


def checkout_files() -> list[Path]:
    """The files of the checkout that git knows or would take, relative to it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    paths = {Path(name) for name in listed.split("\0") if name}
    return sorted(path for path in paths if (CHECKOUT / path).is_file())


def check_go(what: str, otherwise: str = "") -> None:
    needed = f"install Go 1.26 or newer{otherwise}"
    if not shutil.which("go"):
        raise SetupError(f"Cannot build {what}: there is no `go`; {needed}.")
    seen = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip()
    number = re.match(r"go(\d+)\.(\d+)", seen)
    if not number or (int(number[1]), int(number[2])) < GO_MINIMUM:
        raise SetupError(f"Cannot build {what}: `go` is {seen or 'of unknown version'}; {needed}.")


def check_python() -> None:
    if sys.version_info < PYTHON_MINIMUM:
        raise SetupError(
            f"Cannot set up with {sys.executable}: it is Python {sys.version.split()[0]}; "
            f"install Python {'.'.join(map(str, PYTHON_MINIMUM))} or newer and give it as `make setup PYTHON=<path>`."
        )


def require_venv() -> None:
    """Debian keeps the part of venv that brings pip in a package of its own."""
    if importlib.util.find_spec("ensurepip") is None:
        install_packages(["python3-venv"])


def require_commands(packages: dict[str, str]) -> None:
    """Install the Debian packages whose command is missing; packages is {package: command that shows it is there}."""
    missing = [package for package, command in packages.items() if not shutil.which(command)]
    if missing:
        install_packages(missing)


def install_packages(packages: list[str]) -> None:
    names = " ".join(packages)
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise SetupError(
            f"Cannot install {names}: this needs root and apt-get; install them by hand and run this again."
        )
    print(f"setup: installing {names}", flush=True)
    if apt_install(packages):
        return
    run(["apt-get", "-qq", "update"], f"update the list of packages for {names}")
    if not apt_install(packages):
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
    return cache_dir() / f"venv-{key.hexdigest()[:12]}"


def make_virtual_environment(path: Path) -> None:
    complete = path / "complete"
    if complete.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.parent):
        if complete.exists():
            return
        shutil.rmtree(path, ignore_errors=True)
        print(f"setup: making {path} (takes a few minutes once)", flush=True)
        run([sys.executable, "-m", "venv", str(path)], "make a virtual environment")
        pip = [str(path / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--requirement", str(REQUIREMENTS)], f"install {REQUIREMENTS.relative_to(CHECKOUT)}")
        complete.touch()


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
        require_venv()
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
