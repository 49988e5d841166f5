"""Make in the AWS stand-in what Terraform makes in AWS: the same names and values, found again when they are there."""

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import boto3
from botocore.config import Config

from local import permissions
from local.bucket import bucket
from local.mcp_servers import McpServer, kept
from local.plan import Plan, PlannedFunction, PlannedGroup
from local.providers import Provider
from local.rest_api import rest_api, usage_plans

PROVIDER = "pennyworth"  # login name of the identity pool's developer provider
_SLOTS = 20  # API keys a person can have
_POLICY_NAME = "access"
# Of which function's log the ledger is handed what. Most tools are free.
_USAGE = {
    "openai": '{ $.message = "request" && $.kind = "*" }',
    "mcp": '{ $.message = "request" && $.kind = "*" && $.cost_microusd > 0 }',
}

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


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A function's share: what Lambda sets for it."""

    environment: dict[str, str]
    credentials: dict[str, str]  # of its role, under the names of their environment variables


@dataclass(frozen=True, slots=True)
class Installation:
    region: str
    account_id: str
    user_pool_id: str
    client_id: str
    identity_pool_id: str
    api_id: str
    functions: dict[str, Provisioned]  # by key: openai, mcp, admin, authorizer, ledger


class Aws:
    """boto3's clients of one AWS, whatever the shell's own configuration says."""

    def __init__(self, url: str, region: str) -> None:
        self.url, self._made = url, {}
        self._session = boto3.Session("local", "local", region_name=region)

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            config = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20, proxies={})
            self._made[service] = self._session.client(service, endpoint_url=self.url, config=config)
        return self._made[service]


def provision(
    aws: Aws,
    plan: Plan,
    *,
    version: str,
    git_sha: str,
    providers: Sequence[Provider] = (),
    mcp_servers: Sequence[McpServer] = (),
    remote_images: bool = True,
    addresses: Sequence[str] = ("https://gateway.example",),
) -> Installation:
    """Everything of the plan. `providers`: OpenAI-compatible ones; `mcp_servers`: others'. Both with their secrets.
    `addresses`: of the front door."""
    account_id = aws("sts").get_caller_identity()["Account"]
    user_pool_id = _user_pool(aws("cognito-idp"), plan)
    client_id = _client(aws("cognito-idp"), plan, user_pool_id)
    identity_pool_id = _identity_pool(aws("cognito-identity"), plan)
    bucket_name = f"{plan.prefix}-{account_id}"
    bucket_arn = bucket(aws("s3"), plan, bucket_name)
    api_id = rest_api(aws("apigateway"), plan)
    plans = usage_plans(aws("apigateway"), plan, api_id)
    _groups(aws, plan, plans, user_pool_id, identity_pool_id, account_id, bucket_arn)
    sign_in = _sign_in(aws, plan, user_pool_id, account_id, addresses) if plan.mcp_sign_in else {}
    _pepper(aws("ssm"), f"{plan.parameters}/key-pepper")
    settings = {
        "PENNYWORTH_ENVIRONMENT": plan.environment,
        "VERSION": version,
        "GIT_SHA": git_sha,
        "PENNYWORTH_USER_POOL_ID": user_pool_id,
        "PENNYWORTH_CLIENT_IDS": client_id,
        "PENNYWORTH_IDENTITY_POOL_ID": identity_pool_id,
        "PENNYWORTH_DEVELOPER_PROVIDER": PROVIDER,
        "PENNYWORTH_PEPPER_PARAMETER": f"{plan.parameters}/key-pepper",
        "PENNYWORTH_AUTHORIZER_TTL_S": str(plan.authorizer_ttl_s),
    }
    own = {
        "openai": {
            **_providers(aws("ssm"), plan, providers),
            "PENNYWORTH_BUCKET": bucket_name,
            "PENNYWORTH_FILE_EXPIRY_DAYS": str(plan.file_expiry_days),
            **({} if remote_images else {"PENNYWORTH_REMOTE_IMAGES": "off"}),
            "AWS_LAMBDA_EXEC_WRAPPER": "/opt/stream",
            **({"POWERTOOLS_METRICS_NAMESPACE": plan.prefix} if plan.usage_metrics else {}),
        },
        "ledger": {"PENNYWORTH_BUCKET": bucket_name},
        "mcp": {
            "PENNYWORTH_OPENAI_FUNCTION": f"{plan.functions['openai'].name}:live",
            **kept(aws("ssm"), plan.parameters, mcp_servers),
            "PENNYWORTH_REDIRECT_URIS": " ".join(plan.mcp_redirect_uris),
            "PENNYWORTH_MCP_TERMS": json.dumps([_terms(row) for row in plan.mcp_tool_terms]),
            "PENNYWORTH_MCP_TOOLSETS": json.dumps(plan.mcp_toolsets),
            "PENNYWORTH_MCP_TOOL_LIMIT": str(plan.mcp_tool_limit),
            **sign_in,
        },
        "admin": {
            "PENNYWORTH_RATE_PER_S": str(plan.rate_per_s),
            "PENNYWORTH_BURST": str(plan.burst),
            "PENNYWORTH_USAGE_LOGS": ",".join(f"/aws/lambda/{plan.functions[key].name}" for key in ("openai", "mcp")),
        },
        "authorizer": sign_in,
    }
    within = {
        "user_pool_arn": f"arn:aws:cognito-idp:{plan.region}:{account_id}:userpool/{user_pool_id}",
        "identity_pool_arn": f"arn:aws:cognito-identity:{plan.region}:{account_id}:identitypool/{identity_pool_id}",
        "bucket_arn": bucket_arn,
        "provider_keys": [provider.name for provider in providers if provider.has_key],
        "mcp_servers": mcp_servers,
        "mcp_sign_in": plan.mcp_sign_in,
    }
    _usage_log(aws("logs"), plan, account_id)
    return Installation(
        region=plan.region,
        account_id=account_id,
        user_pool_id=user_pool_id,
        client_id=client_id,
        identity_pool_id=identity_pool_id,
        api_id=api_id,
        functions={
            key: Provisioned(
                {**settings, **own.get(key, {}), "POWERTOOLS_SERVICE_NAME": key, "POWERTOOLS_LOG_LEVEL": "INFO"},
                _function_role(aws, plan, function, account_id, within),
            )
            for key, function in plan.functions.items()
        },
    )


