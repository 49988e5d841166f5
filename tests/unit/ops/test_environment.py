import pytest

from tools.ops import environment
from tools.ops.errors import OpsError, UsageError


def test_an_environment_is_what_its_folder_says(project, values):
    values("dev", environment="dev", region="eu-west-1", account_id="123456789012", architecture="x86_64")
    dev = environment.find(project, "dev")
    assert (dev.region, dev.account_id, dev.architecture, dev.backend) == ("eu-west-1", "123456789012", "x86_64", "s3")
    assert (dev.prefix, dev.parameters) == ("pennyworth-dev", "/pennyworth/dev")
    assert dev.folder == project / "terraform/environments/dev"


def test_what_an_environment_does_not_say_has_a_default(project):
    dev = environment.find(project, "dev")
    assert (dev.account_id, dev.architecture) == (None, "arm64")


@pytest.mark.parametrize(("name", "important"), [("dev", False), ("prod", True)])
def test_production_is_important(project, name, important):
    assert environment.find(project, name).important is important


def test_no_environment_at_all_is_answered_with_their_names(project):
    with pytest.raises(UsageError, match=r"^Which environment\? Add ENV=, one of: dev, prod\.$"):
        environment.find(project, "")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("staging", r" To add one, cp -RP terraform/environments/dev terraform/environments/staging, then .*"),
        ("dve", r" Did you mean dev\?"),
        ("dev/", r" Did you mean dev\?"),
        ("../dev", r" Did you mean dev\?"),
        ("../elsewhere", ""),
        (".", ""),
        ("/", ""),
    ],
)
def test_an_unknown_environment_is_answered_with_the_known_ones(project, name, advice):
    with pytest.raises(UsageError, match=rf"terraform/environments has dev, prod\.{advice}$"):
        environment.find(project, name)


def test_an_environment_without_values_is_told_which_file_is_missing(project):
    (project / "terraform/environments/dev/terraform.tfvars.json").unlink()
    with pytest.raises(OpsError, match=r"^terraform/environments/dev/terraform\.tfvars\.json is missing: copy "):
        environment.find(project, "dev")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{\n  "environment" "dev"\n}', "line 2, column 17: no valid JSON"),
        (b"", "line 1, column 1: no valid JSON"),
        (b"[]", "has to hold a JSON object"),
        (b'{"environment": "\xff"}', "is not UTF-8"),
    ],
)
def test_broken_values_are_told_with_the_place(project, text, said):
    (project / "terraform/environments/dev/terraform.tfvars.json").write_bytes(text)
    with pytest.raises(OpsError, match=said):
        environment.find(project, "dev")


def test_a_copied_environment_that_kept_its_name_is_refused(project, values):
    values("prod", environment="dev", region="us-east-1")
    with pytest.raises(OpsError, match=r'"environment" is "dev", but the folder is named prod: write "prod"'):
        environment.find(project, "prod")


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("us-esat-1", "Did you mean .*us-east-1"),
        ("moon", "It is in .*eu-west-1"),
        (None, '"region" is null'),
        (1, '"region" is 1'),
    ],
)
def test_an_unknown_region_is_refused(project, values, region, said):
    values("dev", environment="dev", region=region)
    with pytest.raises(OpsError, match=said):
        environment.find(project, "dev")


def test_an_environment_without_a_backend_is_refused(project):
    (project / "terraform/environments/dev/backend.tf").unlink()
    with pytest.raises(OpsError, match="names no backend"):
        environment.find(project, "dev")


def test_a_folder_that_is_no_project_is_told(tmp_path):
    with pytest.raises(OpsError, match="run this in a checkout of the project"):
        environment.find(tmp_path, "dev")
