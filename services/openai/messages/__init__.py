"""POST /messages: Anthropic's API in front of the same models."""
