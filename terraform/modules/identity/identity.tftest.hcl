mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_cognito_user_pool" {
    defaults = { id = "us-east-1_made" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }
}

variables {
  name       = "pennyworth-test"
  bucket_arn = "arn:aws:s3:::files"
  catalogue = {
    "nova-lite"  = "amazon.nova-lite-v1:0"
    "nova-pro"   = "amazon.nova-pro-v1:0"
    "nova.x"     = "amazon.nova-x-v1:0"
    "llama-3.3"  = "us.meta.llama3-3-v1:0"
    "sonnet-4.5" = "global.anthropic.claude-sonnet-4-5-v1:0"
  }
  groups = {
    admins     = { precedence = 10, actions = ["inference", "mcp", "usage", "admin"], models = ["*"] }
    restricted = { precedence = 30, actions = ["inference"], models = ["nova-*", "llama-?.3"] }
  }
}

run "defaults" {
  assert {
    condition     = aws_cognito_user_pool.this.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "nobody may sign themselves up"
  }
  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE" && aws_cognito_user_pool.this.mfa_configuration == "OPTIONAL" && aws_cognito_user_pool.this.software_token_mfa_configuration[0].enabled
    error_message = "protected, and one-time passwords for who wants them"
  }
  assert {
    condition     = aws_cognito_user_pool.this.user_pool_tier == "LITE" && !aws_cognito_user_pool.this.username_configuration[0].case_sensitive
    error_message = "the cheapest plan, and e-mail addresses in any case"
  }
  assert {
    condition     = toset(aws_cognito_user_pool.this.schema[*].name) == toset(concat(["budget", "groups", "spend"], [for slot in range(1, 21) : format("key_%02d", slot)])) && alltrue(aws_cognito_user_pool.this.schema[*].mutable)
    error_message = "twenty keys a person, which can be replaced"
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.group : role.permissions_boundary == null])
    error_message = "no boundary unless one is given"
  }
}

run "no_custom_attribute_is_readable_or_writable_by_its_owner" {
  assert {
    condition     = length(aws_cognito_user_pool_client.this.read_attributes) > 0 && length(aws_cognito_user_pool_client.this.write_attributes) > 0
    error_message = "an empty list means every attribute to Cognito"
  }
  assert {
    condition     = !anytrue([for name in setunion(aws_cognito_user_pool_client.this.read_attributes, aws_cognito_user_pool_client.this.write_attributes) : startswith(name, "custom:")])
    error_message = "people could rewrite their own keys and limits"
  }
}

run "a_groups_description_is_its_policy" {
  assert {
    condition     = aws_cognito_user_group.this["restricted"].description == "{\"actions\":[\"inference\"],\"models\":[\"nova-*\",\"llama-?.3\"]}"
    error_message = "the authorizer reads this very JSON"
  }
}

run "a_groups_description_has_its_rate_and_its_plan" {
  variables {
    plans  = { admins = "1a2b3c" }
    groups = { admins = { precedence = 10, actions = ["admin"], models = ["*"], rate = { per_s = 2.5, burst = 10 } } }
  }

  assert {
    condition     = jsondecode(aws_cognito_user_group.this["admins"].description) == { actions = ["admin"], models = ["*"], rate_per_s = 2.5, burst = 10, plan = "1a2b3c" }
    error_message = "the authorizer finds the plan there, and the API shows the rate"
  }
}

run "a_groups_role_allows_its_models_and_no_other" {
  assert {
    condition = jsondecode(aws_iam_role_policy.group["restricted"].policy).Statement[0].Resource == [
      "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
      "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
    ]
    error_message = "a model is called in this Region, and a dot of a pattern is a dot"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["restricted"].policy).Statement[1].Resource == ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-v1:0"]
    error_message = "a profile is the account's own"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.group["restricted"].policy).Statement[2] == {
      Sid       = "ModelsOfProfiles"
      Effect    = "Allow"
      Action    = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
      Resource  = ["arn:aws:bedrock:*::foundation-model/meta.llama3-3-v1:0"]
      Condition = { StringLike = { "bedrock:InferenceProfileArn" = ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-v1:0"] } }
    }
    error_message = "its model elsewhere only through that profile"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.group["admins"].policy).Statement[2].Resource == [
      "arn:aws:bedrock:*::foundation-model/meta.llama3-3-v1:0",
      "arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-4-5-v1:0",
      "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-v1:0",
    ]
    error_message = "a global profile's model has an ARN without a Region"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.group["restricted"].policy).Statement[5] == {
      Sid    = "TokenCounts"
      Effect = "Allow"
      Action = ["bedrock:CountTokens"]
      Resource = [
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-3-v1:0",
      ]
    }
    error_message = "tokens are counted by the models themselves, and here"
  }
}

