# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbooks and modules of the collection as a user would."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import Any

from tests.environment import CHECKOUT, tool_environment

LOOK = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
}


class DemoError(Exception):
    """One sentence for the person who runs the demo."""


def play(playbook: str, kubeconfig: str, *variables: str) -> bool:
    """Run a playbook before the eyes of the user; whether it changed anything."""
    command = ["ansible-playbook", f"k8sredis.core.{playbook}"]
    command += [word for given in variables for word in ("-e", given)]
    print(f"\n$ {shlex.join(command)}", flush=True)
    changed = False
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment(kubeconfig), stdout=subprocess.PIPE, text=True
    ) as running:
        for line in running.stdout or []:
            print(line, end="", flush=True)
            changed = changed or bool(re.search(r"\bchanged=[1-9]", line))
    if running.returncode != 0:
        raise DemoError(f"Cannot finish: ansible-playbook ended with code {running.returncode}; see its output above.")
    return changed


def module(name: str, kubeconfig: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The result of one module of the collection."""
    python = f"ansible_python_interpreter={sys.executable}"
    command = ["ansible", "localhost", "-e", python, "-m", f"k8sredis.core.{name}", "-a", json.dumps(arguments)]
    variables = environment(kubeconfig, ANSIBLE_CALLBACK_RESULT_FORMAT="json", ANSIBLE_FORCE_COLOR="false")
    done = subprocess.run(command, cwd=CHECKOUT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0 or "=>" not in done.stdout:
        raise DemoError(f"Cannot look at the cluster: {done.stdout.strip() or done.stderr.strip()}")
    return dict(json.loads(done.stdout.split("=>", 1)[1]))


def environment(kubeconfig: str, **more: str) -> dict[str, str]:
    own = tool_environment()
    colour = {"ANSIBLE_FORCE_COLOR": "true"} if sys.stdout.isatty() and "NO_COLOR" not in own else {}
    return {**own, **LOOK, **colour, "KUBECONFIG": kubeconfig, **more}
