"""Make in the AWS stand-in what Terraform makes in AWS: the same names and values, found again when they are there."""

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from local import permissions
from local.bucket import bucket
from local.mcp_servers import McpServer, kept
from local.plan import Plan, PlannedFunction, PlannedGroup
from local.pools import PROVIDER, client, identity_pool, sign_in, user_pool
from local.providers import Provider
from local.rest_api import rest_api, usage_plans

_POLICY_NAME = "access"
# Of which function's log the ledger is handed what. Most tools are free.
_USAGE = {
    "openai": '{ $.message = "request" && $.kind = "*" }',
    "mcp": '{ $.message = "request" && $.kind = "*" && $.cost_microusd > 0 }',
}


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
    user_pool_id = user_pool(aws("cognito-idp"), plan)
    client_id = client(aws("cognito-idp"), plan, user_pool_id)
    identity_pool_id = identity_pool(aws("cognito-identity"), plan)
    bucket_name = f"{plan.prefix}-{account_id}"
    bucket_arn = bucket(aws("s3"), plan, bucket_name)
    api_id = rest_api(aws("apigateway"), plan)
    plans = usage_plans(aws("apigateway"), plan, api_id)
    _groups(aws, plan, plans, user_pool_id, identity_pool_id, account_id, bucket_arn)
    mcp_sign_in = sign_in(aws("cognito-idp"), plan, user_pool_id, account_id, addresses) if plan.mcp_sign_in else {}
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
    usage_logs = ",".join(f"/aws/lambda/{plan.functions[key].name}" for key in ("openai", "mcp"))
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
            "PENNYWORTH_USAGE_LOGS": usage_logs,
            "PENNYWORTH_BUCKET": bucket_name,
            **kept(aws("ssm"), plan.parameters, mcp_servers),
            **({} if plan.mcp_client_documents else {"PENNYWORTH_CLIENT_DOCUMENTS": "off"}),
            "PENNYWORTH_REDIRECT_URIS": " ".join(plan.mcp_redirect_uris),
            "PENNYWORTH_MCP_TERMS": json.dumps([_terms(row) for row in plan.mcp_tool_terms]),
            "PENNYWORTH_MCP_TOOLSETS": json.dumps(plan.mcp_toolsets),
            "PENNYWORTH_MCP_TOOL_LIMIT": str(plan.mcp_tool_limit),
            **mcp_sign_in,
        },
        "admin": {
            "PENNYWORTH_RATE_PER_S": str(plan.rate_per_s),
            "PENNYWORTH_BURST": str(plan.burst),
            "PENNYWORTH_BUCKET": bucket_name,
            "PENNYWORTH_USAGE_LOGS": usage_logs,
        },
        "authorizer": mcp_sign_in,
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
