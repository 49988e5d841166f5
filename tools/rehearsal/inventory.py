"""Who and what an AWS account knows of identities: Cognito, IAM's roles and the buckets they name, who hears of its
logs, and the usage plans by which people are counted, attribute by attribute, without what differs between two
installations of one plan."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

Aws = Callable[[str], Any]  # service → boto3's client
Tree = dict[str, Any]

# Of an installation's history, not of its make.
_VOLATILE = {
    *("CreationDate", "LastModifiedDate", "CreateDate", "RoleLastUsed", "RoleId"),
    *("EstimatedNumberOfUsers", "ResponseMetadata", "ClientSecret", "creationTime", "createdDate", "lastUpdatedDate"),
}


def inventory(aws: Aws) -> Tree:
    """Kind → name → attributes. Ids and the account's number stand as placeholders."""
    ids = {aws("sts").get_caller_identity()["Account"]: "ACCOUNT"}
    found = {
        "user pool": dict(_user_pools(aws("cognito-idp"), ids)),
        "identity pool": dict(_identity_pools(aws("cognito-identity"), ids)),
        "role": dict(_roles(aws("iam"))),
        "bucket": dict(_buckets(aws("s3"))),
        "subscription": dict(_subscriptions(aws("logs"))),
        "usage plan": dict(_usage_plans(aws("apigateway"), ids)),
        "API key": dict(_api_keys(aws("apigateway"), ids)),
    }
    return _stable(found, ids)


def differences(here: Any, there: Any, path: str = "") -> list[str]:
    """One readable line each; none when the two inventories are equal."""
    if isinstance(here, dict) and isinstance(there, dict):
        lines = []
        for key in sorted(here.keys() | there.keys()):
            inner = f"{path}: {key}" if path else key
            if key not in there:
                lines.append(f"{inner}: {_said(here[key])} here, absent there")
            elif key not in here:
                lines.append(f"{inner}: absent here, {_said(there[key])} there")
            else:
                lines += differences(here[key], there[key], inner)
        return lines
    return [] if here == there else [f"{path}: {_said(here)} here, {_said(there)} there"]


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _user_pools(idp: Any, ids: dict[str, str]) -> Iterator[tuple[str, Tree]]:
    for pool_id in _pages(idp, "list_user_pools", "UserPools", "Id", MaxResults=60):
        where = {"UserPoolId": pool_id}
        pool = idp.describe_user_pool(**where)["UserPool"]
        ids[pool_id] = f"USER_POOL({pool['Name']})"
        clients = {}
        for client_id in _pages(idp, "list_user_pool_clients", "UserPoolClients", "ClientId", **where):
            client = idp.describe_user_pool_client(ClientId=client_id, **where)["UserPoolClient"]
            ids[client_id] = f"CLIENT({client['ClientName']})"
            # Of the two addresses one is AWS's to choose.
            told = {urlsplit(url).path for url in client.get("CallbackURLs", ())}
            clients[client["ClientName"]] = {**client, **({"CallbackURLs": sorted(told)} if told else {})}
        groups = [
            idp.get_group(GroupName=name, **where)["Group"]
            for name in _pages(idp, "list_groups", "Groups", "GroupName", **where)
        ]
        servers = idp.list_resource_servers(**where, MaxResults=50)["ResourceServers"]
        yield (
            pool["Name"],
            {
                **pool,
                "resource server": _by("Identifier", servers),
                "SchemaAttributes": _by("Name", pool["SchemaAttributes"]),
                "MFA": idp.get_user_pool_mfa_config(**where),
                "client": clients,
                "group": _by("GroupName", groups),
            },
        )


def _identity_pools(identity: Any, ids: dict[str, str]) -> Iterator[tuple[str, Tree]]:
    for pool_id in _pages(identity, "list_identity_pools", "IdentityPools", "IdentityPoolId", MaxResults=60):
        pool = identity.describe_identity_pool(IdentityPoolId=pool_id)
        ids[pool_id] = f"IDENTITY_POOL({pool['IdentityPoolName']})"
        roles = identity.get_identity_pool_roles(IdentityPoolId=pool_id).get("Roles", {})
        yield pool["IdentityPoolName"], {**pool, "roles": roles}


