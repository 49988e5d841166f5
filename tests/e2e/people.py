"""People who sign in to a running system as Cognito's clients do, and the AWS stand-in's control plane."""

import json
from contextlib import contextmanager

import boto3
import httpx

PASSWORD = "A-lasting-password-1"


class Cognito:
    """The user pool of a running system, past the gateway."""

    def __init__(self, gateway):
        self.facts = json.loads((gateway.folder / "system.json").read_text())
        self.idp = boto3.Session("local", "local", region_name=self.facts["region"]).client(
            "cognito-idp", endpoint_url=gateway.aws_url
        )
        self.pool = {"UserPoolId": self.facts["user_pool_id"]}

    def sign_in(self, user_id):
        """{IdToken, AccessToken, RefreshToken} of that person."""
        self.idp.admin_set_user_password(**self.pool, Username=user_id, Password=PASSWORD, Permanent=True)
        return self.idp.admin_initiate_auth(
            **self.pool,
            ClientId=self.facts["client_id"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user_id, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]

    def attributes(self, user_id):
        user = self.idp.admin_get_user(**self.pool, Username=user_id)
        return {pair["Name"]: pair["Value"] for pair in user["UserAttributes"]}


@contextmanager
def failing(gateway, *operations, error="TooManyRequestsException", status=400):
    """AWS's stand-in refuses these operations within the block."""
    with httpx.Client(base_url=gateway.aws_url, timeout=10, trust_env=False) as control:
        try:
            for operation in operations:
                wish = {"operation": operation, "error": error, "status": status, "times": None}
                control.post("/_stand_in/faults", json=wish).raise_for_status()
            yield
        finally:
            control.delete("/_stand_in/faults").raise_for_status()
