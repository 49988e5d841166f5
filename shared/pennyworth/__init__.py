"""What the three services and the authorizer share: the Lambda layer."""