run "what_is_bedrocks_own_may_be_named_as_it_is" {
  variables {
    groups = {
      raw = { precedence = 1, actions = ["inference"], models = ["amazon.nova-premier-*", "us.amazon.nova-2-*", "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123def456"] }
      own = { precedence = 2, actions = ["inference"], models = ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", "global.amazon.nova-2-lite-v1:0"] }
    }
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.group["raw"].policy).Statement[0].Resource == [
      "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123def456",
      "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-premier-*",
    ]
    error_message = "a model of Bedrock's in this Region, and the account's own by its ARN"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["raw"].policy).Statement[1].Resource == ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-*"]
    error_message = "a pattern over profiles"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["raw"].policy).Statement[2].Resource == ["arn:aws:bedrock:*::foundation-model/amazon.nova-2-*"] && jsondecode(aws_iam_role_policy.group["raw"].policy).Statement[2].Condition == { StringLike = { "bedrock:InferenceProfileArn" = ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-*"] } }
    error_message = "and over their models, through those profiles alone"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.group["own"].policy).Statement[0] == {
      Sid    = "Profiles"
      Effect = "Allow"
      Action = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
      Resource = [
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.amazon.nova-2-lite-v1:0",
      ]
    }
    error_message = "an application's profile is a profile"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.group["own"].policy).Statement[1].Resource == [
      "arn:aws:bedrock:*::foundation-model/*",
      "arn:aws:bedrock:::foundation-model/amazon.nova-2-lite-v1:0",
      "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-lite-v1:0",
    ]
    error_message = "which does not tell its model: through that profile alone, whatever it is"
  }
}

run "the_catalogue_may_name_what_is_the_accounts_own" {
  variables {
    catalogue = {
      "house-style" = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123def456"
      "nova-costed" = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
    }
    groups = { all = { precedence = 1, actions = ["inference"], models = ["*"] } }
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.group["all"].policy).Statement : statement.Resource if contains(["Models", "Profiles"], statement.Sid)] == [
      ["arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123def456"],
      ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"],
    ]
    error_message = "by its ARN"
  }
}

run "a_guardrail_stands_around_every_call_of_its_group" {
  variables {
    groups = {
      guarded = { precedence = 1, actions = ["inference"], models = ["nova-*", "llama-*"], guardrail = { id = "abc123", version = "2" } }
      drafted = { precedence = 2, actions = ["inference"], models = ["nova-*"], guardrail = { id = "arn:aws:bedrock:us-east-1:210987654321:guardrail/theirs", version = "DRAFT" } }
      lenient = { precedence = 3, actions = ["inference"], models = ["nova-*"], guardrails = ["abc123", "def456"] }
    }
  }
  assert {
    condition     = aws_cognito_user_group.this["guarded"].description == "{\"actions\":[\"inference\"],\"guardrail\":{\"id\":\"abc123\",\"version\":\"2\"},\"models\":[\"nova-*\",\"llama-*\"]}"
    error_message = "the authorizer reads of it"
  }
  assert {
    condition     = alltrue([for statement in slice(jsondecode(aws_iam_role_policy.group["guarded"].policy).Statement, 0, 3) : statement.Condition.StringEquals == { "bedrock:GuardrailIdentifier" = "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123:2" }])
    error_message = "and IAM refuses a call without it"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["guarded"].policy).Statement[2].Condition.StringLike == { "bedrock:InferenceProfileArn" = ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-v1:0"] }
    error_message = "a profile's models through the profile all the same"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.group["guarded"].policy).Statement[3] == {
      Sid      = "Guardrails"
      Effect   = "Allow"
      Action   = ["bedrock:ApplyGuardrail"]
      Resource = ["arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123"]
    }
    error_message = "that one and no other"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["drafted"].policy).Statement[0].Condition.StringEquals == { "bedrock:GuardrailIdentifier" = "arn:aws:bedrock:us-east-1:210987654321:guardrail/theirs" }
    error_message = "IAM knows a draft by no version"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["lenient"].policy).Statement[1].Resource == ["arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123", "arn:aws:bedrock:us-east-1:123456789012:guardrail/def456"] && !contains(keys(jsondecode(aws_iam_role_policy.group["lenient"].policy).Statement[0]), "Condition")
    error_message = "those a request may name, and need not"
  }
}

