"""OpenAI's Responses API, on top of a chat."""
