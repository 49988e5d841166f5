"""IAM policies of the roles: what each function and each group may do, and who may assume the role. Pure."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from local.mcp_servers import McpServer
from local.plan import ROOT

Policy = dict[str, Any]

_FEDERATED = "cognito-identity.amazonaws.com"
# What stands before a model's id in the id of a cross-Region inference profile.
_GEOGRAPHIES = tuple(json.loads((ROOT / "terraform" / "modules" / "identity" / "geographies.json").read_bytes()))
_INVOCATION = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
_FILES = [
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
]


def trusted_function() -> Policy:
    """Lambda may assume the role."""
    return _policy(
        {
            "Sid": "Lambda",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )


def trusted_identity(identity_pool_id: str) -> Policy:
    """Whom this identity pool vouches for may assume the role, with tags that name them on the bill."""
    return _policy(
        {
            "Sid": "SignedInIdentities",
            "Effect": "Allow",
            "Principal": {"Federated": _FEDERATED},
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": {
                "StringEquals": {f"{_FEDERATED}:aud": identity_pool_id},
                "ForAnyValue:StringLike": {f"{_FEDERATED}:amr": "authenticated"},
            },
        }
    )


def group(
    targets: Iterable[str],
    region: str,
    account_id: str,
    bucket_arn: str,
    guardrail: dict[str, str] | None = None,
    guardrails: Iterable[str] = (),
) -> Policy:
    """Exactly these may be invoked, and whose session it is reaches the files below their own prefix.

    `targets`: ids of models and profiles, ARNs, and patterns over them. A profile needs its model wherever it routes
    to, and that through the profile alone. With a `guardrail` ({id, version}) nothing may be invoked without it; the
    ids in `guardrails` may be applied besides.
    """
    own, models, profiles, destinations = f"arn:aws:bedrock:{region}:{account_id}", set(), set(), set()
    counted = set()  # by the model itself, also where it is invoked by a profile alone
    for target in targets:
        kind, name = _kind(target)
        if kind in ("foundation-model", "inference-profile"):
            counted.add(f"arn:aws:bedrock:{region}::foundation-model/{name.removeprefix(f'{_geography(name)}.')}")
        if not kind.endswith("inference-profile"):
            models.add(target if target != name else f"arn:aws:bedrock:{region}::foundation-model/{name}")
            continue
        profiles.add(target if target != name else f"{own}:inference-profile/{name}")
        destinations.update(f"arn:aws:bedrock:{to}" for to in _destinations(kind, name, region))
    arns = [_guardrail_arn(each, own) for each in [*([guardrail["id"]] if guardrail else []), *guardrails]]
    guarded = {"StringEquals": {"bedrock:GuardrailIdentifier": _versioned(arns[0], guardrail)}} if guardrail else {}
    through = {"StringLike": {"bedrock:InferenceProfileArn": sorted(profiles)}}
    tagged = {"aws:PrincipalTag/user": "?*"}  # who has no such tag, or an empty one, has no files
    folder = "users/${aws:PrincipalTag/user}"
    condition = {"Condition": guarded} if guarded else {}
    statements = [
        _allow("Models", _INVOCATION, sorted(models)) | condition,
        _allow("Profiles", _INVOCATION, sorted(profiles)) | condition,
        _allow("ModelsOfProfiles", _INVOCATION, sorted(destinations)) | {"Condition": guarded | through},
        _allow("Guardrails", ["bedrock:ApplyGuardrail"], sorted(set(arns))),
        _allow("Files", _FILES, [f"{bucket_arn}/{folder}/*"]) | {"Condition": {"StringLike": tagged}},
        _allow("FileNames", ["s3:ListBucket"], [bucket_arn])
        | {"Condition": {"StringLike": {**tagged, "s3:prefix": f"{folder}/*"}}},
        _allow("TokenCounts", ["bedrock:CountTokens"], sorted(counted)),
    ]
    return _policy(*(statement for statement in statements if statement["Resource"]))


def _kind(target: str) -> tuple[str, str]:
    """What an id or ARN names, in the words of Bedrock's ARNs, and its id there."""
    if target.startswith("arn:"):
        kind, _, name = target.split(":", 5)[5].partition("/")
        return kind, name
    return "inference-profile" if _geography(target) else "foundation-model", target


def _geography(name: str) -> str | None:
    return next((each for each in _GEOGRAPHIES if name.startswith(f"{each}.")), None)


def _destinations(kind: str, name: str, region: str) -> list[str]:
    """The models a profile routes to, from their Region on. An application's profile does not tell them."""
    if kind == "application-inference-profile":
        return ["*::foundation-model/*"]
    geography = _geography(name)
    regions = ("", region) if geography == "global" else ("*",)
    return [f"{to}::foundation-model/{name.removeprefix(f'{geography}.')}" for to in regions]


def _guardrail_arn(identifier: str, own: str) -> str:
    return identifier if identifier.startswith("arn:") else f"{own}:guardrail/{identifier}"


def _versioned(arn: str, guardrail: dict[str, str]) -> str:
    """As IAM's condition names it: the draft by no version."""
    return arn if guardrail["version"] == "DRAFT" else f"{arn}:{guardrail['version']}"