run "a_groups_role_reaches_only_its_own_users_files" {
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["restricted"].policy).Statement[3].Resource == ["arn:aws:s3:::files/users/$${aws:PrincipalTag/user}/*"]
    error_message = "objects below the user's own prefix"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["restricted"].policy).Statement[4].Condition.StringLike["s3:prefix"] == "users/$${aws:PrincipalTag/user}/*"
    error_message = "names below the user's own prefix"
  }
  assert {
    condition     = alltrue([for statement in slice(jsondecode(aws_iam_role_policy.group["restricted"].policy).Statement, 3, 5) : statement.Condition.StringLike["aws:PrincipalTag/user"] == "?*"])
    error_message = "nothing for a session without its user's tag"
  }
}

run "a_role_trusts_this_identity_pool_alone" {
  assert {
    condition     = jsondecode(aws_iam_role.group["admins"].assume_role_policy).Statement[0].Condition.StringEquals["cognito-identity.amazonaws.com:aud"] == aws_cognito_identity_pool.this.id
    error_message = "aud is the pool"
  }
  assert {
    condition     = jsondecode(aws_iam_role.group["admins"].assume_role_policy).Statement[0].Condition["ForAnyValue:StringLike"]["cognito-identity.amazonaws.com:amr"] == "authenticated"
    error_message = "amr is authenticated"
  }
  assert {
    condition     = length(jsondecode(aws_iam_role.group["admins"].assume_role_policy).Statement) == 1 && !aws_cognito_identity_pool.this.allow_unauthenticated_identities
    error_message = "and nobody else may"
  }
}

run "options" {
  variables {
    mfa                      = "OFF"
    deletion_protection      = false
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }
  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "INACTIVE" && length(aws_cognito_user_pool.this.software_token_mfa_configuration) == 0
    error_message = "unprotected, without one-time passwords"
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.group : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "every role within the boundary"
  }
}

run "an_upstreams_models_may_be_unlisted" {
  variables {
    unlisted_models = true
    groups          = { outside = { precedence = 1, actions = ["inference"], models = ["gpt-*"] } }
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.group["outside"].policy).Statement[*].Sid == ["Files", "FileNames"]
    error_message = "no model of Bedrock"
  }
}

run "budgets_are_kept_in_whole_micro_dollars" {
  command = plan
  variables {
    groups = {
      bounded = { precedence = 1, actions = ["inference"], models = ["*"], budget_usd = 12.34, user_budget_usd = 0.000001 }
      closed  = { precedence = 2, actions = ["inference"], models = ["*"], budget_usd = 0 }
      free    = { precedence = 3, actions = ["inference"], models = ["*"] }
    }
  }
  assert {
    condition     = aws_cognito_user_group.this["bounded"].description == "{\"actions\":[\"inference\"],\"budget_microusd\":12340000,\"models\":[\"*\"],\"user_budget_microusd\":1}"
    error_message = "integers, which the authorizer reads"
  }
  assert {
    condition     = jsondecode(aws_cognito_user_group.this["closed"].description).budget_microusd == 0
    error_message = "nothing is a budget too"
  }
  assert {
    condition     = toset(keys(jsondecode(aws_cognito_user_group.this["free"].description))) == toset(["actions", "models"])
    error_message = "and none is none"
  }
}

