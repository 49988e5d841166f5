"""Our backends and actions in place of moto's."""

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from moto.cognitoidentity import urls as identity_urls
from moto.cognitoidentity.models import cognitoidentity_backends
from moto.cognitoidp import models as directory_models
from moto.cognitoidp import urls as directory_urls
from moto.cognitoidp.models import cognitoidp_backends
from moto.moto_server.werkzeug_app import create_backend_app
from moto.sts import urls as sts_urls

from local.aws.directory import serve_keys
from local.aws.identity_pool import IdentityPoolActions, IdentityPools
from local.aws.software_tokens import SoftwareTokenActions, SoftwareTokens
from local.aws.web_identity import WebIdentityActions

# Each is imported, moto's part with it, when it is first asked for.
_LATER = {
    "apigateway": "local.aws.rest_api",
    "awslambda": "local.aws.functions",
    "logs": "local.aws.logs",
    "s3": "local.aws.buckets",
}


def application(service: str) -> Any:
    """moto's application for one service, with ours in place before moto makes it."""
    if service in _LATER:
        importlib.import_module(_LATER[service]).install()
    return create_backend_app(service)


def install() -> None:
    """Before moto makes its first backend or serves its first request."""
    cognitoidp_backends.backend = SoftwareTokens
    directory_urls.url_paths["{0}/$"] = SoftwareTokenActions.dispatch
    directory_urls.url_paths["{0}/(?P<user_pool_id>[^/]+)/.well-known/jwks.json$"] = serve_keys
    cognitoidentity_backends.backend = IdentityPools
    identity_urls.url_paths["{0}/$"] = IdentityPoolActions.dispatch
    sts_urls.url_paths["{0}/$"] = WebIdentityActions.dispatch
    # moto reads its one signing key anew for every pool, a quarter of a second each; ours have keys of their own.
    directory_models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _: None))
    import_ssm_without_ec2()


class _Ec2OnDemand:
    def __getitem__(self, account_id: str) -> Any:
        from moto.ec2.models import ec2_backends

        return ec2_backends[account_id]


def import_ssm_without_ec2() -> None:
    """moto's SSM imports all of EC2, a second or two of start-up, for the one call that runs commands on instances."""
    if "moto.ssm.models" in sys.modules or "moto.ec2" in sys.modules:
        return
    placeholder = ModuleType("moto.ec2")
    placeholder.ec2_backends = _Ec2OnDemand()
    sys.modules["moto.ec2"] = placeholder
    try:
        importlib.import_module("moto.ssm.models")
    finally:
        del sys.modules["moto.ec2"]  # whoever asks for EC2 gets it
