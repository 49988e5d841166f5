"""What a request to AWS needs to be allowed: each action, on which resource, with the keys of conditions. Pure.

Source: service authorization reference; Amazon S3 user guide, required permissions for API operations (read 2026-11).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote, unquote
from xml.etree.ElementTree import ParseError, fromstring

# Whoever has credentials may ask who they are.
_FREE = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
# Service → the member that names the resource, and what its ARN says before the name and after it.
_RESOURCES = {
    "cognito-idp": ("UserPoolId", "userpool/", ""),
    "cognito-identity": ("IdentityPoolId", "identitypool/", ""),
    "logs": ("logGroupName", "log-group:", ":*"),
    "ssm": ("Name", "parameter/", ""),
}


class Need(NamedTuple):
    action: str
    resource: str
    context: Mapping[str, str] = {}


@dataclass(frozen=True)
class Asked:
    """A request: of S3 the host and the path say which bucket and key."""

    service: str  # of the signature's scope
    region: str
    account: str
    method: str
    host: str
    path: str  # percent-decoded
    query: str
    headers: Mapping[str, str]  # by lower-case name
    body: bytes

    @property
    def operation(self) -> str:
        """Of the JSON and query protocols; empty for the others."""
        target = self.headers.get("x-amz-target", "").rpartition(".")[2]
        if target or not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return target
        return parse_qs(self.body.decode("utf-8", "replace")).get("Action", [""])[0]


def needs(asked: Asked) -> list[Need]:
    if asked.service == "s3":
        return list(_s3(asked))
    if asked.service == "apigateway":
        return list(_apigateway(asked))
    operation = asked.operation
    if not operation:  # a protocol that is not read here: whoever may do all of a service may do this
        return [Need(f"{asked.service}:{asked.method.title()}", "*")]
    action = f"{asked.service}:{operation}"
    if action in _FREE:
        return []
    if action == "logs:StartQuery":
        return [Need(action, resource) for resource in _searched(asked)]
    return [Need(action, _resource(asked))]


def _resource(asked: Asked) -> str:
    member, before, after = _RESOURCES.get(asked.service, ("", "", ""))
    try:
        name = json.loads(asked.body or b"{}").get(member)
    except (ValueError, AttributeError):
        name = None
    if not isinstance(name, str):
        return "*"
    if before.endswith("/"):
        name = name.removeprefix("/")  # one is enough
    return f"arn:aws:{asked.service}:{asked.region}:{asked.account}:{before}{name}{after}"


def _searched(asked: Asked) -> list[str]:
    """The log groups of a query: each must be allowed. They are named, or said by their ARNs."""
    try:
        body = json.loads(asked.body or b"{}")
        given = [body.get("logGroupName"), *body.get("logGroupNames", ()), *body.get("logGroupIdentifiers", ())]
    except (ValueError, AttributeError, TypeError):
        return ["*"]
    here = f"arn:aws:logs:{asked.region}:{asked.account}:log-group:"
    named = [each if str(each).startswith("arn:") else f"{here}{each}" for each in given if each]
    return [f"{each}:*" for each in named] or ["*"]


def _apigateway(asked: Asked) -> Iterator[Need]:
    """The method and the path are the action and the resource; to make something with tags is to tag it, too.

    Source: Amazon API Gateway developer guide, IAM policies for the management of APIs (read 2026-11).
    """
    gateway = f"arn:aws:apigateway:{asked.region}::"
    try:
        tags = json.loads(asked.body or b"{}").get("tags") or {}
    except (ValueError, AttributeError):
        tags = {}
    given = {f"aws:requesttag/{key}".lower(): str(value) for key, value in tags.items()}
    yield Need(f"apigateway:{asked.method}", f"{gateway}{asked.path}", given)
    if tags and asked.method == "POST" and not asked.path.startswith("/tags"):
        yield Need("apigateway:PUT", f"{gateway}/tags/{quote(gateway + asked.path, safe='')}%2F*", given)


# What of an object or a bucket the query asks for, where it is not the thing itself.
_OF_OBJECTS = {"tagging": "Tagging", "acl": "Acl", "retention": "Retention", "legal-hold": "LegalHold"}
_LISTINGS = {"versions": "s3:ListBucketVersions", "uploads": "s3:ListBucketMultipartUploads"}
_OF_BUCKETS = {
    *("accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory", "lifecycle"),
    *("location", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus"),
    *("publicAccessBlock", "replication", "requestPayment", "tagging", "versioning", "website"),
}
_VERBS = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}


def _s3(asked: Asked) -> Iterator[Need]:
    bucket, key = place(asked)
    query = dict(parse_qsl(asked.query, keep_blank_values=True))
    if not bucket:
        yield Need("s3:ListAllMyBuckets", "*")
    elif key:
        yield from _object(asked, f"arn:aws:s3:::{bucket}/{key}", query)
    else:
        yield from _bucket(asked, f"arn:aws:s3:::{bucket}", query)


def place(asked: Asked) -> tuple[str, str]:
    """Bucket and key, either of them empty; the bucket is in the path, or begins the host's name."""
    name = asked.host.rpartition(":")[0] or asked.host
    path = asked.path.removeprefix("/")
    virtual = re.fullmatch(r"(.+?)\.(?:s3[.-].*|localhost)", name)
    if virtual and virtual[1] != "s3":
        return virtual[1].removesuffix(".s3"), path
    bucket, _, key = path.partition("/")
    return bucket, key


