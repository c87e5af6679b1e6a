"""Writes an authority and certificates for the tests of HTTPS, with new keys: `python3 make.py`, which needs cryptography.

The files are committed, so that no test depends on the date or on a program that makes them.
"""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FOLDER = Path(__file__).parent
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
ELSEWHERE = x509.DNSName("elsewhere.invalid")
NEVER = 2124


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    common: str, own: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey,
    alternative: x509.GeneralName | None, last_year: int,
) -> bytes:  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(name(issuer))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2024, 1, 1))
        .not_valid_after(datetime.datetime(last_year, 12, 31))
        .add_extension(x509.BasicConstraints(ca=alternative is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if alternative is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def private(own: ec.EllipticCurvePrivateKey) -> bytes:
    return own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def main() -> None:
    authority, stranger = key(), key()
    (FOLDER / "authority.pem").write_bytes(
        certificate("Test authority", authority, "Test authority", authority, None, NEVER)
    )
    for file, issuer, signer, alternative, last_year in [
        ("trusted", "Test authority", authority, LOOPBACK, NEVER),
        ("other-host", "Test authority", authority, ELSEWHERE, NEVER),
        ("expired", "Test authority", authority, LOOPBACK, 2024),
        ("other-authority", "Another authority", stranger, LOOPBACK, NEVER),
    ]:
        own = key()
        text = certificate("Test server", own, issuer, signer, alternative, last_year) + private(own)
        (FOLDER / f"{file}.pem").write_bytes(text)


if __name__ == "__main__":
    main()