def _roles(iam: Any) -> Iterator[tuple[str, Tree]]:
    for name in _pages(iam, "list_roles", "Roles", "RoleName"):
        role = iam.get_role(RoleName=name)["Role"]
        inline = {
            policy: _statements(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
            for policy in _pages(iam, "list_role_policies", "PolicyNames", RoleName=name)
        }
        attached = _pages(iam, "list_attached_role_policies", "AttachedPolicies", "PolicyArn", RoleName=name)
        yield (
            name,
            {
                **role,
                "AssumeRolePolicyDocument": _statements(role["AssumeRolePolicyDocument"]),
                "inline policy": inline,
                "attached policies": list(attached),
            },
        )


def _buckets(s3: Any) -> Iterator[tuple[str, Tree]]:
    for bucket in s3.list_buckets()["Buckets"]:
        where = {"Bucket": bucket["Name"]}
        read = {
            "public access": s3.get_public_access_block,
            "ownership": s3.get_bucket_ownership_controls,
            "encryption": s3.get_bucket_encryption,
            "policy": s3.get_bucket_policy,
            "lifecycle": s3.get_bucket_lifecycle_configuration,
            "CORS": s3.get_bucket_cors,
            "tags": s3.get_bucket_tagging,
        }
        attributes = {attribute: _read(s3, operation, where) for attribute, operation in read.items()}
        if attributes["policy"]:
            attributes["policy"] = _statements(json.loads(attributes["policy"]["Policy"]))
        yield bucket["Name"], attributes


def _subscriptions(logs: Any) -> Iterator[tuple[str, Tree]]:
    """Log groups that have some."""
    for group in _pages(logs, "describe_log_groups", "logGroups", "logGroupName"):
        found = _pages(logs, "describe_subscription_filters", "subscriptionFilters", logGroupName=group)
        if found:
            yield group, _by("filterName", found)


def _usage_plans(gateway: Any, ids: dict[str, str]) -> Iterator[tuple[str, Tree]]:
    for api in _pages(gateway, "get_rest_apis", "items"):
        ids[api["id"]] = f"REST_API({api['name']})"
    for plan in _pages(gateway, "get_usage_plans", "items"):
        ids[plan["id"]] = f"USAGE_PLAN({plan['name']})"
        keys = _pages(gateway, "get_usage_plan_keys", "items", "name", usagePlanId=plan["id"])
        yield plan["name"], {**plan, "keys": sorted(keys)}


def _api_keys(gateway: Any, ids: dict[str, str]) -> Iterator[tuple[str, Tree]]:
    for key in _pages(gateway, "get_api_keys", "items", includeValues=True):
        ids[key["id"]] = f"API_KEY({key['name']})"
        yield key["name"], key


def _read(s3: Any, operation: Callable[..., Tree], where: Tree) -> Tree | None:
    """None for what was never set, of which S3 makes an error."""
    try:
        return operation(**where)
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None


def _pages(client: Any, operation: str, items: str, key: str | None = None, **where: Any) -> list[Any]:
    """Every page's items, or one key of each."""
    found = [item for page in client.get_paginator(operation).paginate(**where) for item in page[items]]
    return [item[key] for item in found] if key else found


def _by(key: str, items: list[Tree]) -> Tree:
    return {item[key]: item for item in items}


def _statements(policy: Tree) -> Tree:
    """A policy with its statements by sid."""
    statements = {each.get("Sid", str(place)): each for place, each in enumerate(policy["Statement"])}
    return {**policy, "Statement": statements}


def _stable(value: Any, ids: dict[str, str]) -> Any:
    """Without what is volatile, with placeholders for ids; in order where order means nothing, as in sets and tags."""
    match value:
        case dict():
            return {_stable(key, ids): _stable(item, ids) for key, item in value.items() if key not in _VOLATILE}
        case list():
            items = [_stable(item, ids) for item in value]
            if items and all(isinstance(item, dict) and item.keys() == {"Key", "Value"} for item in items):
                return {item["Key"]: item["Value"] for item in items}
            return sorted(items) if all(isinstance(item, str) for item in items) else items
        case str():
            for found, placeholder in ids.items():
                value = value.replace(found, placeholder)
    return value
