"""POST /responses/input_tokens: how long a response's prompt would be."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import check
from pennyworth.http import Event, dumps
from services.openai.call import Call, accuracy
from services.openai.responses.answering import response_id
from services.openai.responses.chats import Chat
from services.openai.responses.conversation import told
from services.openai.responses.request import InputTokensRequest
from services.openai.responses.state import state
from services.openai.responses.toolbox import Toolbox


def count(asked: Event) -> Response[Any]:
    """Counted where the model's provider counts, else estimated; a header says which."""
    call = Call(asked, "chat")
    request = check(InputTokensRequest, call.body)
    said = told(request, state(call.caller), response_id())
    chat = Chat(request, said.placed, Toolbox(request.tools, request.tool_choice))
    with chat.told():
        tokens, exact = call.answer(lambda provider: provider.chat_tokens(chat.body))
    counted = {"object": "response.input_tokens", "input_tokens": tokens}
    headers = {"content-type": "application/json", **call.headers, **accuracy(exact)}
    return Response(200, headers=headers, body=dumps(counted))
