"""Where a service listens, and the name it is signed for."""

from collections.abc import Mapping
from typing import NamedTuple


class Service(NamedTuple):
    variable: str  # boto3's name of it in AWS_ENDPOINT_URL_…: the service id
    signing_name: str
    target: str = ""  # prefix of X-Amz-Target; AWS JSON services only


# Held to botocore's service models by a test.
SERVICES = {
    "bedrock-runtime": Service("BEDROCK_RUNTIME", "bedrock"),
    "cognito-identity": Service("COGNITO_IDENTITY", "cognito-identity", "AWSCognitoIdentityService"),
    "cognito-idp": Service("COGNITO_IDENTITY_PROVIDER", "cognito-idp", "AWSCognitoIdentityProviderService"),
    "lambda": Service("LAMBDA", "lambda"),
    "logs": Service("CLOUDWATCH_LOGS", "logs", "Logs_20140328"),
    "s3": Service("S3", "s3"),
    "ssm": Service("SSM", "ssm", "AmazonSSM"),
    "sts": Service("STS", "sts"),
}
_DOMAINS = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}  # by the region's first part


class Endpoint(NamedTuple):
    tls: bool
    host: str  # without the brackets of an IPv6 address
    port: int
    authority: str  # the Host header
    base: str  # path prefix, without a slash at its end
    service: Service


def endpoint(name: str, region: str, environ: Mapping[str, str], bucket: str = "") -> Endpoint:
    """boto3's order: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, AWS. Raises ValueError for an unusable URL.

    A bucket has a host of its own at AWS, and a path where an endpoint is configured, as boto3 has it.
    """
    service = SERVICES[name]
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        url = environ.get(f"AWS_ENDPOINT_URL_{service.variable}") or environ.get("AWS_ENDPOINT_URL")
        if url:
            at = _parse(url, service)
            return at._replace(base=f"{at.base}/{bucket}") if bucket else at
    host = f"{name}.{region}.{_DOMAINS.get(region.split('-', 1)[0], 'amazonaws.com')}"
    if bucket:
        host = f"{bucket}.{host}"
    return Endpoint(True, host, 443, host, "", service)


def _parse(url: str, service: Service) -> Endpoint:
    from urllib.parse import urlsplit  # 10 ms, and only stand-ins and private endpoints need it

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("An endpoint URL must be http://host[:port][/path] or https://…")
    tls, host = parts.scheme == "https", parts.hostname
    default = 443 if tls else 80
    authority = f"[{host}]" if ":" in host else host
    if parts.port not in (None, default):
        authority += f":{parts.port}"
    return Endpoint(tls, host, parts.port or default, authority, parts.path.rstrip("/"), service)
