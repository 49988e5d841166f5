data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  # What stands before a model's id in the id of a cross-Region inference profile → what the Regions that may call it
  # begin with. Source: Amazon Bedrock user guide, inference profiles (read 2026-11).
  geographies = jsondecode(file("${path.module}/geographies.json"))

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

  # A pattern that matches no name may be Bedrock's own: an ARN, or an id, which begins with its provider (or a geography
  # and then its provider) in plain letters. A name such as llama-3.3 is none: what follows its first dot is a digit.
  # The gateway lets no other pattern allow an id that the catalogue lacks (services/openai/names.py).
  arn_form = "^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]*:([a-z-]+)/(.+)$"
  id_form  = "^[a-z][a-z0-9-]*\\.[A-Za-z*][A-Za-z0-9.:*?-]*$"
  raw = [
    for pattern, found in local.matches : pattern
    if length(found) == 0 && (can(regex(local.arn_form, pattern)) || can(regex(local.id_form, pattern)))
  ]

  # What each group may call: ids and ARNs, with the patterns over them.
  targets = {
    for name, group in var.groups : name => distinct(concat(
      [for model in sort(flatten([for pattern in group.models : local.matches[pattern]])) : var.catalogue[model]],
      [for pattern in group.models : pattern if contains(local.raw, pattern)],
    ))
  }
  target = {
    for id in toset(concat(values(var.catalogue), flatten(values(local.targets)))) : id => {
      kind = try(regex(local.arn_form, id)[0], one([for each in keys(local.geographies) : each if startswith(id, "${each}.")]) == null ? "foundation-model" : "inference-profile")
      id   = try(regex(local.arn_form, id)[1], id)
      arn  = startswith(id, "arn:")
    }
  }
  geography = {
    for name, target in local.target :
    name => target.kind == "inference-profile" ? one([for each in keys(local.geographies) : each if startswith(target.id, "${each}.")]) : null
  }

  out_of_reach = [
    for name, id in var.catalogue : "${name} (${id})"
    if local.geography[id] != null && !anytrue([for prefix in local.geographies[coalesce(local.geography[id], "global")] : startswith(data.aws_region.this.name, prefix)])
  ]

  # What groups with a budget may use without spending it: models by name, another provider's by the pattern that means
  # them, and what Bedrock's own patterns mean beyond the catalogue. A model of the catalogue in another geography
  # counts towards budgets by the catalogue's price.
  budgeted      = [for name, group in var.groups : name if group.budget_usd != null || group.user_budget_usd != null]
  spending      = toset(flatten([for name in local.budgeted : var.groups[name].models]))
  foundation    = { for id, target in local.target : id => trimprefix(target.id, "${coalesce(local.geography[id], "-")}.") }
  priced        = [for name, id in var.catalogue : local.foundation[id] if !contains(var.unpriced_models, name)]
  unpriced_name = [for name in var.unpriced_models : name if anytrue([for pattern in local.spending : can(regex(local.expressions[pattern], name)) || (strcontains(name, "*") && startswith(pattern, split("*", name)[0]))])]
  unpriced_raw  = [for pattern in local.raw : pattern if contains(local.spending, pattern) && (local.target[pattern].arn || !contains(local.priced, local.foundation[pattern]))]
  unpriced      = sort(distinct(concat(local.unpriced_name, local.unpriced_raw)))

  # The JSON in each group's description, which the authorizer reads. The plan's id is known once there is the plan.
  declared = {
    for name, group in var.groups : name => merge(
      { actions = group.actions, models = group.models },
      group.guardrail == null ? {} : { guardrail = group.guardrail },
      length(group.guardrails) == 0 ? {} : { guardrails = group.guardrails },
      group.budget_usd == null ? {} : { budget_microusd = floor(group.budget_usd * 1000000 + 0.5) },
      group.user_budget_usd == null ? {} : { user_budget_microusd = floor(group.user_budget_usd * 1000000 + 0.5) },
      group.rate == null ? {} : { rate_per_s = group.rate.per_s, burst = group.rate.burst },
      group.tools == null ? {} : { tools = { for list, patterns in group.tools : list => patterns if patterns != null } },
    )
  }
  policies = {
    for name, policy in local.declared : name => jsonencode(merge(policy, var.groups[name].rate == null ? {} : { plan = var.plans[name] }))
  }
  lengths = { for name, policy in local.declared : name => length(jsonencode(merge(policy, var.groups[name].rate == null ? {} : { plan = "1a2b3c" }))) }

  developer_provider = "pennyworth"

  # By this name the gateway finds it: of its id nobody can be told who is there before the API, which it names.
  mcp_client = "${var.name}-mcp"

  # Of all AWS's customers in the Region no two may have the same.
  domain     = "${var.name}-${substr(sha256("${data.aws_caller_identity.this.account_id}/${data.aws_region.this.name}"), 0, 8)}"
  federation = "cognito-identity.amazonaws.com"

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

  bedrock = "arn:${data.aws_partition.this.partition}:bedrock"
  own     = "${local.bedrock}:${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}"
  # By what a group may call: its own ARN, and for a profile the models it routes to.
  arns = {
    for name, target in local.target :
    name => target.arn ? name : target.kind == "inference-profile" ? "${local.own}:inference-profile/${name}" : "${local.bedrock}:${data.aws_region.this.name}::foundation-model/${name}"
  }
  profiles = [for name, target in local.target : name if endswith(target.kind, "inference-profile")]
  # A profile needs its model wherever it routes to. A geography's Regions are AWS's to choose and to add to, hence the
  # `*`; a global profile's model has an ARN without a Region beside that of the caller's; an application's profile does
  # not tell its model, and whoever made it has chosen. Source: Amazon Bedrock user guide, geographic and global
  # cross-Region inference, and prerequisites for inference profiles (read 2026-11).
  destination_arns = {
    for name in local.profiles : name => local.target[name].kind == "application-inference-profile" ? ["${local.bedrock}:*::foundation-model/*"] : [
      for region in local.geography[name] == "global" ? ["", data.aws_region.this.name] : ["*"] :
      "${local.bedrock}:${region}::foundation-model/${trimprefix(local.target[name].id, "${coalesce(local.geography[name], "-")}.")}"
    ]
  }

  guardrail_arns = {
    for name, group in var.groups : name => [
      for id in distinct(concat(group.guardrail == null ? [] : [group.guardrail.id], group.guardrails)) :
      startswith(id, "arn:") ? id : "${local.own}:guardrail/${id}"
    ]
  }
  # IAM refuses a call without the group's guardrail, should the gateway ever make one. The draft has no version there.
  # Source: Amazon Bedrock user guide, permissions for guardrails (read 2026-11).
  guarded = {
    for name, group in var.groups : name => group.guardrail == null ? {} : {
      StringEquals = { "bedrock:GuardrailIdentifier" = join(":", compact([local.guardrail_arns[name][0], group.guardrail.version == "DRAFT" ? "" : group.guardrail.version])) }
    }
  }

  # Who has no tag `user`, or an empty one, has no files.
  tagged = { "aws:PrincipalTag/user" = "?*" }
  folder = "users/$${aws:PrincipalTag/user}"
  access = {
    for name, ids in local.targets : name => {
      Version = "2012-10-17"
      Statement = [for statement in [
        merge({
          Sid      = "Models"
          Effect   = "Allow"
          Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
          Resource = sort([for id in ids : local.arns[id] if !contains(local.profiles, id)])
        }, length(local.guarded[name]) == 0 ? {} : { Condition = local.guarded[name] }),
        merge({
          Sid      = "Profiles"
          Effect   = "Allow"
          Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
          Resource = sort([for id in ids : local.arns[id] if contains(local.profiles, id)])
        }, length(local.guarded[name]) == 0 ? {} : { Condition = local.guarded[name] }),
        {
          Sid      = "ModelsOfProfiles"
          Effect   = "Allow"
          Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
          Resource = sort(distinct(flatten([for id in ids : local.destination_arns[id] if contains(local.profiles, id)])))
          Condition = merge(local.guarded[name], {
            StringLike = { "bedrock:InferenceProfileArn" = sort([for id in ids : local.arns[id] if contains(local.profiles, id)]) }
          })
        },
        {
          Sid      = "Guardrails"
          Effect   = "Allow"
          Action   = ["bedrock:ApplyGuardrail"]
          Resource = sort(local.guardrail_arns[name])
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
          Sid    = "TokenCounts"
          Effect = "Allow"
          Action = ["bedrock:CountTokens"]
          Resource = sort(distinct([
            for id in ids : "${local.bedrock}:${data.aws_region.this.name}::foundation-model/${trimprefix(local.target[id].id, "${coalesce(local.geography[id], "-")}.")}"
            if contains(["foundation-model", "inference-profile"], local.target[id].kind)
          ]))
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

# A warning: the tokens of such a model are counted, and who means to allow it may.
check "budgets_are_spent_by_every_model" {
  assert {
    condition     = length(local.unpriced) == 0
    error_message = "Some groups have a budget and may use models without a known price, by which no budget is spent: ${join(", ", local.unpriced)}. Give them a price in services/openai/models.json, or leave them out of the models of ${join(", ", local.budgeted)}."
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

  # What else the authorizer reads with the person, in one call: the groups they are in, once more; what they, their keys
  # and their groups spent this month; and a monthly budget of their own.
  dynamic "schema" {
    for_each = toset(["budget", "groups", "spend"])
    content {
      name                     = schema.value
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

# Where MCP clients have people sign in. A prefix domain costs nothing; the pages are the classic ones, which LITE has.
resource "aws_cognito_user_pool_domain" "this" {
  count = var.sign_in ? 1 : 0

  domain       = local.domain
  user_pool_id = aws_cognito_user_pool.this.id

  lifecycle {
    precondition {
      condition     = !can(regex("aws|amazon|cognito", local.domain))
      error_message = "Cognito takes no domain with aws, amazon or cognito in it, and this one would be ${local.domain}. Choose another name for the environment, or switch the sign-in of MCP clients off."
    }
  }
}

# What the tokens of that sign-in are for. LITE knows no audience in an access token; a resource server's scope it does.
resource "aws_cognito_resource_server" "this" {
  count = var.sign_in ? 1 : 0

  identifier   = "pennyworth"
  name         = var.name
  user_pool_id = aws_cognito_user_pool.this.id

  scope {
    scope_name        = "mcp"
    scope_description = "Use the MCP endpoint"
  }
}

# The gateway signs people in through it for every MCP client. It has a secret, so that no such client can take its refresh
# token to Cognito itself and ask for an ID token, which opens the routes of administration; and no scope of Cognito's
# own, so that its tokens do not open the user pool's API.
resource "aws_cognito_user_pool_client" "mcp" {
  count = var.sign_in ? 1 : 0

  name                                 = local.mcp_client
  user_pool_id                         = aws_cognito_user_pool.this.id
  generate_secret                      = true
  explicit_auth_flows                  = ["ALLOW_REFRESH_TOKEN_AUTH"]
  supported_identity_providers         = ["COGNITO"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = aws_cognito_resource_server.this[0].scope_identifiers
  callback_urls                        = var.callback_urls
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true

  # As the other's.
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
      condition     = local.lengths[each.key] <= 2048
      error_message = "A group's policy is kept in its description, which takes 2048 characters; that of group ${each.key} has ${local.lengths[each.key]}. Say with fewer or wider patterns what it may use."
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
      condition = var.unlisted_models || alltrue([for pattern in each.value.models : length(local.matches[pattern]) > 0 || contains(local.raw, pattern)])
      error_message = join(" ", [
        for pattern in each.value.models :
        "Group ${each.key}: no model of the catalogue is called ${jsonencode(pattern)}, and it is neither an id of Bedrock's, such as \"us.amazon.nova-pro-v1:0\", nor an ARN. ${length(local.near[pattern]) > 0 ? "Near" : "There are"}: ${join(", ", coalescelist(local.near[pattern], keys(var.catalogue), ["none"]))}."
        if length(local.matches[pattern]) == 0 && !contains(local.raw, pattern)
      ])
    }
    precondition {
      condition     = length(jsonencode(local.access[each.key])) <= 10240
      error_message = "The role of group ${each.key} would list more models than IAM takes in one role (10240 characters). Split the group, or take models out of the catalogue."
    }
  }
}
