"""The security checks of terraform/ can fail, read everything, and are skipped only with a reason that still holds."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SKIP = re.compile(r"checkov:skip=(?P<id>[A-Z0-9_]+)(?P<reason>.*)")
LIMIT_S = 120
PUBLIC_BUCKET = """
resource "aws_s3_bucket" "this" {
  bucket = "everyones"
}

resource "aws_s3_bucket_acl" "this" {
  bucket = aws_s3_bucket.this.id
  acl    = "public-read"
}
"""


@pytest.fixture(scope="module")
def checkov():
    """Run it in a folder, as `make checkov` does: its exit code, and what it found."""
    program = ROOT / ".checkov/bin/checkov"
    if not program.exists():
        pytest.skip("checkov is not installed: `make checkov` does that")

    def run(folder):
        command = [program, "--output", "json"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        return done.returncode, json.loads(done.stdout)

    return run


def sources():
    return sorted(path for path in (ROOT / "terraform").rglob("*.tf") if not path.is_symlink())


def skips():
    """(file, number of the line, match) of every skip."""
    for path in sources():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if found := SKIP.search(line):
                yield path, number, found


def test_a_public_bucket_is_found(checkov, tmp_path):
    module = tmp_path / "terraform/modules/storage"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(PUBLIC_BUCKET)
    shutil.copyfile(ROOT / ".checkov.yaml", tmp_path / ".checkov.yaml")
    code, found = checkov(tmp_path)
    assert code == 1
    assert {"CKV_AWS_20", "CKV2_AWS_6"} <= {check["check_id"] for check in found["results"]["failed_checks"]}


def test_every_file_is_read_and_every_skip_is_still_needed(checkov):
    _, found = checkov(ROOT)
    # A file that cannot be parsed is passed over by checkov, which ends well all the same.
    assert not found["results"]["parsing_errors"]
    used = {(Path(check["file_abs_path"]).resolve(), check["check_id"]) for check in found["results"]["skipped_checks"]}
    unneeded = [f"{path.relative_to(ROOT)}:{line}" for path, line, skip in skips() if (path, skip["id"]) not in used]
    assert not unneeded


def test_every_skip_gives_its_reason():
    silent = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, line, skip in skips()
        if not re.fullmatch(r":\s*\S.{15,}", skip["reason"])
    ]
    assert not silent


def test_nothing_is_skipped_for_the_whole_project():
    settings = yaml.safe_load((ROOT / ".checkov.yaml").read_text())
    assert settings.keys() == {"directory", "framework", "compact", "skip-download"}
    assert settings["directory"] == ["terraform"]