def function(
    key: str,
    *,
    name: str,
    region: str,
    account_id: str,
    user_pool_arn: str,
    identity_pool_arn: str,
    bucket_arn: str,
    parameters: str,
    provider_keys: Sequence[str],
    mcp_servers: Sequence[McpServer] = (),
    mcp_sign_in: bool = False,
) -> Policy:
    """What a function's own role may do. `parameters`: the installation's path in Parameter Store;
    `provider_keys`: the providers whose keys lie there; `mcp_servers`: those of others, by what lies there too;
    `mcp_sign_in`: whether MCP clients send people to sign in."""
    parameter = f"arn:aws:ssm:{region}:{account_id}:parameter{parameters}"
    group = f"arn:aws:logs:{region}:{account_id}:log-group:/aws/lambda/{name.removesuffix(key)}"
    logs = f"{group}{key}:*"
    functions = f"arn:aws:lambda:{region}:{account_id}:function:{name.removesuffix(key)}"
    keys = [f"{parameter}/providers/{provider}" for provider in sorted(provider_keys)]
    pepper = _allow("Pepper", ["ssm:GetParameter"], [f"{parameter}/key-pepper"])
    usage_records = [
        _allow("UsageRecords", ["logs:StartQuery"], [f"{group}{key}:*" for key in ("openai", "mcp")]),
        # CloudWatch knows no resources for a query that runs; its id is known to who started it.
        _allow("Queries", ["logs:GetQueryResults", "logs:StopQuery"], ["*"]),
    ]
    questions = _allow("Questions", ["s3:GetObject", "s3:PutObject"], [f"{bucket_arn}/ledger/questions/*"])
    own = {
        "authorizer": [
            _allow("Directory", [f"cognito-idp:{action}" for action in _AUTHORIZATION], [user_pool_arn]),
            pepper,
        ],
        "openai": [
            _allow("Identities", ["cognito-identity:GetOpenIdTokenForDeveloperIdentity"], [identity_pool_arn]),
            *([_allow("ProviderKeys", ["ssm:GetParameter"], keys)] if keys else []),
        ],
        "ledger": [
            _allow("Book", ["s3:GetObject", "s3:PutObject"], [f"{bucket_arn}/ledger/*"]),
            _allow("Mirror", ["cognito-idp:AdminUpdateUserAttributes"], [user_pool_arn]),
        ],
        "mcp": [
            _allow("Inference", ["lambda:InvokeFunction"], [f"{functions}openai:live"]),
            _allow("Self", ["cognito-idp:AdminGetUser", "cognito-idp:GetGroup"], [user_pool_arn]),
            pepper,
            *usage_records,
            questions,
            *_mcp_servers(mcp_servers, f"{parameter}/mcp"),
            *(
                [_allow("SignIn", [f"cognito-idp:{action}" for action in _SIGN_IN], [user_pool_arn])]
                if mcp_sign_in
                else []
            ),
        ],
        "admin": [
            _allow("Directory", [f"cognito-idp:{action}" for action in _ADMINISTRATION], [user_pool_arn]),
            pepper,
            _allow("Locks", ["ssm:GetParameter", "ssm:PutParameter"], [f"{parameter}/locks/*"]),
            *_usage_plans(f"arn:aws:apigateway:{region}:", parameters.rpartition("/")[2]),
            _allow("AuditLog", ["logs:FilterLogEvents"], [logs]),
            *usage_records,
            questions,
            _allow("LastUse", ["s3:GetObject", "s3:PutObject"], [f"{bucket_arn}/ledger/last-use.json"]),
        ],
    }
    return _policy(
        _allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [logs]),
        # X-Ray knows no resources.
        _allow("Traces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
        *own[key],
    )


def _mcp_servers(servers: Sequence[McpServer], below: str) -> list[dict[str, Any]]:
    """Signatures need no right here: no stand-in checks one that is for somebody else."""
    parameters = [f"{below}/{each.name}/server" for each in servers]
    parameters += [f"{below}/{each.name}/secret" for each in servers if each.has_secret]
    invoked = sorted({function for each in servers for function in each.functions})
    found = [
        _allow("McpServers", ["ssm:GetParameter"], parameters),
        _allow("McpFunctions", ["lambda:InvokeFunction"], invoked),
    ]
    return [statement for statement in found if statement["Resource"]]


_SIGN_IN = ("DescribeUserPoolClient", "ListUserPoolClients")
_AUTHORIZATION = ("AdminGetUser", "AdminListGroupsForUser", "ListGroups")
_ADMINISTRATION = (
    "AdminAddUserToGroup",
    "AdminCreateUser",
    "AdminDeleteUser",
    "AdminDeleteUserAttributes",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminGetUser",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminUpdateUserAttributes",
    "ListGroups",
    "ListUsers",
    "ListUsersInGroup",
)


def _usage_plans(gateway: str, environment: str) -> list[dict[str, Any]]:
    """API Gateway's API keys may be made, put into usage plans and deleted: those with the environment's tags."""
    tags = {"application": "pennyworth", "environment": environment}
    given = {"StringEquals": {f"aws:RequestTag/{key}": [value] for key, value in tags.items()}}
    own = {f"aws:ResourceTag/{key}": [value] for key, value in tags.items()}
    kept = {**given, "StringEqualsIfExists": own}
    there = [f"{gateway}:/{path}" for path in ("apikeys/*", "usageplans/*/keys", "usageplans/*/keys/*")]
    return [
        _allow("NewApiKeys", ["apigateway:POST"], [f"{gateway}:/apikeys"]) | {"Condition": given},
        _allow("TagsOfApiKeys", ["apigateway:POST", "apigateway:PUT"], [f"{gateway}:/tags/*"]) | {"Condition": kept},
        _allow("PlansOfApiKeys", ["apigateway:DELETE", "apigateway:POST"], there)
        | {"Condition": {"StringEquals": own}},
    ]


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(*statements: dict[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