def _terms(row: dict[str, Any]) -> dict[str, Any]:
    """A row of Terraform's `mcp_tool_terms` as the function takes it."""
    rate = row.get("rate")
    limits = {"rate_per_s": rate["per_s"], "burst": rate.get("burst", 1)} if rate else {}
    return {"tools": row["tools"], "price_microusd": round(row.get("price_usd", 0) * 1e6), **limits}


def _user_pool(idp: Any, plan: Plan) -> str:
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


def _client(idp: Any, plan: Plan, user_pool_id: str) -> str:
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


def _sign_in(aws: Aws, plan: Plan, user_pool_id: str, account_id: str, addresses: Sequence[str]) -> dict[str, str]:
    """The domain people of MCP clients sign in on, and the app client it knows the gateway by; the settings that name
    them."""
    idp, pool = aws("cognito-idp"), {"UserPoolId": user_pool_id}
    domain = f"{plan.prefix}-{sha256(f'{account_id}/{plan.region}'.encode()).hexdigest()[:8]}"
    if not idp.describe_user_pool_domain(Domain=domain)["DomainDescription"]:
        idp.create_user_pool_domain(Domain=domain, **pool)
    scopes = [{"ScopeName": _SCOPE, "ScopeDescription": "Use the MCP endpoint"}]
    try:
        idp.create_resource_server(**pool, Identifier=_RESOURCE, Name=plan.prefix, Scopes=scopes)
    except idp.exceptions.InvalidParameterException:
        idp.update_resource_server(**pool, Identifier=_RESOURCE, Name=plan.prefix, Scopes=scopes)
    client = _mcp_client(idp, plan, user_pool_id, addresses)
    return {"PENNYWORTH_SIGN_IN_URL": f"{aws.url}/_sign_in/{domain}", "PENNYWORTH_SIGN_IN_CLIENT": client}


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


