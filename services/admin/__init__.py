"""People and their API keys: the administration service."""
