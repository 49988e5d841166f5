import pytest

from tools.ops.terraform import fits, reason

PROVIDER = """
Error: Failed to query available provider packages

Could not retrieve the list of available versions for provider hashicorp/aws:
could not connect to registry.terraform.io
"""
FRAMED = "\x1b[31m╷\x1b[0m\n\x1b[31m│\x1b[0m \x1b[1mError: \x1b[0mInvalid value\n│ \n│   on main.tf line 1\n╵\n"


@pytest.mark.parametrize(
    ("version", "is_fit"),
    [
        ("1.11.0", True),
        ("1.11.4", True),
        ("1.15.2", True),
        ("1.12.0-beta1", True),
        ("1.10.5", False),
        ("0.15.0", False),
        ("2.0.0", False),
        ("", False),
        ("new", False),
    ],
)
def test_versions_from_1_11_below_2_fit(version, is_fit):
    assert fits(version) is is_fit


def test_an_error_of_terraform_becomes_one_line():
    assert reason(FRAMED) == "Invalid value on main.tf line 1"


def test_several_errors_become_one_line():
    assert reason("Error: One\n\nbecause\n\nError: Two\n") == "One because; Two"


def test_a_provider_that_cannot_be_had_is_explained():
    said = reason(PROVIDER)
    assert said.startswith("Failed to query available provider packages Could not retrieve")
    assert "TF_CLI_CONFIG_FILE" in said
    assert "\n" not in said


def test_silence_is_said_to_be_silence():
    assert reason("") == "it says nothing."
