"""POST /responses/input_tokens: how long a response's prompt would be."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import check
from pennyworth.http import Event, dumps
from services.openai.call import Call, accuracy
from services.openai.files.references import filled
from services.openai.providers.provider import Provider
from services.openai.providers.responses import Responses
from services.openai.responses.chats import Chat
from services.openai.responses.conversation import told
from services.openai.responses.items import raw_items
from services.openai.responses.keeping import response_id
from services.openai.responses.passed import prompted
from services.openai.responses.request import InputTokensRequest, PassedRequest
from services.openai.responses.state import State, state
from services.openai.responses.toolbox import Toolbox
from services.openai.tokens import estimate


def count(asked: Event) -> Response[Any]:
    """Counted where the model's provider counts, else estimated; a header says which."""
    call = Call(asked, "chat", billed=False)
    own = state(call.caller)

    def counted(provider: Provider) -> tuple[int, bool]:
        theirs = provider.responses()
        return _of_chat(call, own, provider) if theirs is None else _of_response(call, own, theirs)

    tokens, exact = call.answer(counted)
    body = {"object": "response.input_tokens", "input_tokens": tokens}
    headers = {"content-type": "application/json", **call.headers, **accuracy(exact)}
    return Response(200, headers=headers, body=dumps(body))


def _of_chat(call: Call, own: State, provider: Provider) -> tuple[int, bool]:
    request = check(InputTokensRequest, call.body)
    chat = Chat(request, told(request, own, response_id()).placed, Toolbox(request.tools, request.tool_choice))
    with chat.told():
        return provider.chat_tokens(filled(chat.body, call.caller))


def _of_response(call: Call, own: State, theirs: Responses) -> tuple[int, bool]:
    request = check(PassedRequest, call.body)
    body = prompted(call, told(request, own, response_id(), read=raw_items))
    tokens = theirs.input_tokens(body)
    return (estimate(body), False) if tokens is None else (tokens, True)