run "warns_of_models_that_spend_no_budget" {
  command = plan
  variables {
    unlisted_models = true
    unpriced_models = ["nova-lite", "llama-3.3-70b", "acme/*", "gpt-*", "other/*"]
    groups = {
      free  = { precedence = 1, actions = ["inference"], models = ["*"] }
      group = { precedence = 2, actions = ["inference"], models = ["nova-*", "acme/small"], budget_usd = 5 }
      each  = { precedence = 3, actions = ["inference"], models = ["gpt-4*", "eu.mistral.pixtral-large-2502-v1:0"], user_budget_usd = 5 }
    }
  }
  assert {
    condition     = local.unpriced == tolist(["acme/*", "eu.mistral.pixtral-large-2502-v1:0", "gpt-*", "nova-lite"])
    error_message = "${join(", ", local.unpriced)}: those that groups with a budget may use, and no others"
  }
  expect_failures = [check.budgets_are_spent_by_every_model]
}

run "warns_of_nothing_where_all_models_have_a_price" {
  command = plan
  variables {
    unpriced_models = ["llama-3.3-70b"]
    groups = {
      free    = { precedence = 1, actions = ["inference"], models = ["*"] }
      limited = { precedence = 2, actions = ["inference"], models = ["nova-*", "eu.amazon.nova-pro-v1:0"], budget_usd = 5 }
    }
  }
  assert {
    condition     = length(local.unpriced) == 0
    error_message = "${join(", ", local.unpriced)}: of another geography's the near price counts"
  }
}

