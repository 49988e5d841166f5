"""The Lambda handler over AWS's stand-in: a user pool as Terraform makes it, API Gateway's events, the log's lines."""

import io
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote
from uuid import uuid4

import httpx2
import pytest
import yaml
from openai import OpenAI
from openapi_schema_validator import OAS30Validator

from pennyworth import membership
from pennyworth.budgets import SPEND
from pennyworth.keys import SLOTS, attribute
from pennyworth.logs import logger
from pennyworth.policy import BUDGET
from pennyworth.settings import settings
from services.admin import aws

ROOT = Path(__file__).parents[3]
GROUPS = json.loads((ROOT / "terraform/environments/local/terraform.tfvars.json").read_text())["groups"]
PEPPER = "a pepper for tests, long enough for keys"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def aws_url():
    """AWS's stand-in in a process of its own."""
    command = [sys.executable, "-m", "local.aws", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = process.stdout.readline()
        assert ready.startswith("listening on "), ready
        yield ready.removeprefix("listening on ").strip()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="module")
def environment(aws_url):
    """An installation for each module of tests: its pool, its pepper, the function's environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": aws_url}).items():
            patch.setenv(name, value)
        _forget()
        where = f"/pennyworth/{uuid4().hex}"
        aws.client("ssm").put_parameter(Name=f"{where}/pepper", Value=PEPPER, Type="SecureString")
        aws.client("s3").create_bucket(Bucket=(bucket := uuid4().hex))
        variables = {
            "PENNYWORTH_ENVIRONMENT": "test",
            "VERSION": "0",
            "GIT_SHA": "0",
            "PENNYWORTH_USER_POOL_ID": _pool(aws.client("cognito-idp")),
            "PENNYWORTH_CLIENT_IDS": "client",
            "PENNYWORTH_IDENTITY_POOL_ID": "us-east-1:0",
            "PENNYWORTH_DEVELOPER_PROVIDER": "pennyworth",
            "PENNYWORTH_PEPPER_PARAMETER": f"{where}/pepper",
            "PENNYWORTH_AUTHORIZER_TTL_S": "60",
            "PENNYWORTH_RATE_PER_S": "500",
            "PENNYWORTH_BURST": "1000",
            "PENNYWORTH_BUCKET": bucket,
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{uuid4().hex}-admin",
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables
        _forget()


@pytest.fixture(scope="session")
def pepper():
    return PEPPER.encode()


def _pool(cognito):
    schema = [
        {
            "Name": name.removeprefix("custom:"),
            "AttributeDataType": "String",
            "Mutable": True,
            "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "2048"},
        }
        for name in [*map(attribute, range(1, SLOTS + 1)), membership.ATTRIBUTE, SPEND, BUDGET]
    ]
    pool_id = cognito.create_user_pool(
        PoolName="test", UsernameAttributes=["email"], Schema=schema, AutoVerifiedAttributes=["email"]
    )["UserPool"]["Id"]
    for name, group in GROUPS.items():
        policy = json.dumps({"actions": group["actions"], "models": group["models"]})
        cognito.create_group(
            UserPoolId=pool_id, GroupName=name, Description=policy, Precedence=group["precedence"], RoleArn=_role(name)
        )
    return pool_id


def _role(group):
    return f"arn:aws:iam::123456789012:role/{group}"


def _forget():
    """What a process keeps belongs to one installation."""
    from services.admin.directory import directory
    from services.admin.lastuse import last_use
    from services.admin.parameters import parameters, pepper

    for kept in (aws.client, settings, directory, last_use, parameters, pepper):
        kept.cache_clear()


@pytest.fixture(scope="module")
def cognito(environment):
    """The user pool, past the service: operations with the pool's id filled in."""
    client = aws.client("cognito-idp")
    pool = {"UserPoolId": environment["PENNYWORTH_USER_POOL_ID"]}
    return SimpleNamespace(call=lambda operation, **fields: getattr(client, operation)(**pool, **fields))


