"""What a client is told before anybody has signed in."""

from pathlib import Path

import jsonschema
import yaml

from pennyworth.settings import Settings
from services.admin.configuration import configuration

CONTRACT = yaml.safe_load((Path(__file__).resolve().parents[3] / "openapi.yaml").read_text())
ENVIRONMENT = {
    "PENNYWORTH_ENVIRONMENT": "dev",
    "VERSION": "1.2.3",
    "GIT_SHA": "abc",
    "AWS_REGION": "eu-central-1",
    "PENNYWORTH_USER_POOL_ID": "eu-central-1_AbCdEfGhI",
    "PENNYWORTH_CLIENT_IDS": "people,machines",
    "PENNYWORTH_IDENTITY_POOL_ID": "identities",
    "PENNYWORTH_DEVELOPER_PROVIDER": "provider",
    "PENNYWORTH_PEPPER_PARAMETER": "/pennyworth/dev/key-pepper",
    "PENNYWORTH_AUTHORIZER_TTL_S": "60",
}


def told():
    here = Settings.of(ENVIRONMENT)
    return configuration(here, "https://llm.example.com/v1", "https://cognito-idp.eu-central-1.amazonaws.com")


def test_a_client_learns_the_pool_and_its_app_client():
    assert told() == {
        "base_url": "https://llm.example.com/v1",
        "region": "eu-central-1",
        "issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI",
        "client_id": "people",  # the first is the one that people sign in with
        "cognito_url": "https://cognito-idp.eu-central-1.amazonaws.com",
    }


def test_it_is_what_the_contract_promises_and_nothing_else():
    schema = CONTRACT["components"]["schemas"]["Configuration"]
    jsonschema.validate(told(), schema)
    assert told().keys() == schema["properties"].keys()


def test_no_setting_that_is_nobodys_business_is_told():
    assert "pepper" not in str(told())
    assert "identities" not in str(told())
