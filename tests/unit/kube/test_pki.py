# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who the certificates say that their holders are."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.kube import pki


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lab") / "pki"
    pki.create(path)
    return path


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def test_the_api_server_is_known_by_all_its_names(folder: Path) -> None:
    names = certificate(folder, "apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
    ]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "10.240.0.1", "10.96.0.1"]


@pytest.mark.parametrize(
    ("name", "user", "group"),
    [
        ("admin", "admin", "system:masters"),
        ("kube-scheduler", "system:kube-scheduler", None),
        ("n2", "system:node:n2", "system:nodes"),
    ],
)
def test_the_subject_is_user_and_group(folder: Path, name: str, user: str, group: str | None) -> None:
    subject = certificate(folder, name).subject
    groups = [attribute.value for attribute in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert [attribute.value for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [user]
    assert groups == ([group] if group else [])


def test_a_node_is_client_and_server_the_api_server_a_server_only(folder: Path) -> None:
    def uses(name: str) -> set[x509.ObjectIdentifier]:
        return set(certificate(folder, name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)

    assert uses("n1") == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    assert uses("apiserver") == {ExtendedKeyUsageOID.SERVER_AUTH}
    assert uses("admin") == {ExtendedKeyUsageOID.CLIENT_AUTH}


def test_all_are_issued_by_the_one_authority(folder: Path) -> None:
    authority = certificate(folder, "ca")
    for member in pki.MEMBERS:
        certificate(folder, member.file).verify_directly_issued_by(authority)


def test_keys_are_for_their_owner_alone(folder: Path) -> None:
    keys = list(folder.glob("*.key"))
    assert len(keys) == len(pki.MEMBERS) + 2
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
