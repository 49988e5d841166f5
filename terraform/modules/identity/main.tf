data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  # What stands before a model's id in the id of a cross-Region inference profile → what the Regions that may call it
  # begin with. Source: Amazon Bedrock user guide, inference profiles (read 2026-11).
  geographies = jsondecode(file("${path.module}/geographies.json"))
  geography   = { for id in toset(values(var.catalogue)) : id => one([for each in keys(local.geographies) : each if startswith(id, "${each}.")]) }

  # Shell patterns as regular expressions, and the names each matches.
  expressions = {
    for pattern in toset(flatten(values(var.groups)[*].models)) :
    pattern => "^${replace(replace(replace(pattern, "/[^A-Za-z0-9*?]/", "\\$0"), "*", ".*"), "?", ".")}$"
  }
  matches = {
    for pattern, expression in local.expressions :
    pattern => [for name in keys(var.catalogue) : name if can(regex(expression, name))]
  }
  near = {
    for pattern in keys(local.matches) :
    pattern => [for name in keys(var.catalogue) : name if startswith(name, substr(pattern, 0, 3))]
  }

  out_of_reach = [
    for name, id in var.catalogue : "${name} (${id})"
    if local.geography[id] != null && !anytrue([for prefix in local.geographies[coalesce(local.geography[id], "global")] : startswith(data.aws_region.this.name, prefix)])
  ]

  model_ids = {
    for name, group in var.groups :
    name => distinct([for model in sort(flatten([for pattern in group.models : local.matches[pattern]])) : var.catalogue[model]])
  }

  # The JSON in each group's description, which the authorizer reads.
  policies = { for name, group in var.groups : name => jsonencode({ actions = group.actions, models = group.models }) }

  developer_provider = "pennyworth"
  federation         = "cognito-identity.amazonaws.com"

  # Whom this identity pool vouches for, with tags that name them on the bill.
  trust = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SignedInIdentities"
      Effect    = "Allow"
      Principal = { Federated = local.federation }
      Action    = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
      Condition = {
        StringEquals             = { "${local.federation}:aud" = aws_cognito_identity_pool.this.id }
        "ForAnyValue:StringLike" = { "${local.federation}:amr" = "authenticated" }
      }
    }]
  }

  bedrock    = "arn:${data.aws_partition.this.partition}:bedrock"
  model_arns = { for id, geography in local.geography : id => "${local.bedrock}:${data.aws_region.this.name}::foundation-model/${id}" if geography == null }
  profile_arns = {
    for id, geography in local.geography :
    id => "${local.bedrock}:${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}:inference-profile/${id}" if geography != null
  }
  # A profile needs its model wherever it routes to. A geography's Regions are AWS's to choose and to add to, hence the
  # `*`; a global profile's model has an ARN without a Region beside that of the caller's. Source: Amazon Bedrock user
  # guide, geographic and global cross-Region inference (read 2026-11).
  destination_arns = {
    for id, geography in local.geography :
    id => [
      for region in geography == "global" ? ["", data.aws_region.this.name] : ["*"] :
      "${local.bedrock}:${region}::foundation-model/${trimprefix(id, "${geography}.")}"
    ] if geography != null
  }

  # Who has no tag `user`, or an empty one, has no files.
  tagged = { "aws:PrincipalTag/user" = "?*" }
  folder = "users/$${aws:PrincipalTag/user}"
  access = {
    for name, ids in local.model_ids : name => {
      Version = "2012-10-17"
      Statement = [for statement in [
        {
          Sid      = "Models"
          Effect   = "Allow"
          Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
          Resource = sort([for id in ids : local.model_arns[id] if local.geography[id] == null])
        },
        {
          Sid      = "Profiles"
          Effect   = "Allow"
          Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
          Resource = sort([for id in ids : local.profile_arns[id] if local.geography[id] != null])
        },
        {
          Sid      = "ModelsOfProfiles"
          Effect   = "Allow"
          Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
          Resource = sort(distinct(flatten([for id in ids : local.destination_arns[id] if local.geography[id] != null])))
          Condition = {
            StringEquals = { "bedrock:InferenceProfileArn" = sort([for id in ids : local.profile_arns[id] if local.geography[id] != null]) }
          }
        },
        {
          Sid    = "Files"
          Effect = "Allow"
          Action = [
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetObject",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
          ]
          Resource  = ["${var.bucket_arn}/${local.folder}/*"]
          Condition = { StringLike = local.tagged }
        },
        {
          Sid       = "FileNames"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [var.bucket_arn]
          Condition = { StringLike = merge(local.tagged, { "s3:prefix" = "${local.folder}/*" }) }
        },
        # Tokens are counted by the model itself, also where it is invoked by a profile alone.
        {
          Sid      = "TokenCounts"
          Effect   = "Allow"
          Action   = ["bedrock:CountTokens"]
          Resource = sort(distinct([for id in ids : "${local.bedrock}:${data.aws_region.this.name}::foundation-model/${local.geography[id] == null ? id : trimprefix(id, "${local.geography[id]}.")}"]))
        },
      ] : statement if length(statement.Resource) > 0]
    }
  }
}

