"""An HTTP API that an OpenAPI document describes, as a server of tools."""
