# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of a Kubernetes: one authority, and a pair of certificate and key for each member.

A member is known to the API server by its certificate alone: the common name is the user, the organisation the group.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.kube.lab import API_ADDRESS, API_SERVICE_ADDRESS, CLUSTER_DOMAIN, NODES

LIFETIME = datetime.timedelta(days=365)
ADMINISTRATORS = "system:masters"


@dataclass(frozen=True)
class Member:
    """``file`` is the name of its pair of files; a member with ``hosts`` is a server too."""

    file: str
    user: str
    group: str | None = None
    hosts: tuple[str, ...] = ()
    client: bool = True


MEMBERS = (
    Member(
        "apiserver",
        "kube-apiserver",
        hosts=(
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            f"kubernetes.default.svc.{CLUSTER_DOMAIN}",
            "localhost",
            "127.0.0.1",
            API_ADDRESS,
            API_SERVICE_ADDRESS,
        ),
        client=False,
    ),
    Member("apiserver-kubelet-client", "kube-apiserver-kubelet-client", ADMINISTRATORS),
    Member("admin", "admin", ADMINISTRATORS),
    Member("coredns", "coredns", ADMINISTRATORS),
    Member("local-path-provisioner", "local-path-provisioner", ADMINISTRATORS),
    Member("kube-controller-manager", "system:kube-controller-manager"),
    Member("kube-scheduler", "system:kube-scheduler"),
    Member("kube-proxy", "system:kube-proxy"),
    *(Member(node.name, f"system:node:{node.name}", "system:nodes", (node.name, node.address)) for node in NODES),
)


class Authority:
    """A certificate authority that writes what it issues into ``folder`` as PEM files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("k8sredis-lab", None)
        self._write("ca", self._key, _certificate(self._name, self._name, self._key, self._key, ca=True))

    def issue(self, member: Member) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH] if member.client else []
        uses += [ExtendedKeyUsageOID.SERVER_AUTH] if member.hosts else []
        extensions: list[x509.ExtensionType] = [x509.ExtendedKeyUsage(uses)]
        if member.hosts:
            extensions.append(x509.SubjectAlternativeName([_host(host) for host in member.hosts]))
        subject = _name(member.user, member.group)
        self._write(member.file, key, _certificate(subject, self._name, key, self._key, extensions))

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        _write_key(self.folder / f"{name}.key", key)
        (self.folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def create(folder: Path, members: Iterable[Member] = MEMBERS) -> None:
    """Make ``folder`` with everything in it: ``ca``, the members, and ``service-account`` (a key pair for tokens)."""
    folder.mkdir(mode=0o700)
    authority = Authority(folder)
    for member in members:
        authority.issue(member)
    tokens = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "service-account.key", tokens)
    public = tokens.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / "service-account.pub").write_bytes(public)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )


def _name(user: str, group: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signing_key: ec.EllipticCurvePrivateKey,
    extensions: Iterable[x509.ExtensionType] = (),
    ca: bool = False,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signing_key, hashes.SHA256())
