"""The root certificates we ship are Amazon's, whole and still good."""

import hashlib
import re
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pennyworth.aws.tls import ROOTS

# SHA-256 of each root's public key, as https://www.amazontrust.com/repository/ publishes them (read 2026-11).
KEYS = {
    "Amazon Root CA 1": "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
    "Amazon Root CA 2": "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
    "Amazon Root CA 3": "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
    "Amazon Root CA 4": "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
    "Starfield Services Root Certificate Authority - G2": (
        "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92"
    ),
}


def certificates(pem: bytes) -> list[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography dislikes serial number 0, which Starfield's root has
        return x509.load_pem_x509_certificates(pem)


PEM = ROOTS.read_text()
SHIPPED = certificates(PEM.encode())


def fingerprint(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def test_the_keys_are_those_amazon_publishes() -> None:
    public = {root: root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for root in SHIPPED}
    assert {name(root): hashlib.sha256(key).hexdigest() for root, key in public.items()} == KEYS
    assert len(SHIPPED) == len(KEYS)


def test_the_certificates_are_mozillas_and_their_fingerprints_stand_beside_them() -> None:
    trusted = {fingerprint(root) for root in certificates(Path(certifi.where()).read_bytes())}
    assert {fingerprint(root) for root in SHIPPED} <= trusted
    written = re.findall(r"^# (.+)\n# ([0-9a-f]{64})$", PEM, re.MULTILINE)
    assert written == [(name(root), fingerprint(root)) for root in SHIPPED]


def test_they_are_good_for_years_to_come() -> None:
    soonest = min(root.not_valid_after_utc for root in SHIPPED)
    assert soonest > datetime.fromtimestamp(time.time() + 3 * 365 * 86400, UTC)
