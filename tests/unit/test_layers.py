# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file may import and call what, read from the syntax trees of plugins/: deciding stays apart from doing."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from fnmatch import fnmatch

import pytest

from tests.environment import CHECKOUT

PLUGINS = CHECKOUT / "plugins"
UTILS = "ansible_collections.k8sredis.core.plugins.module_utils"
PURE = ("module_utils/_model.py", "module_utils/_model_*.py", "module_utils/_decide/*")
WORLD = ("os", "socket", "subprocess", "time")  # of the standard library, but not for pure files


@dataclass(frozen=True)
class Only:
    """What matches `names` may stand in files that match `files` alone (patterns relative to plugins/)."""

    names: tuple[str, ...]
    files: tuple[str, ...]
    also_main_of_a_module: bool = False


IMPORTS = [
    Only(("kubernetes", "kubernetes.*"), ("module_utils/_observe/kube.py", "module_utils/_observe/port_forward.py")),
    Only(
        ("ansible_collections.kubernetes.*",),
        (
            "module_utils/_observe/kube.py",
            "module_utils/_observe/port_forward.py",
            "module_utils/_ansible/*",
            "action/*",
        ),
    ),
    Only(("redis", "redis.*"), ("module_utils/_observe/*",)),
    Only(("subprocess", "subprocess.*"), ()),
    Only(("websocket", "websocket.*"), ("module_utils/_observe/port_forward.py",)),
    Only(("time.sleep",), ("module_utils/_execute/wait.py",)),
]
CALLS = [
    Only(("socket.socket", "socket.create_connection"), ("module_utils/_observe/*",)),
    Only(("time.sleep",), ("module_utils/_execute/wait.py",)),
    Only(("*.fail_json", "*.exit_json"), ("module_utils/_ansible/module.py",), also_main_of_a_module=True),
]


@dataclass(frozen=True)
class Use:
    """A name that a file imports or calls, and the function it does so in."""

    name: str
    line: int
    function: str = ""


FILES = sorted(str(path.relative_to(PLUGINS)) for path in PLUGINS.rglob("*.py"))


def tree(file: str) -> ast.Module:
    return ast.parse((PLUGINS / file).read_text(encoding="utf-8"), file)


def imports(module: ast.Module, file: str) -> list[Use]:
    """Every import by its absolute name, the imported name of a `from` included; also those inside functions."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [Use(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, file)
            found += [Use(f"{base}.{alias.name}", node.lineno) for alias in node.names]
    return found


def absolute(node: ast.ImportFrom, file: str) -> str:
    if not node.level:
        return node.module or ""
    package = ["ansible_collections", "k8sredis", "core", "plugins", *file.split("/")[: -node.level]]
    return ".".join([*package, *([node.module] if node.module else [])])


def calls(module: ast.Module) -> list[Use]:
    """Every call and every mention of a function by its dotted name, so that `wait = time.sleep` counts too."""
    found = []

    def walk(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.Attribute | ast.Name):
            found.append(Use(ast.unparse(node), node.lineno, function))
        for child in ast.iter_child_nodes(node):
            walk(child, function)

    walk(module, "")
    return found


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def impure(file: str, module: ast.Module) -> list[Use]:
    """What a pure file imports beyond other pure files and what of the standard library only computes."""
    own = tuple(f"{UTILS}.{part}" for part in ("_model*", "_decide.*", "_decide"))
    allowed = sys.stdlib_module_names - set(WORLD)
    return [
        use for use in imports(module, file) if use.name.split(".")[0] not in allowed and not matches(use.name, own)
    ]


def trespasses(file: str, uses: list[Use], rules: list[Only]) -> list[Use]:
    return [
        use
        for rule in rules
        if not matches(file, rule.files)
        for use in uses
        if matches(use.name, rule.names) and not (rule.also_main_of_a_module and in_main_of_a_module(file, use))
    ]


def in_main_of_a_module(file: str, use: Use) -> bool:
    return file.startswith("modules/") and use.function == "main"


def test_there_are_files() -> None:
    assert [file for file in FILES if matches(file, PURE)], "no pure file found; the patterns are wrong"


@pytest.mark.parametrize("file", [file for file in FILES if matches(file, PURE)])
def test_pure_file_imports_only_what_computes(file: str) -> None:
    assert impure(file, tree(file)) == []


@pytest.mark.parametrize("file", FILES)
def test_file_imports_only_what_its_layer_may(file: str) -> None:
    assert trespasses(file, imports(tree(file), file), IMPORTS) == []


@pytest.mark.parametrize("file", FILES)
def test_file_calls_only_what_its_layer_may(file: str) -> None:
    assert trespasses(file, calls(tree(file)), CALLS) == []


@pytest.mark.parametrize(
    ("file", "code", "seen"),
    [
        ("module_utils/_decide/slots.py", "import redis", ["redis"]),
        ("module_utils/_decide/slots.py", "def f():\n    from ansible.module_utils.basic import x", None),
        ("module_utils/_decide/slots.py", "from .._observe import kube", None),
        ("module_utils/_decide/slots.py", "import time", None),
        ("module_utils/_execute/meet.py", "from kubernetes import client", ["kubernetes.client"]),
        ("module_utils/_execute/meet.py", "import time\ntime.sleep(1)", ["time.sleep"]),
        ("module_utils/_execute/meet.py", "import time\nwait = time.sleep", ["time.sleep"]),
        ("module_utils/_execute/meet.py", "from time import sleep", ["time.sleep"]),
        ("modules/x.py", "def run(module):\n    module.fail_json(msg='x')", ["module.fail_json"]),
    ],
)
def test_the_rules_see_a_trespass(file: str, code: str, seen: list[str] | None) -> None:
    module = ast.parse(code)
    if seen is None:
        assert impure(file, module) != []
        return
    uses = trespasses(file, imports(module, file), IMPORTS) + trespasses(file, calls(module), CALLS)
    assert [use.name for use in uses] == seen


def test_a_module_may_fail_in_main() -> None:
    module = ast.parse("def main():\n    module.fail_json(msg='x')")
    assert trespasses("modules/x.py", calls(module), CALLS) == []
