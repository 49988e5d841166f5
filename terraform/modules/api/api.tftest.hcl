mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = {
      partition  = "aws"
      dns_suffix = "amazonaws.com"
    }
  }
  mock_data "aws_region" {
    defaults = {
      name = "eu-central-1"
    }
  }
  mock_resource "aws_api_gateway_rest_api" {
    defaults = {
      id            = "abc123"
      execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:abc123"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/pennyworth-test"
    }
  }
  mock_resource "aws_api_gateway_stage" {
    defaults = {
      arn = "arn:aws:apigateway:eu-central-1::/restapis/abc123/stages/v1"
    }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = {
      arn = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/pennyworth-test/1"
    }
  }
}

variables {
  name = "pennyworth-test"
  contract = {
    openapi = "3.0.3"
    info    = { version = "1" }
    servers = [{ url = "/v1" }]
    paths = {
      "/chat/completions" = {
        post = {
          operationId    = "createChatCompletion"
          security       = [{ gateway = [] }]
          "x-pennyworth" = { service = "openai", auth = "gateway" }
          requestBody    = { content = { "application/json" = { schema = { type = "object" } } } }
        }
      }
      "/organization/users/{user_id}" = {
        parameters = [{ name = "user_id", in = "path", schema = { pattern = "x" } }]
        get        = { operationId = "retrieveUser", security = [{ cognito = [] }], "x-pennyworth" = { service = "admin", auth = "cognito" } }
        delete     = { operationId = "deleteUser", security = [{ cognito = [] }], "x-pennyworth" = { service = "admin", auth = "cognito" } }
      }
      "/version" = {
        get = { operationId = "getVersion", security = [], "x-pennyworth" = { service = "openai", auth = "none" } }
      }
    }
    components                               = { schemas = { Unsupported = { oneOf = [] } } }
    "x-amazon-apigateway-binary-media-types" = ["audio/mpeg"]
    "x-amazon-apigateway-gateway-responses" = {
      MISSING_AUTHENTICATION_TOKEN = {
        statusCode         = 404
        responseParameters = { "gatewayresponse.header.x-request-id" = "context.requestId" }
        responseTemplates  = { "application/json" = "{\"error\": {\"code\": \"unknown_url\"}}" }
      }
      UNAUTHORIZED = {
        statusCode         = 401
        responseParameters = { "gatewayresponse.header.www-authenticate" = "'Bearer resource_metadata=\"{base_url}/.well-known/oauth-protected-resource\"'", "gatewayresponse.header.x-request-id" = "context.requestId" }
        responseTemplates  = { "application/json" = "{\"error\": {\"code\": \"invalid_api_key\"}}" }
      }
      THROTTLED = {
        responseTemplates = { "application/json" = "{\"error\": {\"code\": \"rate_limit_exceeded\"}}" }
      }
    }
  }
  functions = {
    openai = { name = "pennyworth-test-openai", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-openai:live", streaming = true, timeout_s = 900 }
    admin  = { name = "pennyworth-test-admin", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-admin:live", streaming = false, timeout_s = 60 }
  }
  authorizer       = { name = "pennyworth-test-authorizer", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-authorizer:live" }
  authorizer_ttl_s = 60
  user_pool_arn    = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_abc"
  throttle         = { rate_per_s = 500, burst = 1000 }
}

run "every_integration_and_authorizer_names_an_alias" {
  assert {
    condition = alltrue([
      for uri in regexall("arn:aws:lambda:[^/]+", output.body) : endswith(uri, ":live")
    ])
    error_message = "A function is invoked without its alias: $LATEST would serve."
  }
  assert {
    condition     = length(regexall("arn:aws:lambda:[^/]+", output.body)) == 6
    error_message = "Four operations and two authorizers invoke a function."
  }
}

run "a_streaming_function_is_streamed_and_others_are_not" {
  assert {
    condition = jsondecode(output.body).paths["/chat/completions"].post["x-amazon-apigateway-integration"] == {
      type                 = "aws_proxy"
      httpMethod           = "POST"
      responseTransferMode = "STREAM"
      timeoutInMillis      = 900000
      uri                  = "arn:aws:apigateway:eu-central-1:lambda:path/2021-11-15/functions/arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-openai:live/response-streaming-invocations"
    }
    error_message = "The streamed integration is wrong."
  }
  assert {
    condition = jsondecode(output.body).paths["/organization/users/{user_id}"].get["x-amazon-apigateway-integration"] == {
      type                 = "aws_proxy"
      httpMethod           = "POST"
      responseTransferMode = "BUFFERED"
      timeoutInMillis      = 29000 # API Gateway's limit, whatever the function's
      uri                  = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-admin:live/invocations"
    }
    error_message = "The buffered integration is wrong."
  }
}

run "operations_keep_their_security_and_lose_their_schemas" {
  assert {
    condition     = jsondecode(output.body).paths["/chat/completions"].post.security == [{ gateway = [] }]
    error_message = "The gateway authorizer is missing."
  }
  assert {
    condition     = jsondecode(output.body).paths["/organization/users/{user_id}"].delete.security == [{ cognito = [] }]
    error_message = "The cognito authorizer is missing."
  }
  assert {
    condition     = jsondecode(output.body).paths["/version"].get.security == []
    error_message = "An open route must have no authorizer."
  }
  assert {
    condition     = keys(jsondecode(output.body).components) == ["securitySchemes"] && !can(regex("requestBody|\\$ref|pattern", output.body))
    error_message = "A schema is left over."
  }
  assert {
    condition     = jsondecode(output.body)["x-amazon-apigateway-binary-media-types"] == ["audio/mpeg"]
    error_message = "The contract's extensions must be kept."
  }
}

run "authorizers_read_the_authorization_header" {
  assert {
    condition = jsondecode(output.body).components.securitySchemes.gateway["x-amazon-apigateway-authorizer"] == {
      type                         = "request"
      identitySource               = "method.request.header.Authorization"
      authorizerResultTtlInSeconds = 60
      authorizerUri                = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-authorizer:live/invocations"
    }
    error_message = "The Lambda authorizer is wrong."
  }
  assert {
    condition = jsondecode(output.body).components.securitySchemes.anthropic["x-amazon-apigateway-authorizer"] == {
      type                         = "request"
      authorizerResultTtlInSeconds = 0
      authorizerUri                = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-authorizer:live/invocations"
    }
    error_message = "Without an identity source API Gateway asks the authorizer every time, also where no header is sent."
  }
  assert {
    condition     = jsondecode(output.body).components.securitySchemes.cognito["x-amazon-apigateway-authorizer"].providerARNs == [var.user_pool_arn]
    error_message = "The Cognito authorizer must know this user pool alone."
  }
}

run "methods_a_path_lacks_and_paths_the_api_lacks_are_answered" {
  assert {
    condition = alltrue([
      for path, item in jsondecode(output.body).paths : contains(keys(item), "x-amazon-apigateway-any-method")
    ])
    error_message = "A path has no answer for other methods."
  }
  assert {
    condition     = jsondecode(output.body).paths["/organization/users/{user_id}"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].responses.default.responseParameters["method.response.header.allow"] == "'GET, DELETE, OPTIONS'"
    error_message = "Allow must list the methods in their usual order."
  }
  assert {
    condition = [
      for path in ["/", "/{unknown+}", "/chat", "/organization", "/organization/users"] :
      jsondecode(output.body).paths[path]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"].responses.default.responseTemplates
    ] == [for _ in range(5) : { "application/json" = "{\"error\": {\"code\": \"unknown_url\"}}" }]
    error_message = "An unknown path must get the contract's answer."
  }
  assert {
    condition     = jsondecode(output.body).paths["/version"].options["x-amazon-apigateway-integration"].responses.default.statusCode == "204"
    error_message = "A preflight must be answered."
  }
}

run "a_refused_caller_is_sent_to_the_resources_metadata" {
  assert {
    condition = aws_api_gateway_gateway_response.unauthorized.response_parameters == tomap({
      "gatewayresponse.header.www-authenticate" = "'Bearer resource_metadata=\"https://abc123.execute-api.eu-central-1.amazonaws.com/v1/.well-known/oauth-protected-resource\"'"
      "gatewayresponse.header.x-request-id"     = "context.requestId"
    })
    error_message = "WWW-Authenticate does not name the metadata, or another header was lost."
  }
  assert {
    condition     = aws_api_gateway_gateway_response.unauthorized.status_code == "401"
    error_message = "The status is ${aws_api_gateway_gateway_response.unauthorized.status_code}."
  }
  assert {
    condition     = keys(jsondecode(output.body)["x-amazon-apigateway-gateway-responses"]) == ["MISSING_AUTHENTICATION_TOKEN", "THROTTLED"]
    error_message = "A gateway response was lost, or one is written by two."
  }
}

run "the_api_is_regional_and_open_under_its_own_address" {
  assert {
    condition     = aws_api_gateway_rest_api.this.endpoint_configuration[0].types == tolist(["REGIONAL"])
    error_message = "An edge-optimised endpoint breaks streams off."
  }
  assert {
    condition     = !aws_api_gateway_rest_api.this.disable_execute_api_endpoint && output.base_url == "https://abc123.execute-api.eu-central-1.amazonaws.com/v1"
    error_message = "Without a domain the execute-api address must answer."
  }
}

run "the_stage_is_traced_logged_and_throttled" {
  assert {
    condition     = aws_api_gateway_stage.this.stage_name == "v1" && aws_api_gateway_stage.this.xray_tracing_enabled
    error_message = "The stage must be v1, with X-Ray."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/apigateway/pennyworth-test" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The access log must have its group, with retention."
  }
  assert {
    condition     = aws_api_gateway_stage.this.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.this.arn
    error_message = "The access log must go to its group."
  }
  assert {
    condition     = aws_api_gateway_method_settings.this.method_path == "*/*"
    error_message = "The settings must be every method's."
  }
  assert {
    condition     = aws_api_gateway_method_settings.this.settings[0].throttling_rate_limit == 500 && aws_api_gateway_method_settings.this.settings[0].throttling_burst_limit == 1000
    error_message = "The throttle is not what was asked for."
  }
  assert {
    condition = (
      !aws_api_gateway_method_settings.this.settings[0].metrics_enabled &&
      !aws_api_gateway_method_settings.this.settings[0].caching_enabled &&
      !aws_api_gateway_method_settings.this.settings[0].data_trace_enabled &&
      aws_api_gateway_method_settings.this.settings[0].logging_level == "OFF"
    )
    error_message = "Detailed metrics and a cache bill; execution logs hold what people send."
  }
}

run "the_access_log_names_the_caller_and_nothing_they_sent" {
  assert {
    condition     = jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format).user_id == "$context.authorizer.user_id"
    error_message = "The access log must name the caller."
  }
  assert {
    condition = length(setsubtract(values(jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format)), [
      "$context.requestId", "$context.xrayTraceId", "$context.identity.sourceIp", "$context.httpMethod",
      "$context.resourcePath", "$context.status", "$context.responseLatency", "$context.integrationLatency",
      "$context.authorizer.latency", "$context.authorizer.status", "$context.authorizer.user_id",
      "$context.authorizer.claims.sub", "$context.error.responseType",
    ])) == 0
    error_message = "Check that the new field of the access log can hold no query, header, body or key, and add it here."
  }
}

run "api_gateway_may_invoke_the_aliases_for_this_api_alone" {
  assert {
    condition = { for key, permission in aws_lambda_permission.function : key => [permission.function_name, permission.qualifier, permission.source_arn] } == {
      admin  = ["pennyworth-test-admin", "live", "arn:aws:execute-api:eu-central-1:123456789012:abc123/v1/*"]
      openai = ["pennyworth-test-openai", "live", "arn:aws:execute-api:eu-central-1:123456789012:abc123/v1/*"]
    }
    error_message = "A function may be invoked by something else than this stage."
  }
  assert {
    condition     = aws_lambda_permission.authorizer.qualifier == "live" && aws_lambda_permission.authorizer.source_arn == "arn:aws:execute-api:eu-central-1:123456789012:abc123/authorizers/*"
    error_message = "The authorizer may be invoked by something else than this API's authorizer."
  }
}

run "nothing_that_bills_while_idle_is_made_by_default" {
  assert {
    condition     = length(aws_wafv2_web_acl.this) + length(aws_wafv2_web_acl_association.this) == 0
    error_message = "A web ACL bills while idle."
  }
  assert {
    condition     = length(aws_api_gateway_domain_name.this) + length(aws_api_gateway_base_path_mapping.this) == 0 && output.domain_target == null
    error_message = "There is no domain unless it is asked for."
  }
}

run "a_body_is_deployed" {
  assert {
    condition     = aws_api_gateway_deployment.this.triggers["body"] == sha256(output.body)
    error_message = "The deployment must follow the body, and nothing else."
  }
}

run "other_changes_leave_the_deployment" {
  variables {
    throttle           = { rate_per_s = 1, burst = 2 }
    log_retention_days = 7
    waf                = { requests_per_5_minutes = 1000 }
  }
  assert {
    condition     = aws_api_gateway_deployment.this.triggers["body"] == sha256(run.a_body_is_deployed.body)
    error_message = "A change outside the body made a deployment."
  }
}

run "a_changed_body_is_deployed_anew" {
  variables {
    authorizer_ttl_s = 30
  }
  assert {
    condition     = aws_api_gateway_deployment.this.triggers["body"] != sha256(run.a_body_is_deployed.body)
    error_message = "A changed body was not deployed."
  }
}

run "a_domain_serves_beside_the_address_there_is" {
  variables {
    domain = { name = "llm.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1" }
  }
  assert {
    condition     = !aws_api_gateway_rest_api.this.disable_execute_api_endpoint && strcontains(output.base_url, ".execute-api.")
    error_message = "Nobody may be locked out before the domain's DNS is there."
  }
}

run "an_exclusive_domain_serves_under_the_stages_name_and_closes_the_other_address" {
  variables {
    domain = { name = "llm.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1", exclusive = true }
  }
  assert {
    condition     = aws_api_gateway_domain_name.this[0].security_policy == "TLS_1_2" && aws_api_gateway_domain_name.this[0].endpoint_configuration[0].types == tolist(["REGIONAL"])
    error_message = "The domain must be regional and speak TLS 1.2 or newer."
  }
  assert {
    condition     = aws_api_gateway_base_path_mapping.this[0].base_path == "v1" && aws_api_gateway_base_path_mapping.this[0].stage_name == "v1"
    error_message = "URLs must stay https://NAME/v1/…"
  }
  assert {
    condition     = aws_api_gateway_rest_api.this.disable_execute_api_endpoint && jsondecode(output.body).servers[0]["x-amazon-apigateway-endpoint-configuration"].disableExecuteApiEndpoint
    error_message = "The execute-api address must stop answering, with a deployment."
  }
  assert {
    condition     = output.base_url == "https://llm.example.com/v1"
    error_message = "The base URL is ${output.base_url}."
  }
}

run "a_web_acl_limits_addresses_and_lets_prompts_through" {
  variables {
    waf = { requests_per_5_minutes = 1000 }
  }
  assert {
    condition     = aws_wafv2_web_acl_association.this[0].resource_arn == aws_api_gateway_stage.this.arn
    error_message = "The web ACL stands in front of nothing."
  }
  assert {
    condition = anytrue([
      for rule in aws_wafv2_web_acl.this[0].rule : try(rule.statement[0].rate_based_statement[0].limit == 1000, false)
    ])
    error_message = "There is no limit per address."
  }
  assert {
    condition = length(setsubtract(["SizeRestrictions_BODY", "CrossSiteScripting_BODY"], flatten([
      for rule in aws_wafv2_web_acl.this[0].rule : try(rule.statement[0].managed_rule_group_statement[0].rule_action_override[*].name, [])
    ]))) == 0
    error_message = "A long prompt, or one about HTML, would be refused."
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.this[0].rule : !rule.visibility_config[0].sampled_requests_enabled])
    error_message = "Sampled requests show keys."
  }
}

