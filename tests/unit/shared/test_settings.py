import json

import pytest

from pennyworth.settings import Endpoint, Settings

ENVIRON = {
    "PENNYWORTH_ENVIRONMENT": "dev",
    "VERSION": "1.2.3",
    "GIT_SHA": "abc",
    "AWS_REGION": "eu-central-1",
    "PENNYWORTH_USER_POOL_ID": "eu-central-1_x",
    "PENNYWORTH_CLIENT_IDS": "one,two",
    "PENNYWORTH_IDENTITY_POOL_ID": "eu-central-1:x",
    "PENNYWORTH_DEVELOPER_PROVIDER": "pennyworth",
    "PENNYWORTH_PEPPER_PARAMETER": "/pennyworth/dev/key-pepper",
    "PENNYWORTH_AUTHORIZER_TTL_S": "60",
}


ACME = {"url": "https://api.example.com/v1", "key_parameter": "/p", "models": ["gpt-*"]}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {}}', '{"a": {"url": "u", "colour": 1}}', '{"a": null}'])
def test_providers_that_cannot_be_read_fail_by_the_variables_name(text):
    with pytest.raises(ValueError, match=r"^PENNYWORTH_PROVIDERS"):
        Settings.of({**ENVIRON, "PENNYWORTH_PROVIDERS": text})


def test_the_environment_becomes_one_frozen_object():
    settings = Settings.of({**ENVIRON, "PENNYWORTH_PROVIDERS": json.dumps({"acme": ACME})})
    assert (settings.client_ids, settings.authorizer_ttl_s) == (("one", "two"), 60)
    assert settings.providers == {"acme": Endpoint("https://api.example.com/v1", "/p", models=("gpt-*",))}
    assert (settings.openai_function, settings.mcp_origins) == ("", ())
    assert (settings.bucket, settings.file_expiry_days) == ("", 30)


@pytest.mark.parametrize("name", ENVIRON)
def test_a_missing_variable_fails_by_its_name(name):
    with pytest.raises(KeyError, match=name):
        Settings.of({key: value for key, value in ENVIRON.items() if key != name})


@pytest.mark.parametrize(
    ("said", "on"),
    [({}, True), ({"PENNYWORTH_REMOTE_IMAGES": "on"}, True), ({"PENNYWORTH_REMOTE_IMAGES": "off"}, False)],
)
def test_images_are_fetched_unless_it_is_said_they_are_not(said, on):
    assert Settings.of({**ENVIRON, **said}).remote_images is on


def test_clients_describe_themselves_unless_it_is_said_they_do_not():
    assert Settings.of(ENVIRON).client_documents
    assert not Settings.of({**ENVIRON, "PENNYWORTH_CLIENT_DOCUMENTS": "off"}).client_documents


@pytest.mark.parametrize("word", ["", "no", "false", "Off"])
@pytest.mark.parametrize("name", ["PENNYWORTH_REMOTE_IMAGES", "PENNYWORTH_CLIENT_DOCUMENTS"])
def test_a_switch_misspelt_fails_at_once(name, word):
    with pytest.raises(KeyError):
        Settings.of({**ENVIRON, name: word})
