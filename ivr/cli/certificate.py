"""Certificates of our own: for SIP over TLS, when none was given (telephones must be told to trust it), and for what
goes between our own machines, which trust it and no other."""

import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ivr.secret_file import write_once

LASTS = timedelta(days=3650)


def own_certificate(folder: Path, address: str, name: str = "sip") -> tuple[Path, Path]:
    """The files of the certificate for `address` and of its key, in PEM; made at first use."""
    certificate, key = folder / f"{name}-certificate.pem", folder / f"{name}-key.pem"
    if not (certificate.exists() and key.exists()):
        for file in (certificate, key):
            file.unlink(missing_ok=True)
        for file, text in zip((certificate, key), _made(address), strict=True):
            write_once(file, text)
    return certificate.resolve(), key.resolve()


def _made(address: str) -> tuple[str, str]:
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Numero Nero")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_called(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), pem.decode()


def _called(address: str) -> x509.GeneralName:
    """The address that we listen on, or this machine's name when that is every one."""
    own = ip_address(address)
    return x509.DNSName(socket.getfqdn()) if own.is_unspecified else x509.IPAddress(own)
