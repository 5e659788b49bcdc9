# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options for ACL users, shared by the modules that check and that keep them. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, directives

Spec = dict[str, Any]

SHORTEST_SECRET = 5
"""Characters; masking less would make words of every message unreadable."""


def secrets() -> Spec:
    """What must be masked; documented in the fragment users."""
    rules = {"type": "list", "elements": "str"}
    return {
        "application_password": {"type": "str", "no_log": True},
        "users": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "password": {"type": "str", "required": True, "no_log": True},
                "commands": dict(rules),
                "keys": {**rules, "no_log": False},
                "channels": dict(rules),
            },
        },
    }


def application() -> Spec:
    """The application's user, but for its password."""
    rules = {"type": "list", "elements": "str"}
    return {
        "application_user": {"type": "str", "default": "default"},
        "application_commands": dict(rules),
        "application_keys": {**rules, "no_log": False},
        "application_channels": dict(rules),
    }


def mask_misplaced(module: AnsibleModule, given: Mapping[str, Any], users: Iterable[Mapping[str, Any]] | None) -> None:
    """Passwords that stand where none belongs are refused, and must not be shown with the arguments of the task.

    ``given``: the variables, of which ``config`` and ``application_commands`` are looked at. Keys and channels are
    not: a pattern may begin with any character.
    """
    config = given.get("config")
    pairs = config.items() if isinstance(config, Mapping) else [("requirepass", config)]
    found = [text for name, value in pairs if directives.is_secret(str(name)) for text in _texts(value)]
    rules = [given.get("application_commands"), *(user.get("commands") for user in users or ())]
    found += [word for rule in rules for text in _texts(rule) for word in acl.PASSWORD_RULE.findall(text)]
    bare = [word[1:] for word in found if acl.PASSWORD_RULE.fullmatch(word)]
    module.no_log_values.update(text for text in [*found, *bare] if len(text) >= SHORTEST_SECRET)


def _texts(value: Any) -> list[str]:
    """A value, or each of a list of them."""
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else [str(value or "")]
