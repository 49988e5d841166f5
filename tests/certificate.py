"""A certificate that nobody vouches for, for a server of a test."""

import subprocess
from pathlib import Path


def certificate(file: Path, host: str) -> Path:
    """Its key, at `file`; it stands beside it, with `.crt` behind its name."""
    subject = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", file, "-out"]
    subprocess.run([*command, f"{file}.crt", *subject], check=True, capture_output=True)
    return file
