"""Server-sent events as Anthropic streams them: each with its name, and no `[DONE]`."""

from services.openai.messages.errors import error_body
from services.openai.sse import Form, named

MESSAGE = Form(named, error_body, b"")