@pytest.fixture(scope="module")
def make_user(cognito):
    """A person made past the service: (group, address) → id."""

    def make(group=None, email=None):
        email = email or f"{uuid4().hex}@example.com"
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        made = cognito.call("admin_create_user", Username=email, UserAttributes=attributes, MessageAction="SUPPRESS")
        user_id = made["User"]["Username"]
        if group:
            cognito.call("admin_add_user_to_group", Username=user_id, GroupName=group)
        return user_id

    return make


@pytest.fixture(scope="module")
def admin_id(make_user):
    return make_user("admins", "admin@example.com")


@pytest.fixture
def ada(make_user):
    """A developer, new for each test."""
    return make_user("developers")


def make_event(method, path, body=None, sub=None, query="", **changes):
    """What API Gateway hands a Lambda function behind a Cognito authorizer."""
    parameters = parse_qs(query, keep_blank_values=True)
    authorizer = {"claims": {"sub": sub, "token_use": "id", "cognito:groups": "admins"}} if sub else None
    event = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": str(uuid4()),
            "stage": "v1",
            "path": f"/v1{path}",
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.7", "userAgent": "test"},
            "authorizer": authorizer,
        },
        "body": body if isinstance(body, str | None) else json.dumps(body),
        "isBase64Encoded": False,
    }
    return event | changes


def template(paths, path):
    """The path of the contract that a request's path is one of; the one with the fewest parameters."""
    fitting = [each for each in paths if re.fullmatch(re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(each)), path)]
    return min(fitting, key=lambda each: each.count("{"))


class Answer:
    def __init__(self, reply):
        self.status = reply["statusCode"]
        self.headers = {name.lower(): values[0] for name, values in reply["multiValueHeaders"].items()}
        self.text = reply["body"]
        self.json = json.loads(self.text)

    @property
    def error(self):
        return self.json["error"]


@pytest.fixture
def event():
    return make_event


@pytest.fixture(scope="session")
def promised():
    """Holds an answer to openapi.yaml: (event, Answer)."""
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text())

    def check(event, answer):
        path = template(contract["paths"], event["path"])
        responses = contract["paths"][path][event["httpMethod"].lower()]["responses"]
        if answer.status == 200:
            schema = responses["200"]["content"]["application/json"]["schema"]
        else:
            schema = {"$ref": "#/components/schemas/Error"}
        OAS30Validator({**schema, "components": contract["components"]}).validate(answer.json)
        assert answer.headers["x-request-id"] == event["requestContext"]["requestId"]

    return check


@pytest.fixture
def invoke(environment, promised):
    """The handler, every answer held to the contract: (event) → Answer."""
    from services.admin.app import handler

    def invoke(event):
        answer = Answer(handler(event, None))
        promised(event, answer)
        return answer

    return invoke


@pytest.fixture
def ask(invoke, admin_id):
    """The administrator's calls: (method, path, body, query=…) → Answer."""
    send = partial(make_event, sub=admin_id)
    return lambda *arguments, **fields: invoke(send(*arguments, **fields))


@pytest.fixture
def log():
    """The lines the service has logged, as objects."""
    handler = logger.registered_handler
    buffer = io.StringIO()
    before = handler.setStream(buffer)
    yield lambda: [json.loads(line) for line in buffer.getvalue().splitlines()]
    handler.setStream(before)


@pytest.fixture
def client(invoke, event, admin_id):
    """OpenAI's client, its requests handed to the handler as API Gateway would."""

    def answer(request):
        query = request.url.query.decode()
        path = unquote(request.url.path.removeprefix("/v1"))
        made = invoke(event(request.method, path, request.content.decode() or None, sub=admin_id, query=query))
        return httpx2.Response(made.status, headers=made.headers, text=made.text)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with OpenAI(
        admin_api_key="token", api_key="none", base_url="http://gateway/v1", http_client=http, max_retries=0
    ) as sdk:
        yield sdk
