"""Cognito's pools in the AWS stand-in as Terraform makes them in AWS: who people are, how they sign in, and what they
can become."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from local.plan import Plan

PROVIDER = "pennyworth"  # login name of the identity pool's developer provider
_SLOTS = 20  # API keys a person can have

_PASSWORDS = {
    "MinimumLength": 12,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": False,
    "PasswordHistorySize": 0,
    "TemporaryPasswordValidityDays": 7,
}
# Without a `custom:` attribute in either list, or people could read and rewrite their own keys and limits.
_CLIENT = {
    "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    "ReadAttributes": ["email", "email_verified", "name"],
    "WriteAttributes": ["name"],
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": True,
    "AccessTokenValidity": 60,
    "IdTokenValidity": 60,
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
}


# Of the sign-in that MCP clients begin: what its tokens are good for.
_RESOURCE, _SCOPE = "pennyworth", "mcp"


def user_pool(idp: Any, plan: Plan) -> str:
    for page in idp.get_paginator("list_user_pools").paginate(MaxResults=60):
        for pool in page["UserPools"]:
            if pool["Name"] == plan.prefix:
                _add_attributes(idp, pool["Id"])
                return str(pool["Id"])
    created = idp.create_user_pool(
        PoolName=plan.prefix,
        UserPoolTier="LITE",
        DeletionProtection="ACTIVE" if plan.deletion_protection else "INACTIVE",
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        AutoVerifiedAttributes=["email"],
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        Policies={"PasswordPolicy": _PASSWORDS},
        AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        Schema=_attributes(),
        UserPoolTags=plan.tags,
    )
    pool_id = str(created["UserPool"]["Id"])
    if plan.mfa != "OFF":
        one_time = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
        idp.set_user_pool_mfa_config(UserPoolId=pool_id, MfaConfiguration=plan.mfa, **one_time)
    return pool_id


def _attributes() -> list[dict[str, Any]]:
    """A person's API keys, and what else the authorizer reads with them."""
    names = [*(f"key_{slot:02d}" for slot in range(1, _SLOTS + 1)), "budget", "groups", "spend"]
    length = {"MinLength": "0", "MaxLength": "2048"}
    return [
        {"Name": name, "AttributeDataType": "String", "Mutable": True, "StringAttributeConstraints": length}
        for name in names
    ]


def _add_attributes(idp: Any, pool_id: str) -> None:
    """Those that a pool from an earlier version has not got yet."""
    there = {entry["Name"] for entry in idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["SchemaAttributes"]}
    missing = [entry for entry in _attributes() if f"custom:{entry['Name']}" not in there]
    if missing:
        idp.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=missing)


def client(idp: Any, plan: Plan, user_pool_id: str) -> str:
    """The app client people sign in with; a public one, so without a secret."""
    name = f"{plan.prefix}-cli"
    for client in idp.list_user_pool_clients(UserPoolId=user_pool_id, MaxResults=60)["UserPoolClients"]:
        if client["ClientName"] == name:
            idp.update_user_pool_client(
                UserPoolId=user_pool_id, ClientId=client["ClientId"], ClientName=name, **_CLIENT
            )
            return str(client["ClientId"])
    created = idp.create_user_pool_client(UserPoolId=user_pool_id, ClientName=name, GenerateSecret=False, **_CLIENT)
    return str(created["UserPoolClient"]["ClientId"])


def sign_in(idp: Any, plan: Plan, user_pool_id: str, account_id: str, addresses: Sequence[str]) -> dict[str, str]:
    """The domain people of MCP clients sign in on, and the app client it knows the gateway by; the settings that name
    them."""
    pool = {"UserPoolId": user_pool_id}
    domain = f"{plan.prefix}-{sha256(f'{account_id}/{plan.region}'.encode()).hexdigest()[:8]}"
    if not idp.describe_user_pool_domain(Domain=domain)["DomainDescription"]:
        idp.create_user_pool_domain(Domain=domain, **pool)
    scopes = [{"ScopeName": _SCOPE, "ScopeDescription": "Use the MCP endpoint"}]
    try:
        idp.create_resource_server(**pool, Identifier=_RESOURCE, Name=plan.prefix, Scopes=scopes)
    except idp.exceptions.InvalidParameterException:
        idp.update_resource_server(**pool, Identifier=_RESOURCE, Name=plan.prefix, Scopes=scopes)
    client = _mcp_client(idp, plan, user_pool_id, addresses)
    return {"PENNYWORTH_SIGN_IN_URL": f"{idp.meta.endpoint_url}/_sign_in/{domain}", "PENNYWORTH_SIGN_IN_CLIENT": client}


def _mcp_client(idp: Any, plan: Plan, user_pool_id: str, addresses: Sequence[str]) -> str:
    """The name of the app client, one with a secret, that the gateway signs people in through. It grants no scope of
    Cognito's own: its tokens open neither the user pool's API nor, there being no ID token, administration."""
    name, pool = f"{plan.prefix}-mcp", {"UserPoolId": user_pool_id}
    wanted = {
        **_CLIENT,
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "SupportedIdentityProviders": ["COGNITO"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": [f"{_RESOURCE}/{_SCOPE}"],
        "CallbackURLs": [f"{address}/v1/oauth/callback" for address in addresses],
    }
    for client in idp.list_user_pool_clients(**pool, MaxResults=60)["UserPoolClients"]:
        if client["ClientName"] == name:
            idp.update_user_pool_client(**pool, ClientId=client["ClientId"], ClientName=name, **wanted)
            return name
    idp.create_user_pool_client(**pool, ClientName=name, GenerateSecret=True, **wanted)
    return name


def identity_pool(identity: Any, plan: Plan) -> str:
    wanted = {
        "IdentityPoolName": plan.prefix,
        "AllowUnauthenticatedIdentities": False,
        "AllowClassicFlow": True,  # the enhanced flow fixes the session's name, which is to be the user's
        "DeveloperProviderName": PROVIDER,
        "IdentityPoolTags": plan.tags,
    }
    for pool in identity.list_identity_pools(MaxResults=60)["IdentityPools"]:
        if pool["IdentityPoolName"] == plan.prefix:
            return str(identity.update_identity_pool(IdentityPoolId=pool["IdentityPoolId"], **wanted)["IdentityPoolId"])
    return str(identity.create_identity_pool(**wanted)["IdentityPoolId"])
