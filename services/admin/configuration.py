"""What a client needs to sign people in here, learnt from the gateway's address alone. Nothing in it is a secret: a
public app client has none, and Cognito's address is everybody's."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.http import Event
from pennyworth.settings import Settings, settings
from services.admin import query
from services.admin.aws import client

router = Router()  # type: ignore[no-untyped-call]


@router.get("/.well-known/pennyworth-configuration")
def get_configuration() -> dict[str, Any]:
    event: Event = router.current_event.raw_event
    query.only(event.get("multiValueQueryStringParameters") or {})
    return configuration(settings(), _base_url(event), client("cognito-idp").meta.endpoint_url)


def configuration(here: Settings, base_url: str, cognito_url: str) -> dict[str, Any]:
    """`issuer` names the user pool as its tokens do; `cognito_url` is where that pool is asked."""
    return {
        "base_url": base_url,
        "region": here.region,
        "issuer": f"https://cognito-idp.{here.region}.amazonaws.com/{here.user_pool_id}",
        "client_id": here.client_ids[0],
        "cognito_url": cognito_url,
    }


def _base_url(event: Event) -> str:
    headers = {name.lower(): values[-1] for name, values in (event.get("multiValueHeaders") or {}).items()}
    scheme = headers.get("x-forwarded-proto", "https")
    return f"{scheme}://{event['requestContext']['domainName']}/v1"
