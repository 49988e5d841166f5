"""POST /mcp: the Model Context Protocol, both eras at one address, no state."""

import base64
import time
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.http import Event, dumps, principal, router, serve
from pennyworth.policy import authorize
from pennyworth.settings import settings
from services.mcp import toolbox
from services.mcp.endpoint import Post, Server, answer
from services.mcp.headers import joined
from services.mcp.inference import Inference
from services.mcp.tools import TOOLS

_RESERVE_S = 1.5  # of the function's time, for the answer's own way back

app = router()


@app.post("/mcp")
def post_mcp_message() -> Response[Any]:
    event: Event = app.current_event.raw_event
    authorize(principal(event), "mcp")
    ends_at = time.monotonic() + app.lambda_context.get_remaining_time_in_millis() / 1e3 - _RESERVE_S
    here = settings()
    infer = Inference(event, here.openai_function, ends_at)
    server = Server(here.version, TOOLS, partial(toolbox.call, infer=infer), here.mcp_origins)
    found = answer(_post(event), server)
    if found.body is None:
        return Response(found.status)
    return Response(found.status, "application/json", dumps(found.body))


@app.get("/.well-known/oauth-protected-resource")
def get_protected_resource_metadata() -> dict[str, Any]:
    """RFC 9728. It names no authorization server: keys and tokens are handed out by people, not by a flow."""
    event: Event = app.current_event.raw_event
    scheme = joined(event["multiValueHeaders"]).get("x-forwarded-proto", "https")
    return {
        "resource": f"{scheme}://{event['requestContext']['domainName']}/v1/mcp",
        "resource_name": "Pennyworth",
        "bearer_methods_supported": ["header"],
    }


def _post(event: Event) -> Post:
    body = event.get("body") or ""
    return Post(
        headers=joined(event["multiValueHeaders"]),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass"),
        host=event["requestContext"]["domainName"],
    )


handler = serve(app)
