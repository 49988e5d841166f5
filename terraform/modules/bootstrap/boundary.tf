# What a function's or a group's role may do at most, whatever its own policy says. A deploy role can make roles; so that
# none of them may do more than Pennyworth's need, or reach another environment, it can make them under its environment's
# boundary only, and cannot change it.

locals {
  here = "${local.region}:${local.account_id}"

  boundary = { for environment in toset(var.environments) : environment => concat([
    {
      Sid      = "Logs"
      Action   = ["logs:CreateLogStream", "logs:FilterLogEvents", "logs:PutLogEvents", "logs:StartQuery"]
      Resource = ["arn:${local.partition}:logs:${local.here}:log-group:/aws/lambda/pennyworth-${environment}-*:*"]
    },
    {
      Sid      = "Queries"
      Action   = ["logs:GetQueryResults", "logs:StopQuery"]
      Resource = ["*"] # CloudWatch knows no resources for a query that runs; its id is known to who started it.
    },
    {
      Sid      = "Traces"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = ["*"] # X-Ray knows no resources.
    },
    {
      Sid = "Directory"
      Action = [
        "cognito-idp:AdminAddUserToGroup",
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminDeleteUser",
        "cognito-idp:AdminDeleteUserAttributes",
        "cognito-idp:AdminDisableUser",
        "cognito-idp:AdminEnableUser",
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminListGroupsForUser",
        "cognito-idp:AdminRemoveUserFromGroup",
        "cognito-idp:AdminUpdateUserAttributes",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:GetGroup",
        "cognito-idp:ListGroups",
        "cognito-idp:ListUserPoolClients",
        "cognito-idp:ListUsers",
        "cognito-idp:ListUsersInGroup",
      ]
      Resource  = ["arn:${local.partition}:cognito-idp:${local.here}:userpool/*"] # the ids are Cognito's
      Condition = { StringEquals = local.own_tag[environment] }
    },
    {
      Sid       = "Identities"
      Action    = ["cognito-identity:GetOpenIdTokenForDeveloperIdentity"]
      Resource  = ["arn:${local.partition}:cognito-identity:${local.here}:identitypool/*"] # the ids are Cognito's
      Condition = { StringEquals = local.own_tag[environment] }
    },
    {
      Sid       = "ApiKeys"
      Action    = ["apigateway:DELETE", "apigateway:POST"]
      Resource  = ["${local.gateway}::/apikeys/*", "${local.gateway}::/usageplans/*/keys", "${local.gateway}::/usageplans/*/keys/*"] # the ids are API Gateway's
      Condition = { StringEquals = local.own_tag[environment] }
    },
    {
      Sid       = "NewApiKeys"
      Action    = ["apigateway:POST"]
      Resource  = ["${local.gateway}::/apikeys"]
      Condition = { StringEquals = local.given_tag[environment] }
    },
    {
      Sid       = "TagsOfApiKeys"
      Action    = ["apigateway:POST", "apigateway:PUT"]
      Resource  = ["${local.gateway}::/tags/*"] # the ids are API Gateway's
      Condition = { StringEquals = local.given_tag[environment], StringEqualsIfExists = local.own_tag[environment] }
    },
    {
      Sid      = "Parameters"
      Action   = ["ssm:GetParameter", "ssm:PutParameter"]
      Resource = ["arn:${local.partition}:ssm:${local.here}:parameter/pennyworth/${environment}/*"]
    },
    {
      Sid      = "Functions"
      Action   = ["lambda:InvokeFunction"]
      Resource = ["arn:${local.partition}:lambda:${local.here}:function:pennyworth-${environment}-*"]
    },
    {
      Sid    = "Models"
      Action = ["bedrock:CountTokens", "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
      # Which ones is each group's policy to say; an inference profile reaches other Regions' too.
      Resource = [
        "arn:${local.partition}:bedrock:*::foundation-model/*",
        "arn:${local.partition}:bedrock:${local.here}:inference-profile/*",
        "arn:${local.partition}:bedrock:${local.here}:application-inference-profile/*",
        "arn:${local.partition}:bedrock:${local.here}:custom-model-deployment/*",
        "arn:${local.partition}:bedrock:${local.here}:imported-model/*",
        "arn:${local.partition}:bedrock:${local.here}:provisioned-model/*",
      ]
    },
    {
      Sid      = "Guardrails"
      Action   = ["bedrock:ApplyGuardrail"]
      Resource = ["arn:${local.partition}:bedrock:${local.region}:*:guardrail/*"] # an organisation's may be another account's
    },
    {
      Sid      = "Files"
      Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      Resource = ["arn:${local.partition}:s3:::pennyworth-${environment}-${local.account_id}/users/*"]
    },
    {
      Sid      = "Book"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = ["arn:${local.partition}:s3:::pennyworth-${environment}-${local.account_id}/ledger/*"]
    },
    {
      Sid      = "FileNames"
      Action   = ["s3:ListBucket"]
      Resource = ["arn:${local.partition}:s3:::pennyworth-${environment}-${local.account_id}"]
    },
    ], [
    # What else an environment's MCP servers may be: nothing, unless the account's own people say so here.
    for targets in [var.mcp_targets] : {
      Sid      = "McpServers"
      Action   = ["bedrock-agentcore:InvokeGateway", "execute-api:Invoke", "lambda:InvokeFunction", "lambda:InvokeFunctionUrl"]
      Resource = targets
    } if length(targets) > 0
  ]) }
}

# The environments know it by this name (modules/pennyworth).
resource "aws_iam_policy" "boundary" {
  for_each = local.boundary

  name        = "${local.name}-boundary-${each.key}-${local.region}"
  description = "What a role of Pennyworth's environment ${each.key} may do at most"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in each.value : merge(statement, { Effect = "Allow" })]
  })
}
