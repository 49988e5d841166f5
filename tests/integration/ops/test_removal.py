from pathlib import Path

import boto3
import pytest

from tools.ops.account import Account
from tools.ops.environment import Environment
from tools.ops.removal import remains, remove_api_keys, remove_locks

LOCAL = Environment("local", Path(), {"environment": "local", "region": "us-east-1"}, "local")


class Signed(boto3.Session):
    """A session whose clients ask the stand-in."""

    def __init__(self, url):
        super().__init__("test", "test", region_name="us-east-1")
        self._url = url

    def client(self, service, **options):
        return super().client(service, endpoint_url=self._url, **options)


@pytest.fixture
def account(aws_url):
    return Account("123456789012", "us-east-1", Signed(aws_url))


@pytest.fixture
def put(client):
    """Put a parameter; gone after the test."""
    ssm, names = client("ssm"), []

    def put(name):
        ssm.put_parameter(Name=name, Value="free", Type="String")
        names.append(name)

    yield put
    for start in range(0, len(names), 10):
        ssm.delete_parameters(Names=names[start : start + 10])


def test_every_lock_of_the_environment_is_removed_and_nothing_else(client, account, put):
    locks = {f"/pennyworth/local/locks/{number:02x}" for number in range(25)}  # pages of ten, deletions of ten
    others = {"/pennyworth/local/providers/acme", "/pennyworth/dev/locks/00", "/pennyworth/local/locksmith"}
    for name in locks | others:
        put(name)
    ssm = client("ssm")
    assert set(remove_locks(ssm, LOCAL)) == locks
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/pennyworth", Recursive=True)
    assert {parameter["Name"] for page in pages for parameter in page["Parameters"]} == others
    assert remove_locks(ssm, LOCAL) == []


def test_what_remains_is_named_with_the_command_that_removes_it(client, account, put):
    put("/pennyworth/local/providers/acme")
    client("logs").create_log_group(logGroupName="/aws/lambda/pennyworth-local-openai")
    client("logs").create_log_group(logGroupName="/aws/lambda/pennyworth-dev-openai")
    parameter, group = remains(account, LOCAL)
    assert parameter.endswith("aws ssm delete-parameter --region us-east-1 --name /pennyworth/local/providers/acme")
    assert group.endswith(
        "aws logs delete-log-group --region us-east-1 --log-group-name /aws/lambda/pennyworth-local-openai"
    )


def test_every_api_key_of_the_environment_is_removed_and_nobody_elses(client):
    gateway = client("apigateway")
    tags = {"application": "pennyworth", "environment": "local"}
    for number in range(3):
        gateway.create_api_key(name=f"key_{number}", tags=tags)
    others = {"none": {}, "prod": {**tags, "environment": "prod"}, "app": {"environment": "local"}}
    for name, given in others.items():
        gateway.create_api_key(name=name, tags=given)
    assert set(remove_api_keys(gateway, LOCAL)) == {"key_0", "key_1", "key_2"}
    assert {key["name"] for key in gateway.get_api_keys()["items"]} == others.keys()
    assert remove_api_keys(gateway, LOCAL) == []
