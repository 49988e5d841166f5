"""Our backends and actions in place of moto's."""

from moto.cognitoidentity import urls as identity_urls
from moto.cognitoidentity.models import cognitoidentity_backends
from moto.cognitoidp import urls as directory_urls
from moto.cognitoidp.models import cognitoidp_backends
from moto.sts import urls as sts_urls

from local.aws.directory import Directory, DirectoryActions, serve_keys
from local.aws.identity_pool import IdentityPoolActions, IdentityPools
from local.aws.web_identity import WebIdentityActions


def install() -> None:
    """Before moto makes its first backend or serves its first request."""
    cognitoidp_backends.backend = Directory
    directory_urls.url_paths["{0}/$"] = DirectoryActions.dispatch
    directory_urls.url_paths["{0}/(?P<user_pool_id>[^/]+)/.well-known/jwks.json$"] = serve_keys
    cognitoidentity_backends.backend = IdentityPools
    identity_urls.url_paths["{0}/$"] = IdentityPoolActions.dispatch
    sts_urls.url_paths["{0}/$"] = WebIdentityActions.dispatch
