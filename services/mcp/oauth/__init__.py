"""How MCP clients get a token for a person: an authorization server in front of Cognito's."""
