import json

import pytest


@pytest.fixture
def project(tmp_path):
    """A project with the environments dev and prod; `values` changes a file of them."""
    for name in ("dev", "prod"):
        folder = tmp_path / "terraform/environments" / name
        folder.mkdir(parents=True)
        (folder / "backend.tf").write_text('terraform {\n  backend "s3" {\n  }\n}\n')
        write(tmp_path, name, environment=name, region="us-east-1")
    return tmp_path


def write(root, name, **values):
    (root / "terraform/environments" / name / "terraform.tfvars.json").write_text(json.dumps(values))


@pytest.fixture
def values(project):
    return lambda name, **values: write(project, name, **values)