run "an_operation_nobody_serves_is_refused" {
  command = plan
  variables {
    functions = { openai = { name = "x", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:x:live", streaming = true, timeout_s = 900 } }
  }
  expect_failures = [var.contract]
}

run "a_negative_ttl_is_refused" {
  command = plan
  variables {
    authorizer_ttl_s = -1
  }
  expect_failures = [var.authorizer_ttl_s]
}

run "a_ttl_over_an_hour_is_refused" {
  command = plan
  variables {
    authorizer_ttl_s = 3601
  }
  expect_failures = [var.authorizer_ttl_s]
}

run "a_stage_beside_the_contracts_base_path_is_refused" {
  command = plan
  variables {
    stage = "v2"
  }
  expect_failures = [var.stage]
}

run "a_throttle_that_lets_nothing_through_is_refused" {
  command = plan
  variables {
    throttle = { rate_per_s = 0, burst = 1 }
  }
  expect_failures = [var.throttle]
}

run "a_burst_of_nothing_is_refused" {
  command = plan
  variables {
    throttle = { rate_per_s = 1, burst = 0 }
  }
  expect_failures = [var.throttle]
}

run "a_retention_cloudwatch_does_not_know_is_refused" {
  command = plan
  variables {
    log_retention_days = 31
  }
  expect_failures = [var.log_retention_days]
}

run "a_domain_that_is_an_address_is_refused" {
  command = plan
  variables {
    domain = { name = "https://llm.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1" }
  }
  expect_failures = [var.domain]
}

run "a_certificate_that_is_none_is_refused" {
  command = plan
  variables {
    domain = { name = "llm.example.com", certificate_arn = "my-certificate" }
  }
  expect_failures = [var.domain]
}

run "a_rate_waf_cannot_count_is_refused" {
  command = plan
  variables {
    waf = { requests_per_5_minutes = 9 }
  }
  expect_failures = [var.waf]
}

run "a_name_api_gateway_would_refuse_is_refused" {
  command = plan
  variables {
    name = "a name"
  }
  expect_failures = [var.name]
}

run "nobody_is_counted_where_no_group_has_a_rate" {
  variables {
    groups = { admins = {}, developers = {} }
  }

  assert {
    condition     = jsondecode(output.body).paths["/chat/completions"].post.security == [{ gateway = [] }] && !contains(keys(jsondecode(output.body).components.securitySchemes), "counted")
    error_message = "No method wants an API key."
  }
  assert {
    condition     = toset(keys(aws_api_gateway_usage_plan.this)) == toset(["group admins", "group developers", "others"]) && alltrue([for plan in aws_api_gateway_usage_plan.this : length(plan.throttle_settings) == 0])
    error_message = "Every group has a plan, so that a rate declared later changes a number and nothing else."
  }
}

run "a_groups_rate_is_that_of_its_own_plan" {
  variables {
    groups = { admins = {}, developers = { rate = { per_s = 2.5, burst = 10 } } }
  }

  assert {
    condition     = { for name, plan in aws_api_gateway_usage_plan.this : name => one([for each in plan.throttle_settings : [each.rate_limit, each.burst_limit]]) } == { "group admins" = null, "group developers" = [2.5, 10], others = null }
    error_message = "One plan has the rate."
  }
  assert {
    condition     = alltrue([for plan in aws_api_gateway_usage_plan.this : one(plan.api_stages).stage == "v1" && one(plan.api_stages).api_id == "abc123"])
    error_message = "A plan is for the stage."
  }
  assert {
    condition     = jsondecode(output.body).paths["/chat/completions"].post.security == [{ counted = [], gateway = [] }] && jsondecode(output.body).components.securitySchemes.counted == { type = "apiKey", name = "x-api-key", in = "header" }
    error_message = "Whom the Lambda authorizer lets in is counted."
  }
  assert {
    condition     = jsondecode(output.body).paths["/organization/users/{user_id}"].get.security == [{ cognito = [] }] && jsondecode(output.body).paths["/version"].get.security == []
    error_message = "Others are not: no authorizer of theirs could name an API key."
  }
  assert {
    # As shared/pennyworth/keys.py makes it; tests/unit/shared/test_keys.py has the same.
    condition     = aws_api_gateway_api_key.shared["group developers"].value == sha256("pennyworth-test group developers") && toset(keys(output.plans)) == toset(["admins", "developers"])
    error_message = "The shared API key has the value that the authorizer makes of its names."
  }
}

run "refuses_a_rate_that_lets_nothing_through" {
  command = plan
  variables {
    groups = { admins = { rate = { per_s = 1, burst = 0 } } }
  }
  expect_failures = [var.groups]
}
