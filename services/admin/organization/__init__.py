"""OpenAI's Administration API, endpoint by endpoint."""
