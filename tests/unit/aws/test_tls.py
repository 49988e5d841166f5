"""Over TLS: who is believed, and who is not."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pennyworth.aws import UNSIGNED, Aws, AwsError
from pennyworth.aws.tls import context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of 127.0.0.1 and nothing else, signed by itself; and its key."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificate.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def port(certificate: tuple[Path, Path]) -> Iterator[int]:
    """A server that answers `{}` to everything; the second answer, without a length, is cut without a goodbye."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            plain.settimeout(10)
            try:
                with server.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def client(host: str, port: int, **environ: str) -> Aws:
    return Aws("us-east-1", lambda: UNSIGNED, {"AWS_ENDPOINT_URL": f"https://{host}:{port}", **environ}, retries=0)


def test_a_certificate_of_the_bundle_is_believed_and_a_cut_is_no_end(port: int, certificate: tuple[Path, Path]) -> None:
    aws = client("127.0.0.1", port, AWS_CA_BUNDLE=str(certificate[0]))
    assert aws.post("lambda", "/x", {}) == {}
    with pytest.raises(AwsError) as caught:
        aws.post("lambda", "/x", {})
    assert caught.value.code == "ConnectionError"
    aws.close()


def test_a_certificate_for_another_name_is_not(port: int, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(AwsError, match="not valid for 'localhost'"):
        client("localhost", port, AWS_CA_BUNDLE=str(certificate[0])).post("lambda", "/x", {})


def test_a_certificate_of_nobody_we_know_is_not(port: int) -> None:
    with pytest.raises(AwsError, match="self-signed certificate"):
        client("127.0.0.1", port).post("lambda", "/x", {})


def test_a_missing_bundle_is_an_error_that_says_so(port: int, tmp_path: Path) -> None:
    with pytest.raises(AwsError, match="no root certificates"):
        client("127.0.0.1", port, AWS_CA_BUNDLE=str(tmp_path / "none.pem")).post("lambda", "/x", {})


def test_aws_is_held_to_its_own_roots_and_the_rest_to_the_systems() -> None:
    amazon = context("ssm.us-east-1.amazonaws.com", {})
    assert amazon.verify_mode == ssl.CERT_REQUIRED
    assert amazon.check_hostname
    assert amazon.minimum_version == ssl.TLSVersion.TLSv1_2
    names = {dict(part[0] for part in root["subject"])["commonName"] for root in amazon.get_ca_certs()}
    assert names == {f"Amazon Root CA {number}" for number in range(1, 5)} | {
        "Starfield Services Root Certificate Authority - G2"
    }
    assert len(context("ssm.cn-north-1.amazonaws.com.cn", {}).get_ca_certs()) != 5
    assert len(context("evilamazonaws.com", {}).get_ca_certs()) != 5


def test_whom_we_trust_is_read_once(certificate: tuple[Path, Path]) -> None:
    """The system's bundle takes 30 ms, and anybody may have a host asked that was never asked before."""
    own = {"AWS_CA_BUNDLE": str(certificate[0])}
    kinds = [("one.example", {}), ("s3.us-east-1.amazonaws.com", {}), ("one.example", own)]
    made = [context(host, environ) for host, environ in kinds]
    assert len(set(map(id, made))) == 3
    assert all(each.verify_mode == ssl.CERT_REQUIRED and each.check_hostname for each in made)
    assert context("another.example", {}) is made[0]
    assert context("lambda.us-east-1.amazonaws.com", {}) is made[1]
    assert context("another.example", own) is made[2]
