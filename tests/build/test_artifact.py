# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact of `ansible-galaxy collection build` is installed in an empty place and used from there."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

from tests.environment import CHECKOUT, tool_environment

# All that may stand at the top of the artifact.
TOP = {
    "CHANGELOG.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "bindep.txt", "changelogs", "docs",
    "examples", "meta", "playbooks", "plugins", "requirements.txt", "roles",
}  # fmt: skip
MODULES = [f"k8sredis.core.{path.stem}" for path in sorted(CHECKOUT.glob("plugins/modules/[!_]*.py"))]
ROLES = [f"k8sredis.core.{path.parent.parent.name}" for path in sorted(CHECKOUT.glob("roles/*/tasks/main.yml"))]
PLAYBOOKS = [f"k8sredis.core.{path.stem}" for path in sorted(CHECKOUT.glob("playbooks/*.yml"))]


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**tool_environment(), "NO_COLOR": "1", **environment}
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifact")
    built = run("ansible-galaxy", "collection", "build", "--output-path", str(folder), cwd=CHECKOUT)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("k8sredis-core-*.tar.gz"))


@pytest.fixture(scope="session")
def elsewhere(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home of its own that has the collection from the artifact and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    installed = use(folder, "ansible-galaxy", "collection", "install", str(artifact), "--offline", "-p", str(folder))
    assert installed.returncode == 0, installed.stderr
    return folder


def use(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return run(*command, cwd=folder, HOME=str(folder), ANSIBLE_COLLECTIONS_PATH=str(folder))


def test_artifact_holds_only_what_a_user_needs(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = [Path(name) for name in archive.getnames()]
    assert {name.parts[0] for name in names} <= TOP
    hidden = [str(name) for name in names if any(part.startswith(".") or part == "__pycache__" for part in name.parts)]
    assert hidden == []


def test_every_module_is_documented(elsewhere: Path) -> None:
    assert MODULES, "no module found; the rule that finds them is wrong"
    answer = use(elsewhere, "ansible-doc", "--json", *MODULES)
    assert sorted(json.loads(answer.stdout)) == MODULES, answer.stderr


@pytest.mark.parametrize("module", MODULES)
def test_module_starts_outside_the_checkout(elsewhere: Path, module: str) -> None:
    """Without options a module works or says what it needs; a file missing from the artifact would be a traceback."""
    python = f"ansible_python_interpreter={sys.executable}"
    answer = use(elsewhere, "ansible", "localhost", "-i", "localhost,", "-c", "local", "-e", python, "-m", module)
    assert "localhost | " in answer.stdout, answer.stdout + answer.stderr
    for trace in ("Could not find imported module", "MODULE FAILURE", "Traceback", "ImportError"):
        assert trace not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("options", "libraries"), [({"endpoints": ["127.0.0.1:1"]}, ["redis"]), ({"name": "shop"}, ["kubernetes", "redis"])]
)
def test_missing_libraries_are_named_with_their_cure(
    elsewhere: Path, tmp_path: Path, options: dict[str, object], libraries: list[str]
) -> None:
    """By an interpreter that has nothing but the standard library."""
    venv.create(tmp_path / "bare", symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    command = ["-m", "k8sredis.core.cluster_info", "-a", json.dumps(options)]
    interpreter = ["-e", f"ansible_python_interpreter={python}"]
    answer = use(elsewhere, "ansible", "localhost", "-i", "localhost,", "-c", "local", *interpreter, *command)
    assert answer.returncode == 2, answer.stdout + answer.stderr
    message = json.loads(answer.stdout.split("=> ", 1)[1])["msg"]
    assert message.startswith(f"Cannot work without the Python libraries {libraries[0]}>=")
    assert f"{python} has {' and '.join(f'no {library}' for library in libraries)}; " in message
    assert f"install them with {python} -m pip install '{libraries[0]}>=" in message
    assert "set ansible_python_interpreter to a Python that has them." in message


@pytest.mark.parametrize("role", ROLES)
def test_role_is_documented(elsewhere: Path, role: str) -> None:
    answer = use(elsewhere, "ansible-doc", "--type", "role", "--json", role)
    assert list(json.loads(answer.stdout)) == [role], answer.stderr


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbook_is_found_by_its_name(elsewhere: Path, playbook: str) -> None:
    answer = use(elsewhere, "ansible-playbook", "--syntax-check", playbook)
    assert answer.returncode == 0, answer.stderr


def test_galaxy_would_take_it(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "importer.cfg").write_text("[galaxy-importer]\nrun_ansible_lint = false\n")  # a stage of its own does
    config = str(tmp_path / "importer.cfg")
    answer = run(
        sys.executable, "-m", "galaxy_importer.main", str(artifact), cwd=tmp_path, GALAXY_IMPORTER_CONFIG=config
    )
    said = answer.stdout + answer.stderr
    assert answer.returncode == 0, said
    assert [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))] == []
