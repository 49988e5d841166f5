"""Every `*` that a policy of ours may hold in a resource, and why no ARN can stand there.

Which actions know resources at all, and what their ARNs are made of: AWS's service authorization reference (read
2026-11).
"""

import re
from dataclasses import dataclass

_NO_RESOURCES = "the service authorization reference names no resource type for it"
_NOT_YET = "makes a pool, whose id is not known before; only with the environment's tag"
_STREAMS = "a log stream's name is made when it begins"
_IDS = "the ids are AWS's, and not known before"
_OWN = "what the environment's name begins: several, and more to come"
_BOUNDARY = "a boundary for all of an environment's roles, each of which has its own narrower policy"
_TRACES = {"xray:PutTelemetryRecords": _NO_RESOURCES, "xray:PutTraceSegments": _NO_RESOURCES}
_QUERIES = {"logs:GetQueryResults": _NO_RESOURCES, "logs:StopQuery": _NO_RESOURCES}


@dataclass(frozen=True)
class Reasons:
    bare: dict[str, str]  # for a resource that is `*` alone: action → reason
    within: dict[str, str]  # for a `*` within an ARN: the ARN, normalised → reason

    def excuse(self, action: str, resource: str) -> bool:
        if resource == "*":
            return action in self.bare
        return "*" not in resource or normalised(resource) in self.within


# The functions' and the groups' roles.
INSTALLATION = Reasons(
    bare=_TRACES | _QUERIES,
    within={
        "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/pennyworth-ENV-FUNCTION:*": _STREAMS,
        "arn:aws:ssm:REGION:ACCOUNT:parameter/pennyworth/ENV/locks/*": "a lock is named after whose keys change",
        "arn:aws:apigateway:REGION::/apikeys/*": _IDS,
        "arn:aws:apigateway:REGION::/tags/*": _IDS,
        "arn:aws:apigateway:REGION::/usageplans/*/keys": _IDS,
        "arn:aws:apigateway:REGION::/usageplans/*/keys/*": _IDS,
        "arn:aws:bedrock:*::foundation-model/MODEL": "AWS chooses the Region that an inference profile routes to",
        "arn:aws:s3:::pennyworth-ENV-ACCOUNT/users/${aws:PrincipalTag/user}/*": "a person's files, named by themselves",
        "arn:aws:s3:::pennyworth-ENV-ACCOUNT/ledger/*": "a page is named after whose it is",
        "arn:aws:s3:::pennyworth-ENV-ACCOUNT/ledger/questions/*": "an allowance is named after whose it is",
    },
)

# The boundary of those roles, and GitHub's roles.
ACCOUNT = Reasons(
    bare=_TRACES
    | _QUERIES
    | {
        "cognito-identity:CreateIdentityPool": _NOT_YET,
        "cognito-idp:CreateUserPool": _NOT_YET,
        "cognito-idp:DescribeUserPoolDomain": _NO_RESOURCES,
        "logs:DeleteQueryDefinition": _NO_RESOURCES,
        "logs:DescribeLogGroups": _NO_RESOURCES,
        "logs:DescribeQueryDefinitions": _NO_RESOURCES,
        "logs:PutQueryDefinition": _NO_RESOURCES,
        "secretsmanager:GetRandomPassword": _NO_RESOURCES,
        "sns:GetSubscriptionAttributes": _NO_RESOURCES,
        "sns:Unsubscribe": _NO_RESOURCES,
        "ssm:DescribeParameters": _NO_RESOURCES,
    },
    within={
        "arn:aws:bedrock:*::foundation-model/*": _BOUNDARY,
        "arn:aws:bedrock:REGION:ACCOUNT:inference-profile/*": _BOUNDARY,
        "arn:aws:bedrock:REGION:ACCOUNT:application-inference-profile/*": _BOUNDARY,
        "arn:aws:bedrock:REGION:ACCOUNT:custom-model-deployment/*": _BOUNDARY,
        "arn:aws:bedrock:REGION:ACCOUNT:imported-model/*": _BOUNDARY,
        "arn:aws:bedrock:REGION:ACCOUNT:provisioned-model/*": _BOUNDARY,
        "arn:aws:bedrock:REGION:*:guardrail/*": _BOUNDARY,
        "arn:aws:cognito-identity:REGION:ACCOUNT:identitypool/*": _IDS,
        "arn:aws:cognito-idp:REGION:ACCOUNT:userpool/*": _IDS,
        "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/pennyworth-ENV-*:*": _STREAMS,
        "arn:aws:s3:::pennyworth-ENV-ACCOUNT/ledger/*": _BOUNDARY,
        "arn:aws:s3:::pennyworth-ENV-ACCOUNT/users/*": _BOUNDARY,
        "arn:aws:apigateway:REGION::/apikeys/*": _IDS,
        "arn:aws:apigateway:REGION::/domainnames/*": _IDS,
        "arn:aws:apigateway:REGION::/restapis/*": _IDS,
        "arn:aws:apigateway:REGION::/restapis/*/stages/*": _IDS,
        "arn:aws:apigateway:REGION::/tags/*": _IDS,
        "arn:aws:apigateway:REGION::/usageplans/*": _IDS,
        "arn:aws:apigateway:REGION::/usageplans/*/keys": _IDS,
        "arn:aws:apigateway:REGION::/usageplans/*/keys/*": _IDS,
        "arn:aws:cloudwatch:REGION:ACCOUNT:alarm:pennyworth-ENV-*": _OWN,
        "arn:aws:iam::ACCOUNT:role/pennyworth-ENV-*": _OWN,
        "arn:aws:iam::ACCOUNT:role/pennyworth-ENV-function-*": _OWN,
        "arn:aws:iam::ACCOUNT:role/pennyworth-ENV-group-*": _OWN,
        "arn:aws:lambda:REGION:ACCOUNT:function:pennyworth-ENV-*": _OWN,
        "arn:aws:lambda:REGION:ACCOUNT:layer:pennyworth-ENV:*": "the layer's versions, numbered by AWS",
        "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/apigateway/pennyworth-ENV:*": _STREAMS,
        "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/pennyworth-ENV-*": _OWN,
        "arn:aws:ssm:REGION:ACCOUNT:parameter/pennyworth/ENV/*": _OWN,
        "arn:aws:ssm:REGION:ACCOUNT:parameter/pennyworth/ENV/mcp/*/server": _OWN,
        "arn:aws:wafv2:REGION:ACCOUNT:regional/managedruleset/*/*": _IDS,
        "arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/pennyworth-ENV/*": _IDS,
    },
)

_NORMALISED = (
    (r"\b\d{12}\b", "ACCOUNT"),
    (r"us-east-1", "REGION"),
    (r"(?<=pennyworth[-/])(local|dev|prod)\b", "ENV"),
    (r"(?<=ENV-)(openai|mcp|admin|authorizer|ledger)\b", "FUNCTION"),
    (r"(?<=:foundation-model/)[^*]+$", "MODEL"),
)


def normalised(arn: str) -> str:
    for pattern, name in _NORMALISED:
        arn = re.sub(pattern, name, arn)
    return arn
