"""One provider, wherever Terraform is run: the lock files are equal, and hold checksums of every platform."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_root_locks_the_same_provider():
    roots = {file.parent for file in ROOT.glob("terraform/**/backend.tf")} | {ROOT / "terraform/bootstrap"}
    assert len(roots) == 4
    locks = {(root / ".terraform.lock.hcl").read_text() for root in roots}
    assert len(locks) == 1
    assert locks.pop().count('"zh:') == 15  # of the provider's release, one a platform, and its manifest
