# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helps members to agree after a failover. PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import membership, promotion
from ansible_collections.k8sredis.core.plugins.module_utils._execute.converge import SEND_AGAIN_AFTER
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Step, View
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error

CHAINED_FOR = 1.0
"""Seconds for which a replica may follow the former master: it hears of the new one within one."""

LONG_AGO = float("-inf")


class Mending:
    """Shows to all others what a member has become, and attaches a replica that stays under a replica."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown: dict[promotion.Truth, float] = {}
        self._chained: dict[Step, float] = {}

    def mend(self, view: View) -> None:
        now = self._session.clock.now()
        hidden = [one for one in promotion.misjudged(view) if now - self._shown.get(one, LONG_AGO) >= SEND_AGAIN_AFTER]
        self._shown.update(dict.fromkeys(hidden, now))
        if hidden:
            self._session.tell(view, membership.push(view, {name for name, _master, _slots in hidden}))
        found = promotion.repairs(view).steps
        self._chained = {step: self._chained.get(step, now) for step in found}
        for step in found:
            if now - self._chained[step] >= CHAINED_FOR:
                self._chained[step] = now
                # A refusal because it has not heard of the new master yet is no failure: the next look shows it.
                (reply,) = self._session.tell(view, {step.subject: step.commands})[step.subject]
                if not is_error(reply):
                    self._session.done.append(step)