# A warning, for a catalogue may list more than one Region's models.
check "geographies_fit_the_region" {
  assert {
    condition     = length(local.out_of_reach) == 0
    error_message = "From ${data.aws_region.this.name} these inference profiles cannot be called: ${join(", ", local.out_of_reach)}. Put those of this Region's geography into the catalogue, or deploy where they are."
  }
}

# Sign-in with a password and one-time passwords of an app, groups and custom attributes: LITE has them all, at about a
# third of what Cognito's default, ESSENTIALS, costs per active user. Source: Amazon Cognito developer guide, user pool
# feature plans, and its price list (read 2026-11).
resource "aws_cognito_user_pool" "this" {
  name                     = var.name
  user_pool_tier           = "LITE"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  mfa_configuration        = var.mfa
  deletion_protection      = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  username_configuration {
    case_sensitive = false
  }

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = false
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  dynamic "software_token_mfa_configuration" {
    for_each = var.mfa == "OFF" ? [] : [true]
    content {
      enabled = true
    }
  }

  # A person's API keys, one in each. Cognito never gives back an attribute: their number can only grow.
  dynamic "schema" {
    for_each = range(1, 21)
    content {
      name                     = format("key_%02d", schema.value)
      attribute_data_type      = "String"
      developer_only_attribute = false
      mutable                  = true
      required                 = false

      string_attribute_constraints {
        min_length = "0"
        max_length = "2048"
      }
    }
  }
}

resource "aws_cognito_user_pool_client" "this" {
  name                          = "${var.name}-cli"
  user_pool_id                  = aws_cognito_user_pool.this.id
  generate_secret               = false
  explicit_auth_flows           = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  # Without a `custom:` attribute in either list, or people could read and rewrite their own keys and limits.
  read_attributes  = ["email", "email_verified", "name"]
  write_attributes = ["name"]

  access_token_validity  = 60
  id_token_validity      = 60
  refresh_token_validity = 30
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }
}

resource "aws_cognito_user_group" "this" {
  for_each = var.groups

  name         = each.key
  user_pool_id = aws_cognito_user_pool.this.id
  precedence   = each.value.precedence
  description  = local.policies[each.key]
  role_arn     = aws_iam_role.group[each.key].arn

  lifecycle {
    precondition {
      condition     = length(local.policies[each.key]) <= 2048
      error_message = "A group's policy is kept in its description, which takes 2048 characters; that of group ${each.key} has ${length(local.policies[each.key])}. Say with fewer or wider patterns what it may use."
    }
  }
}

# No roles are attached: those are for the enhanced flow, which would fix the session's name. In the classic flow the
# caller names the role, and the role's trust policy decides.
resource "aws_cognito_identity_pool" "this" {
  identity_pool_name               = var.name
  developer_provider_name          = local.developer_provider
  allow_classic_flow               = true
  allow_unauthenticated_identities = false
}

resource "aws_iam_role" "group" {
  for_each = var.groups

  name                 = "${var.name}-group-${each.key}"
  assume_role_policy   = jsonencode(local.trust)
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "group" {
  for_each = var.groups

  name   = "access"
  role   = aws_iam_role.group[each.key].name
  policy = jsonencode(local.access[each.key])

  lifecycle {
    precondition {
      condition = var.unlisted_models || alltrue([for pattern in each.value.models : length(local.matches[pattern]) > 0])
      error_message = join(" ", [
        for pattern in each.value.models :
        "Group ${each.key}: no model of the catalogue is called ${jsonencode(pattern)}. ${length(local.near[pattern]) > 0 ? "Near" : "There are"}: ${join(", ", coalescelist(local.near[pattern], keys(var.catalogue), ["none"]))}."
        if length(local.matches[pattern]) == 0
      ])
    }
    precondition {
      condition     = length(jsonencode(local.access[each.key])) <= 10240
      error_message = "The role of group ${each.key} would list more models than IAM takes in one role (10240 characters). Split the group, or take models out of the catalogue."
    }
  }
}