run "refuses_a_budget_below_nothing" {
  command = plan
  variables {
    groups = { a = { precedence = 1, actions = ["inference"], models = ["*"], budget_usd = -1 } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_budget_in_parts_of_a_micro_dollar" {
  command = plan
  variables {
    groups = { a = { precedence = 1, actions = ["inference"], models = ["*"], user_budget_usd = 0.0000005 } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_model_no_catalogue_knows" {
  command = plan
  variables {
    groups = { restricted = { precedence = 1, actions = ["inference"], models = ["nova-*", "novas"] } }
  }
  expect_failures = [aws_iam_role_policy.group["restricted"]]
}

run "takes_a_dot_for_a_dot" {
  command = plan
  variables {
    groups = { restricted = { precedence = 1, actions = ["inference"], models = ["llama-3x3"] } }
  }
  expect_failures = [aws_iam_role_policy.group["restricted"]]
}

run "refuses_an_arn_of_something_else" {
  command = plan
  variables {
    unlisted_models = true
    groups          = { a = { precedence = 1, actions = ["inference"], models = ["arn:aws:bedrock:us-east-1:123456789012:agent/ABC"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_an_arn_whose_account_is_a_pattern" {
  command = plan
  variables {
    groups = { a = { precedence = 1, actions = ["inference"], models = ["arn:aws:bedrock:us-east-1:*:imported-model/*"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_guardrail_without_a_version_bedrock_knows" {
  command = plan
  variables {
    groups = { a = { precedence = 1, actions = ["inference"], models = ["*"], guardrail = { id = "abc123", version = "latest" } } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_guardrail_by_a_name_that_is_no_id" {
  command = plan
  variables {
    groups = { a = { precedence = 1, actions = ["inference"], models = ["*"], guardrails = ["My guardrail"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_choice_where_a_guardrail_stands_around_every_call" {
  command = plan
  variables {
    groups = { a = { precedence = 1, actions = ["inference"], models = ["*"], guardrail = { id = "abc123", version = "1" }, guardrails = ["def456"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_set_in_a_pattern" {
  command = plan
  variables {
    unlisted_models = true
    groups          = { restricted = { precedence = 1, actions = ["inference"], models = ["nova-[lp]*"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_group_without_models" {
  command = plan
  variables {
    groups = { empty = { precedence = 1, actions = ["inference"], models = [] } }
  }
  expect_failures = [var.groups]
}

run "refuses_overlapping_precedence" {
  command = plan
  variables {
    groups = {
      a = { precedence = 1, actions = ["inference"], models = ["*"] }
      b = { precedence = 1, actions = ["inference"], models = ["*"] }
    }
  }
  expect_failures = [var.groups]
}

run "refuses_half_a_precedence" {
  command = plan
  variables {
    groups = { a = { precedence = 1.5, actions = ["inference"], models = ["*"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_an_unknown_action" {
  command = plan
  variables {
    groups = { a = { precedence = 1, actions = ["inference", "fly"], models = ["*"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_group_no_role_can_be_named_after" {
  command = plan
  variables {
    groups = { "all people" = { precedence = 1, actions = ["inference"], models = ["*"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_name_too_long_for_a_role" {
  command = plan
  variables {
    groups = { aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee = { precedence = 1, actions = ["inference"], models = ["*"] } }
  }
  expect_failures = [var.groups]
}

run "refuses_a_policy_too_long_for_a_description" {
  command = plan
  variables {
    unlisted_models = true
    groups          = { a = { precedence = 1, actions = ["inference"], models = [for number in range(200) : "a-model-${number}"] } }
  }
  expect_failures = [aws_cognito_user_group.this["a"]]
}

run "refuses_more_models_than_a_role_takes" {
  command = plan
  variables {
    catalogue = { for number in range(200) : "model-${number}" => "provider.a-model-with-a-name-of-some-length-v${number}:0" }
    groups    = { a = { precedence = 1, actions = ["inference"], models = ["*"] } }
  }
  expect_failures = [aws_iam_role_policy.group["a"]]
}

run "refuses_an_arn_in_the_catalogue" {
  command = plan
  variables {
    catalogue = { nova = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0" }
    groups    = { a = { precedence = 1, actions = ["inference"], models = ["*"] } }
  }
  expect_failures = [var.catalogue]
}

run "refuses_a_name_with_capitals" {
  command = plan
  variables {
    name = "Pennyworth"
  }
  expect_failures = [var.name]
}

run "refuses_an_mfa_nobody_could_set_up" {
  command = plan
  variables {
    mfa = "ON"
  }
  expect_failures = [var.mfa]
}

run "warns_of_another_geographys_profile" {
  command = plan
  override_data {
    target = data.aws_region.this
    values = { name = "eu-west-1" }
  }
  expect_failures = [check.geographies_fit_the_region]
}

run "without_a_sign_in_there_are_no_pages" {
  assert {
    condition     = length(aws_cognito_user_pool_domain.this) + length(aws_cognito_resource_server.this) + length(aws_cognito_user_pool_client.mcp) == 0 && output.sign_in == null
    error_message = "Pages to sign in on, although nobody asked for them."
  }
}

run "what_signs_in_for_mcp_clients_opens_nothing_else" {
  variables {
    sign_in       = true
    callback_urls = ["https://api.example.com/v1/oauth/callback"]
  }

  assert {
    condition     = aws_cognito_user_pool_client.mcp[0].generate_secret && aws_cognito_user_pool_client.mcp[0].allowed_oauth_flows == toset(["code"]) && aws_cognito_user_pool_client.mcp[0].explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"])
    error_message = "The code flow of a client with a secret, and no other way to a token."
  }
  assert {
    condition     = one(aws_cognito_resource_server.this[0].scope).scope_name == "mcp" && aws_cognito_resource_server.this[0].identifier == "pennyworth"
    error_message = "The authorizer knows the tokens by the scope pennyworth/mcp."
  }
  assert {
    condition     = !anytrue([for name in concat(tolist(aws_cognito_user_pool_client.mcp[0].read_attributes), tolist(aws_cognito_user_pool_client.mcp[0].write_attributes)) : startswith(name, "custom:")])
    error_message = "A person's keys and groups are not theirs to read or write."
  }
  assert {
    condition     = aws_cognito_user_pool_client.mcp[0].callback_urls == toset(["https://api.example.com/v1/oauth/callback"])
    error_message = "Back to the gateway alone."
  }
}

run "a_callback_in_the_clear_is_refused" {
  command = plan
  variables {
    sign_in       = true
    callback_urls = ["http://api.example.com/v1/oauth/callback"]
  }
  expect_failures = [var.callback_urls]
}

run "a_callback_with_a_wildcard_is_refused" {
  command = plan
  variables {
    sign_in       = true
    callback_urls = ["https://*.example.com/v1/oauth/callback"]
  }
  expect_failures = [var.callback_urls]
}

run "a_name_that_cognito_takes_for_no_domain_is_refused" {
  command = plan
  variables {
    name          = "pennyworth-awsome"
    sign_in       = true
    callback_urls = ["https://api.example.com/v1/oauth/callback"]
  }
  expect_failures = [aws_cognito_user_pool_domain.this]
}
