# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` over this checkout: `python -m tests.sanity [options of ansible-test sanity]`.

1. ansible-test refuses a collection reached through a symbolic link, so the files known to git are copied to
   <cache>/sanity/ansible_collections/k8sredis/core, with kubernetes.core linked beside.
2. It runs with a home of its own there, which keeps its virtual environments: only the first run takes minutes.
3. It makes those environments without pip and would download a script to install it, from a host that many networks do
   not reach; a script of the same name, found first, takes the pip that every Python carries.
4. It drops the environment variables of pip, so pip's present configuration is written to a file.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import ansible_collections.kubernetes.core
from ansible_test._internal.python_requirements import get_venv_packages

from tests.cache import cache_dir, locked
from tests.environment import CHECKOUT, checkout_files, tool_environment

GET_PIP = '''"""Install pip and the packages given as arguments, as get-pip does."""
import subprocess
import sys

# In a process of its own, because ensurepip turns off the configuration of pip.
subprocess.run([sys.executable, "-m", "ensurepip", "--upgrade"], check=True, stdout=subprocess.DEVNULL)
options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *options]).returncode)
'''


def main(options: list[str]) -> int:
    root = cache_dir() / "sanity"
    root.mkdir(parents=True, exist_ok=True)
    with locked(root):
        collection = copy_checkout(root / "ansible_collections")
        home = prepare_home(root / "home")
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        command = ["ansible-test", "sanity", "--color", "no", "--junit", "--python", version, *options]
        code = subprocess.run(
            command, cwd=collection, env={**tool_environment(), "HOME": str(home)}, check=False
        ).returncode
        keep_reports(collection / "tests" / "output" / "junit", CHECKOUT / "build" / "junit" / "sanity")
    return code


def copy_checkout(collections: Path) -> Path:
    collection = collections / "k8sredis" / "core"
    shutil.rmtree(collections, ignore_errors=True)
    for path in checkout_files():
        target = collection / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / path, target, follow_symlinks=False)
    (collections / "kubernetes").mkdir()
    (collections / "kubernetes" / "core").symlink_to(kubernetes_core())
    return collection


def kubernetes_core() -> Path:
    return Path(next(iter(ansible_collections.kubernetes.core.__path__)))


def prepare_home(home: Path) -> Path:
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{pip_version().replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP)
    configuration = home / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.touch(mode=0o600)  # the address of an index may hold a password
    configuration.write_text(pip_configuration())
    return home


def pip_version() -> str:
    """The version of pip that this ansible-test asks for; it is part of the name of the file it looks for."""
    return str(get_venv_packages(SimpleNamespace(version=f"{sys.version_info.major}.{sys.version_info.minor}"))["pip"])


def pip_configuration() -> str:
    """What pip is told here by files and variables, as one file; a variable wins over a file, as in pip."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    sections: dict[str, dict[str, str]] = {"global": {}}
    for line in sorted(listed.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
        key, _equals, value = line.partition("=")
        section, _dot, option = key.removeprefix(":env:.").rpartition(".")
        if option != "config-file":
            sections.setdefault(section or "global", {})[option] = ast.literal_eval(value).replace("\n", "\n  ")
    return "".join(
        f"[{section}]\n" + "".join(f"{option} = {value}\n" for option, value in options.items())
        for section, options in sections.items()
    )


def keep_reports(source: Path, target: Path) -> None:
    """Keep the JUnit files except those of tests with nothing to look at here, such as PowerShell's."""
    target.mkdir(parents=True, exist_ok=True)
    for report in source.glob("*.xml"):
        skipped = ElementTree.parse(report).find(".//skipped")  # noqa: S314  written by ansible-test
        if skipped is None or "No tests applicable" not in (skipped.get("message") or skipped.text or ""):
            shutil.copy2(report, target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