def _object(asked: Asked, arn: str, query: Mapping[str, str]) -> Iterator[Need]:
    verb = _VERBS.get(asked.method, asked.method.title())
    about = next((name for each, name in _OF_OBJECTS.items() if each in query), "")
    if about:
        yield Need(f"s3:{verb}Object{about}", arn)
    elif "uploadId" in query and asked.method in ("GET", "DELETE"):
        yield Need("s3:ListMultipartUploadParts" if asked.method == "GET" else "s3:AbortMultipartUpload", arn)
    else:
        version = "Version" if "versionId" in query and verb in ("Get", "Delete") else ""
        yield Need(f"s3:{verb}Object{version}", arn)
    if not about and any(name.startswith(("x-amz-acl", "x-amz-grant-")) for name in asked.headers):
        yield Need("s3:PutObjectAcl", arn)
    # Who learns by a write whether it is still the object they know must be allowed to read it.
    if asked.method == "PUT" and "if-match" in asked.headers:
        yield Need("s3:GetObject", arn)
    if not about and "x-amz-tagging" in asked.headers:
        yield Need("s3:PutObjectTagging", arn)
    source = unquote(asked.headers.get("x-amz-copy-source", "")).removeprefix("/").partition("?")[0]
    if source:
        yield Need("s3:GetObject", f"arn:aws:s3:::{source}")


def _bucket(asked: Asked, arn: str, query: Mapping[str, str]) -> Iterator[Need]:
    named = {f"s3:{name}": query[name] for name in ("prefix", "delimiter", "max-keys") if name in query}
    about = next((each for each in query if each in _OF_BUCKETS), "")
    if about:  # AWS's names are of this form for most
        yield Need(f"s3:{_VERBS.get(asked.method, asked.method.title())}Bucket{_words(about)}", arn)
    elif asked.method == "POST":
        for key in _keys(asked.body):
            yield Need("s3:DeleteObject", f"{arn}/{key}")
    elif asked.method in ("GET", "HEAD"):
        yield Need(next((_LISTINGS[each] for each in query if each in _LISTINGS), "s3:ListBucket"), arn, named)
    else:
        yield Need("s3:DeleteBucket" if asked.method == "DELETE" else "s3:CreateBucket", arn)


def _keys(body: bytes) -> list[str]:
    """Of a DeleteObjects; every one for what cannot be read."""
    try:
        document = fromstring(body)  # noqa: S314 -- on a developer's machine, from what signs as one of its roles
        found = [each.text or "" for each in document.iter() if each.tag.rpartition("}")[2] == "Key"]
    except ParseError:
        found = []
    return found or ["*"]


def _words(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("-"))
