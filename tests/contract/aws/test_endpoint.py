"""Endpoints, names and shapes are those of boto3 and of botocore's service models."""

import os
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from pennyworth.aws import retry
from pennyworth.aws.endpoint import SERVICES, endpoint

SESSION = botocore.session.Session()  # reads the environment anew for every client
# One or two of each partition that Bedrock could be in; the isolated ones are not for us.
REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-5", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    # boto3's default in us-east-1 is the endpoint of all Regions that S3 had first; AWS advises this one.
    monkeypatch.setenv("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "regional")
    return monkeypatch


def boto_client(service: str, region: str) -> Any:
    return SESSION.create_client(service, region_name=region, aws_access_key_id="a", aws_secret_access_key="b")


def url(service: str, region: str, environ: dict[str, str]) -> str:
    at = endpoint(service, region, environ)
    assert at.host in at.authority
    return f"{'https' if at.tls else 'http'}://{at.authority}{at.base}"


@pytest.mark.parametrize("service", SERVICES)
def test_endpoints_names_and_targets_are_botocores(service: str) -> None:
    client = boto_client(service, "us-east-1")
    model = client.meta.service_model
    assert model.endpoint_prefix == service
    assert model.signing_name == SERVICES[service].signing_name
    assert model.service_id.replace(" ", "_").upper() == SERVICES[service].variable
    assert model.metadata.get("targetPrefix", "") == SERVICES[service].target
    assert model.metadata.get("jsonVersion", "1.1") == "1.1"
    for region in REGIONS:
        assert url(service, region, {}) == boto_client(service, region).meta.endpoint_url


ENVIRONS = [
    {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
    {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"},
    {"AWS_ENDPOINT_URL": "http://[::1]:4566"},
    {"AWS_ENDPOINT_URL": "https://example.com/base/path"},
    {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_{}": "https://b"},
    {"AWS_ENDPOINT_URL_{}": "https://b:8443"},
    {"AWS_ENDPOINT_URL_OTHER": "http://c"},
    {"AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
]


@pytest.mark.parametrize("service", SERVICES)
def test_the_environment_means_what_it_means_to_boto3(service: str, clean: pytest.MonkeyPatch) -> None:
    for template in ENVIRONS:
        environ = {name.format(SERVICES[service].variable): value for name, value in template.items()}
        with clean.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            theirs = boto_client(service, "us-east-1").meta.endpoint_url
        assert url(service, "us-east-1", environ) == theirs.rstrip("/")


@pytest.mark.parametrize(
    ("given", "authority"), [("http://a:80", "a"), ("https://A:443", "a"), ("http://a:443", "a:443")]
)
def test_the_host_header_leaves_out_a_default_port(given: str, authority: str) -> None:
    at = endpoint("ssm", "us-east-1", {"AWS_ENDPOINT_URL": given})
    assert (at.authority, at.port) == (authority, urlsplit(given).port)


@pytest.mark.parametrize("bad", ["127.0.0.1:4566", "ftp://a", "http://", "http://a?b", "http://user:word@a"])
def test_an_unusable_endpoint_is_refused_without_repeating_it(bad: str) -> None:
    with pytest.raises(ValueError, match="must be http") as caught:
        endpoint("ssm", "us-east-1", {"AWS_ENDPOINT_URL": bad})
    assert "word" not in str(caught.value)


def test_throttling_and_passing_faults_have_botocores_names() -> None:
    assert set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES) == retry.THROTTLED
    assert set(TransientRetryableChecker._TRANSIENT_ERROR_CODES) == retry.TRANSIENT
