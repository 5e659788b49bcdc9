# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  application_password:
    description:
      - Password of the application's user. Without it the one in the instance's Secret stays; when there is none yet,
        one is generated once.
      - At least 16 characters without white space.
    type: str
  users:
    description:
      - Further ACL users.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the user. Names that begin with C(k8sredis-) or an underscore are reserved.
        type: str
        required: true
      password:
        description:
          - Password of the user, at least 16 characters without white space. Only its hash is kept in the cluster.
        type: str
        required: true
      commands:
        description:
          - What the user may run, as rules of the ACL in their order, for example V(+@read) or V(+config|get).
          - Without it what applications may do by default; an empty list allows nothing.
        type: list
        elements: str
      keys:
        description:
          - Patterns of the keys that the user may use, for example V(app:*). V(%R~app:*) may only be read, V(%W~app:*)
            only written.
          - Without it all keys; an empty list allows none.
        type: list
        elements: str
      channels:
        description:
          - Patterns of the channels that the user may use, for example V(news:*).
          - Without it all channels; an empty list allows none.
        type: list
        elements: str
"""