def _identity_pool(identity: Any, plan: Plan) -> str:
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


def _groups(
    aws: Aws,
    plan: Plan,
    plans: dict[str, str],
    user_pool_id: str,
    identity_pool_id: str,
    account_id: str,
    bucket_arn: str,
) -> None:
    """Cognito's groups, and for each the role in which its people call Bedrock and reach their files."""
    trusted = permissions.trusted_identity(identity_pool_id)
    for group in plan.groups:
        allowed = permissions.group(
            plan.ids(group.models), plan.region, account_id, bucket_arn, group.guardrail, group.guardrails
        )
        role_arn = _role(aws("iam"), plan, f"group-{group.name}", trusted, allowed)
        _group(aws("cognito-idp"), group, plans[group.name], user_pool_id, role_arn)


def _group(idp: Any, group: PlannedGroup, usage_plan: str, user_pool_id: str, role_arn: str) -> None:
    wanted = {
        "UserPoolId": user_pool_id,
        "GroupName": group.name,
        "Precedence": group.precedence,
        "Description": group.policy_in(usage_plan),
        "RoleArn": role_arn,
    }
    try:
        idp.create_group(**wanted)
    except idp.exceptions.GroupExistsException:
        idp.update_group(**wanted)


def _function_role(
    aws: Aws, plan: Plan, function: PlannedFunction, account_id: str, within: dict[str, Any]
) -> dict[str, str]:
    """The role a function runs in, and credentials for it, as Lambda would hand them to the process."""
    allowed = permissions.function(
        function.key,
        name=function.name,
        region=plan.region,
        account_id=account_id,
        parameters=plan.parameters,
        **within,
    )
    role_arn = _role(aws("iam"), plan, f"function-{function.key}", permissions.trusted_function(), allowed)
    return credentials(aws, role_arn, function.name)


def credentials(aws: Aws, role_arn: str, function_name: str) -> dict[str, str]:
    """Of a function's role, under the names of their environment variables."""
    # Lambda renews a function's credentials; these last as long as a role's session can.
    session = aws("sts").assume_role(RoleArn=role_arn, RoleSessionName=function_name, DurationSeconds=12 * 3600)
    key = session["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_SESSION_TOKEN": key["SessionToken"],
    }


def _role(iam: Any, plan: Plan, of: str, trust: permissions.Policy, allowed: permissions.Policy) -> str:
    """The ARN of a group's or a function's role."""
    name, document = f"{plan.prefix}-{of}", json.dumps(trust)
    tags = [{"Key": key, "Value": value} for key, value in plan.tags.items()]
    try:
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=tags)["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName=_POLICY_NAME, PolicyDocument=json.dumps(allowed))
    return str(arn)


def _usage_log(logs: Any, plan: Plan, account_id: str) -> None:
    """Who asked a model, or called a tool that has a price, is handed to the ledger."""
    ledger = plan.functions["ledger"].name
    for key, pattern in _USAGE.items():
        group = f"/aws/lambda/{plan.functions[key].name}"
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group, tags=plan.tags)
        logs.put_subscription_filter(
            logGroupName=group,
            filterName="ledger",
            filterPattern=pattern,
            destinationArn=f"arn:aws:lambda:{plan.region}:{account_id}:function:{ledger}:live",
        )


def _pepper(ssm: Any, name: str) -> None:
    """Made once: another pepper would make every key invalid."""
    try:
        ssm.put_parameter(Name=name, Value=secrets.token_hex(32), Type="SecureString", Overwrite=False)
    except ssm.exceptions.ParameterAlreadyExists:
        return


def _providers(ssm: Any, plan: Plan, providers: Sequence[Provider]) -> dict[str, str]:
    if not providers:
        return {}
    told = {provider.name: provider.settings(plan.parameters) for provider in providers}
    for provider in providers:
        if provider.has_key:
            name = told[provider.name]["key_parameter"]
            ssm.put_parameter(Name=name, Value=provider.key, Type="SecureString", Overwrite=True)
    return {"PENNYWORTH_PROVIDERS": json.dumps(told, separators=(",", ":"))}
