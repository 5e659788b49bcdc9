# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role say the same in all places where they stand."""

from __future__ import annotations

import re

from ansible_collections.k8sredis.core.plugins.module_utils._decide import security, versions
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import declaration

from tests.unit.role.rendering import ROLE, load, value

OPTIONS = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
DEFAULTS = load("defaults/main.yml")
NOT_CHECKED = {"kubernetes", "confirm_destroy", "delete_claims", "delete_auth", "rebalance_masters"}
"""Those that cluster_preflight has no use for."""
SECRET = {"application_password", "users"}
"""Those that it gets as masked options of their own."""


def test_every_variable_has_a_default_and_is_documented() -> None:
    assert sorted(OPTIONS) == sorted([*DEFAULTS, "redis_cluster_name"])


def test_defaults_are_those_that_are_documented() -> None:
    documented = {name: option.get("default") for name, option in OPTIONS.items() if name != "redis_cluster_name"}
    assert documented == DEFAULTS


def test_preflight_gets_every_variable() -> None:
    settings = load("vars/main.yml")["__redis_cluster_settings"]
    assert sorted(settings) == sorted({name.removeprefix("redis_cluster_") for name in OPTIONS} - NOT_CHECKED - SECRET)


def test_preflight_gets_typed_values() -> None:
    types = {"int": int, "bool": bool, "str": str, "list": list, "dict": dict}
    settings = value("__redis_cluster_settings", shards="5", accept_no_replicas="yes")
    wrong = {
        name: given
        for name, given in settings.items()
        if not isinstance(given, types[OPTIONS[f"redis_cluster_{name}"]["type"]])
    }
    assert wrong == {}
    assert (settings["shards"], settings["accept_no_replicas"]) == (5, True)


def test_preflight_knows_every_variable() -> None:
    _declared, problems = declaration(value("__redis_cluster_settings"))
    assert problems == []


def test_the_default_image_has_no_known_security_hole() -> None:
    found, problems = versions.server(DEFAULTS["redis_cluster_image"], "")
    assert found is not None
    assert problems + security.warnings(found) == []


def test_a_part_of_the_storage_keeps_the_defaults_of_the_rest() -> None:
    documented = {name: option["default"] for name, option in OPTIONS["redis_cluster_storage"]["options"].items()}
    assert documented == DEFAULTS["redis_cluster_storage"]
    assert value("__redis_cluster_storage", storage={"class": "fast"}) == {**documented, "class": "fast"}


def test_nothing_of_the_role_is_used_without_being_declared() -> None:
    declared = {*OPTIONS, *load("vars/main.yml")}
    used: dict[str, str] = {}
    for path in [*ROLE.glob("tasks/*"), *ROLE.glob("templates/*"), *ROLE.glob("vars/*")]:
        text = path.read_text(encoding="utf-8")
        declared |= set(re.findall(r"^\s*register: (\w+)", text, re.MULTILINE))
        declared |= set(re.findall(r"^\s+(__redis_cluster_\w+):", text, re.MULTILINE))
        used |= dict.fromkeys(re.findall(r"\b(?:__)?redis_cluster_\w+", text), path.name)
    unknown = {name: where for name, where in used.items() if name not in declared}
    assert unknown == {}
