# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can be said of a declaration before anything is changed. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    directives,
    names,
    security,
    users,
    validation_config,
    validation_live,
    validation_pods,
    validation_topology,
    versions,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.users import Login
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Instance


@dataclass(frozen=True)
class Verdict:
    """Sentences: what forbids the run, what a person should know, what nobody could check."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(self.problems + other.problems, self.warnings + other.warnings, self.skipped + other.skipped)


def of_declaration(wish: Declaration, application: Login, others: Sequence[Login]) -> tuple[Server | None, Verdict]:
    """What the declaration says of itself; also the server it names."""
    server, unknown = versions.server(wish.image, wish.version)
    modules = directives.modules(wish.modules, server) if server else directives.Modules.ANY
    problems = [
        *names.problems(wish),
        *validation_topology.problems(wish),
        *validation_pods.problems(wish),
        *unknown,
        *validation_config.problems(wish, server),
        *users.problems(application, others, server, modules),
    ]
    warnings = [*validation_config.warnings(wish), *(security.warnings(server) if server else [])]
    skipped = validation_config.skipped(wish, server) if server else []
    return server, Verdict(tuple(problems), tuple(warnings), tuple(skipped))


def of_instance(wish: Declaration, there: Instance) -> Verdict:
    """What Kubernetes says of the declaration."""
    if validation_topology.size(wish):
        # Their names alone would fill the memory, and they are refused anyway.
        return Verdict()
    return Verdict(tuple(validation_live.problems(wish, there)), (), tuple(validation_live.skipped(there)))
