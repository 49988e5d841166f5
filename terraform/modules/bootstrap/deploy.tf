# One role per environment. It makes roles, so its limits are those of the roles it can make: all below the
# environment's boundary, all called pennyworth-ENVIRONMENT-*, handed to nothing but Lambda and Cognito. Neither a boundary
# nor a role of this module has such a name. In two managed policies, for one takes 6144 characters.

locals {
  parts = { functions = ["iam", "lambda", "logs", "ssm", "sns", "cloudwatch", "dashboard"], api = ["s3", "apigateway", "cognito-idp", "cognito-identity", "wafv2"] }

  # Services whose ARNs hold ids of AWS's choice.
  tagged = ["apigateway", "cognito-idp", "cognito-identity"]
  # Both, for `environment` alone is a tag that others give, too.
  tags = {
    for environment in var.environments : environment => { application = "pennyworth", environment = environment }
  }
  own_tag   = { for environment, tags in local.tags : environment => { for key, value in tags : "aws:ResourceTag/${key}" => value } }
  given_tag = { for environment, tags in local.tags : environment => { for key, value in tags : "aws:RequestTag/${key}" => value } }

  deploy = {
    for environment in local.deployed : environment => {
      functions = [
        {
          Sid       = "BoundedRoles"
          Effect    = "Allow"
          Action    = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
          Resource  = local.reach[environment].iam
          Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary[environment].arn } }
        },
        {
          # To say before a deployment that it is not there.
          Sid      = "Boundary"
          Effect   = "Allow"
          Action   = ["iam:GetPolicy"]
          Resource = [aws_iam_policy.boundary[environment].arn]
        },
        {
          Sid       = "FunctionRoles"
          Effect    = "Allow"
          Action    = ["iam:PassRole"]
          Resource  = ["${local.iam}:role/pennyworth-${environment}-function-*"]
          Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
        },
        {
          # Cognito keeps the name of a group's role; nobody but its identity pool can assume it. As which of its two services
          # it takes the role is not documented (Amazon Cognito developer guide, read 2026-11).
          Sid       = "GroupRoles"
          Effect    = "Allow"
          Action    = ["iam:PassRole"]
          Resource  = ["${local.iam}:role/pennyworth-${environment}-group-*"]
          Condition = { StringEquals = { "iam:PassedToService" = ["cognito-identity.amazonaws.com", "cognito-idp.amazonaws.com"] } }
        },
        {
          # An account's first API makes it.
          Sid       = "ApiGatewaysRole"
          Effect    = "Allow"
          Action    = ["iam:CreateServiceLinkedRole"]
          Resource  = ["${local.iam}:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"]
          Condition = { StringEquals = { "iam:AWSServiceName" = "ops.apigateway.amazonaws.com" } }
        },
        { Sid = "Anywhere", Effect = "Allow", Action = concat(local.anywhere_read, local.anywhere_write), Resource = ["*"] },
      ]
      api = [
        { Sid = "State", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = [local.states[environment].state] },
        { Sid = "Lock", Effect = "Allow", Action = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], Resource = [local.states[environment].lock] },
        { Sid = "Bucket", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.state] },
        {
          # A pool has no name in its ARN; its tag says whose it is, and can be given but not taken over.
          Sid       = "Pools"
          Effect    = "Allow"
          Action    = ["cognito-identity:CreateIdentityPool", "cognito-idp:CreateUserPool"]
          Resource  = ["*"]
          Condition = { StringEquals = local.given_tag[environment] }
        },
        {
          Sid      = "PoolTags"
          Effect   = "Allow"
          Action   = ["cognito-identity:TagResource", "cognito-idp:TagResource"]
          Resource = concat(local.reach[environment]["cognito-idp"], local.reach[environment]["cognito-identity"])
          Condition = {
            StringEqualsIfExists = merge(local.own_tag[environment], local.given_tag[environment])
          }
        },
        {
          Sid       = "Apis"
          Effect    = "Allow"
          Action    = ["apigateway:POST"]
          Resource  = [for path in ["/apikeys", "/domainnames", "/restapis", "/usageplans"] : "${local.gateway}::${path}"]
          Condition = { StringEquals = local.given_tag[environment] }
        },
        {
          # API Gateway asks for this when something is made with tags.
          Sid      = "ApiTags"
          Effect   = "Allow"
          Action   = ["apigateway:POST", "apigateway:PUT"]
          Resource = ["${local.gateway}::/tags/*"]
          Condition = {
            StringEqualsIfExists = merge(local.own_tag[environment], local.given_tag[environment])
          }
        },
      ]
    }
  }

  policies = merge([
    for environment in local.deployed : {
      for part, services in local.parts : "${environment}-${part}" => {
        environment = environment
        document = jsonencode({
          Version = "2012-10-17"
          Statement = concat(local.deploy[environment][part], [
            for service in services : merge(
              {
                Sid      = replace(title(replace(service, "-", " ")), " ", "")
                Effect   = "Allow"
                Action   = [for action in concat(local.read[service], local.write[service]) : "${service == "dashboard" ? "cloudwatch" : service}:${action}"]
                Resource = local.reach[environment][service]
              },
              contains(local.tagged, service) ? { Condition = { StringEquals = local.own_tag[environment] } } : {},
            )
          ])
        })
      }
    }
  ]...)
}

resource "aws_iam_role" "deploy" {
  for_each = local.deployed

  name               = "${local.name}-deploy-${each.key}-${local.region}"
  assume_role_policy = local.trust[each.key]
}

resource "aws_iam_policy" "deploy" {
  for_each = local.policies

  name        = "${local.name}-deploy-${each.key}-${local.region}"
  description = "Make and change Pennyworth's environment ${each.value.environment}"
  policy      = each.value.document

  lifecycle {
    precondition {
      condition     = length(each.value.document) <= 6144
      error_message = "The policy ${each.key} has ${length(each.value.document)} characters; IAM takes 6144. Move a service to the other part."
    }
  }
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = local.policies

  role       = aws_iam_role.deploy[each.value.environment].name
  policy_arn = aws_iam_policy.deploy[each.key].arn
}
