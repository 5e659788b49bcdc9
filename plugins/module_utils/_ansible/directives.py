# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``directives``. PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible.users import mask_misplaced
from ansible_collections.k8sredis.core.plugins.module_utils._decide import directives, live, values
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused


def wished(module: AnsibleModule) -> dict[str, str]:
    """By name, each as one text, as CONFIG SET takes it."""
    given = module.params["directives"]
    mask_misplaced(module, {"config": given}, None)
    found = {}
    for name, value in given.items():
        lines = directives.lines(value)
        if not directives.NAME.fullmatch(str(name).lower()):
            raise Refused(f"Cannot use the directive '{name}': it is not the name of one; correct it.")
        if not lines:
            raise Refused(f"Cannot use the directive {name}: its value is no text, number or truth value; correct it.")
        found[str(name).lower()] = directives.joined(str(name).lower(), lines)
    return found


def to_set(module: AnsibleModule) -> dict[str, str]:
    """The same, without those that are not set in this way."""
    found = wished(module)
    for name, value in found.items():
        if directives.is_secret(name):
            raise Refused(
                f"Cannot set {name}: its value may be a password, and everybody could read it here; use cluster_users, "
                "or remove it."
            )
        # Of an instance of this collection; what others made is theirs.
        if module.params["name"] and name not in live.ALWAYS_WISHED and (advice := directives.owner(name)):
            raise Refused(f"Cannot set {name}: the collection sets this directive itself; {advice}.")
        reason, advice = values.problem(name, (value,))
        if reason:
            raise Refused(f"Cannot set {name} to '{_short(value)}': {reason}; {advice}.")
    return found


def _short(value: Any) -> str:
    return str(value)[:80]
