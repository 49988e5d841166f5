"""What a request to the AWS stand-in needs, request by request."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from local.aws.actions import Asked, Need, needs

NOTHING: Mapping[str, str] = {}


def asked(
    request: str, headers: Mapping[str, str] = NOTHING, body: Any = b"", service: str = "s3", host: str = "127.0.0.1:1"
) -> list[Need]:
    method, target = request.split(" ")
    path, _, query = target.partition("?")
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return needs(Asked(service, "us-east-1", "123456789012", method, host, path, query, headers, content))


def said(found: Iterable[Need]) -> list[tuple[str, str]]:
    return [(need.action.removeprefix("s3:"), need.resource.removeprefix("arn:aws:s3:::")) for need in found]


@pytest.mark.parametrize(
    ("request_line", "action", "resource"),
    [
        ("GET /", "ListAllMyBuckets", "*"),
        ("GET /b/k/l", "GetObject", "b/k/l"),
        ("GET /b/k?response-content-type=text/plain&X-Amz-Signature=x", "GetObject", "b/k"),
        ("GET /b/k?versionId=1", "GetObjectVersion", "b/k"),
        ("HEAD /b/k", "GetObject", "b/k"),
        ("PUT /b/k", "PutObject", "b/k"),
        ("PUT /b/k?partNumber=1&uploadId=u", "PutObject", "b/k"),
        ("POST /b/k?uploads", "PutObject", "b/k"),
        ("POST /b/k?uploadId=u", "PutObject", "b/k"),
        ("GET /b/k?uploadId=u", "ListMultipartUploadParts", "b/k"),
        ("DELETE /b/k?uploadId=u", "AbortMultipartUpload", "b/k"),
        ("DELETE /b/k", "DeleteObject", "b/k"),
        ("DELETE /b/k?versionId=1", "DeleteObjectVersion", "b/k"),
        ("GET /b/k?tagging", "GetObjectTagging", "b/k"),
        ("PUT /b/k?acl", "PutObjectAcl", "b/k"),
        ("GET /b", "ListBucket", "b"),
        ("GET /b/", "ListBucket", "b"),
        ("HEAD /b", "ListBucket", "b"),
        ("GET /b?list-type=2&prefix=a&max-keys=1", "ListBucket", "b"),
        ("GET /b?prefix=&uploads", "ListBucketMultipartUploads", "b"),
        ("GET /b?versions", "ListBucketVersions", "b"),
        ("GET /b?policy", "GetBucketPolicy", "b"),
        ("PUT /b?cors", "PutBucketCors", "b"),
        ("DELETE /b?lifecycle", "DeleteBucketLifecycle", "b"),
        ("PUT /b", "CreateBucket", "b"),
        ("DELETE /b", "DeleteBucket", "b"),
    ],
)
def test_s3(request_line: str, action: str, resource: str) -> None:
    assert said(asked(request_line)) == [(action, resource)]


def test_a_bucket_may_begin_the_hosts_name() -> None:
    for host in ("b.localhost:4566", "b.s3.amazonaws.com", "b.s3.us-east-1.amazonaws.com", "b.s3.localhost:1"):
        assert said(asked("GET /k/l", host=host)) == [("GetObject", "b/k/l")]
        assert said(asked("GET /?prefix=a", host=host)) == [("ListBucket", "b")]


def test_a_listing_says_what_it_asks_for() -> None:
    [listing] = asked("GET /b?list-type=2&prefix=users%2Fada%2F&delimiter=/&max-keys=5")
    assert listing.context == {"s3:prefix": "users/ada/", "s3:delimiter": "/", "s3:max-keys": "5"}
    assert asked("GET /b?list-type=2")[0].context == {}


@pytest.mark.parametrize("source", ["/b/other", "b/other", "b%2Fother", "b/other?versionId=3"])
def test_a_copy_needs_its_source(source: str) -> None:
    found = asked("PUT /b/k", {"x-amz-copy-source": source})
    assert said(found) == [("PutObject", "b/k"), ("GetObject", "b/other")]


def test_each_of_several_deleted_objects_is_needed() -> None:
    for attribute in ("", ' a="1"', ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'):
        body = f"<Delete><Object><Key{attribute}>a&amp;</Key></Object><Object><Key>b/c</Key></Object></Delete>"
        found = asked("POST /b?delete", body=body.encode())
        assert said(found) == [("DeleteObject", "b/a&"), ("DeleteObject", "b/b/c")]
    for unread in (b"", b"<Delete", b"<Delete></Delete>"):
        assert said(asked("POST /b?delete", body=unread)) == [("DeleteObject", "b/*")]


def test_what_is_put_with_an_object_is_needed_too() -> None:
    assert said(asked("PUT /b/k", {"x-amz-acl": "private"})) == [("PutObject", "b/k"), ("PutObjectAcl", "b/k")]
    assert said(asked("PUT /b/k", {"if-none-match": "*"})) == [("PutObject", "b/k")]
    assert said(asked("PUT /b/k", {"if-match": '"1"'})) == [("PutObject", "b/k"), ("GetObject", "b/k")]
    assert said(asked("PUT /b/k", {"x-amz-tagging": "a=b"})) == [("PutObject", "b/k"), ("PutObjectTagging", "b/k")]


def test_nothing_hides_behind_a_listing() -> None:
    assert said(asked("GET /b?prefix=users/ada/&policy=1")) == [("GetBucketPolicy", "b")]


@pytest.mark.parametrize(
    ("service", "target", "body", "action", "resource"),
    [
        ("ssm", "AmazonSSM.GetParameter", {"Name": "/p/q"}, "ssm:GetParameter", "ssm:{}:parameter/p/q"),
        (
            "cognito-idp",
            "AWSCognitoIdentityProviderService.ListUsers",
            {"UserPoolId": "us-east-1_x"},
            "cognito-idp:ListUsers",
            "cognito-idp:{}:userpool/us-east-1_x",
        ),
        (
            "cognito-identity",
            "AWSCognitoIdentityService.GetOpenIdTokenForDeveloperIdentity",
            {"IdentityPoolId": "us-east-1:y"},
            "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
            "cognito-identity:{}:identitypool/us-east-1:y",
        ),
    ],
)
def test_apis_in_json(service: str, target: str, body: dict[str, str], action: str, resource: str) -> None:
    found = asked("POST /", {"x-amz-target": target}, body, service)
    assert found == [Need(action, f"arn:aws:{resource.format('us-east-1:123456789012')}")]
    assert asked("POST /", {"x-amz-target": target}, {}, service) == [Need(action, "*")]


def test_apis_in_forms_and_what_is_everybodys() -> None:
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert asked("POST /", form, b"Action=ListRoles&Version=1", "iam") == [Need("iam:ListRoles", "*")]
    assert asked("POST /", form, b"Action=GetCallerIdentity&Version=1", "sts") == []
    assert asked("GET /2015-03-31/functions/", {}, b"", "lambda") == [Need("lambda:Get", "*")]


@pytest.mark.parametrize("member", ["logGroupNames", "logGroupIdentifiers"])
def test_a_query_needs_every_log_group_it_names(member: str) -> None:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:"
    names = ["/aws/lambda/a", f"{arn}/aws/lambda/b"] if member == "logGroupIdentifiers" else ["/aws/lambda/a"]
    target = {"x-amz-target": "Logs_20140328.StartQuery"}
    found = asked("POST /", target, {member: names}, service="logs")
    wanted = [f"{arn}/aws/lambda/{name}:*" for name in ("a", "b")]
    assert found == [Need("logs:StartQuery", each) for each in wanted[: len(names)]]


def test_a_query_of_no_named_group_needs_all() -> None:
    target = {"x-amz-target": "Logs_20140328.StartQuery"}
    assert asked("POST /", target, {"queryString": "SOURCE ..."}, service="logs") == [Need("logs:StartQuery", "*")]
    assert asked("POST /", {"x-amz-target": "Logs_20140328.GetQueryResults"}, {"queryId": "q"}, service="logs") == [
        Need("logs:GetQueryResults", "*")
    ]


def test_a_request_of_api_gateways_is_its_method_on_its_path_and_tags_are_tagged() -> None:
    gateway, tags = "arn:aws:apigateway:us-east-1::", {"aws:requesttag/environment": "dev"}
    deletion = asked("DELETE /usageplans/abc/keys/def", service="apigateway")
    assert deletion == [Need("apigateway:DELETE", f"{gateway}/usageplans/abc/keys/def", {})]
    new, tagged = asked("POST /apikeys", body={"name": "x", "tags": {"environment": "dev"}}, service="apigateway")
    assert new == Need("apigateway:POST", f"{gateway}/apikeys", tags)
    assert tagged == Need(
        "apigateway:PUT", f"{gateway}/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys%2F*", tags
    )
