data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  address  = local.exclusive ? var.domain.name : "${aws_api_gateway_rest_api.this.id}.execute-api.${data.aws_region.this.name}.${data.aws_partition.this.dns_suffix}"
  base_url = "https://${local.address}/${var.stage}"
  # Both work where the domain is not exclusive.
  addresses = distinct(concat([local.address], var.domain == null ? [] : [var.domain.name]))
}

resource "aws_api_gateway_rest_api" "this" {
  name                         = var.name
  body                         = local.body
  disable_execute_api_endpoint = local.exclusive

  endpoint_configuration {
    types = ["REGIONAL"] # an edge-optimised endpoint would break off a stream after 30 silent seconds
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Apart from the body, because its WWW-Authenticate names the API's address, which nobody knows before there is an API. An
# import takes away what is not in the body, so this is made again after each.
resource "aws_api_gateway_gateway_response" "unauthorized" {
  rest_api_id        = aws_api_gateway_rest_api.this.id
  response_type      = "UNAUTHORIZED"
  status_code        = tostring(local.responses.UNAUTHORIZED.statusCode)
  response_templates = local.responses.UNAUTHORIZED.responseTemplates
  response_parameters = {
    for name, value in local.responses.UNAUTHORIZED.responseParameters : name => replace(value, "{base_url}", local.base_url)
  }

  lifecycle {
    replace_triggered_by = [aws_api_gateway_rest_api.this.body]
  }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A stage serves a snapshot: a new one is taken when the body or that response changes, and only then.
  triggers = {
    body         = sha256(local.body)
    unauthorized = sha256(jsonencode(aws_api_gateway_gateway_response.unauthorized.response_parameters))
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Needs the account's CloudWatch role for API Gateway (module bootstrap).
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:a key of our own in KMS bills at rest; CloudWatch encrypts with its own
  #checkov:skip=CKV_AWS_338:how long logs are kept is the environment's choice, by the privacy of people as much as by audits

  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120:a cache bills by the hour, and no answer is the same for two callers
  #checkov:skip=CKV2_AWS_4:execution logs hold bodies and headers; the access log has what is needed
  #checkov:skip=CKV2_AWS_51:functions are invoked by IAM, not by an address: there is no server to show a certificate to
  #checkov:skip=CKV2_AWS_77:Log4j is Java's, and nothing here runs Java

  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn
    # The route, not the path; no query, header or body. Nor $context.error.message: for a bad signature it quotes the
    # Authorization header, and with it a key.
    format = jsonencode({
      request_id             = "$context.requestId"
      trace_id               = "$context.xrayTraceId"
      ip                     = "$context.identity.sourceIp"
      method                 = "$context.httpMethod"
      resource               = "$context.resourcePath"
      status                 = "$context.status"
      latency_ms             = "$context.responseLatency"
      integration_latency_ms = "$context.integrationLatency"
      authorizer_latency_ms  = "$context.authorizer.latency"
      authorizer_status      = "$context.authorizer.status"
      user_id                = "$context.authorizer.user_id"
      cognito_user_id        = "$context.authorizer.claims.sub"
      error                  = "$context.error.responseType"
    })
  }
}

resource "aws_api_gateway_method_settings" "this" {
  #checkov:skip=CKV_AWS_225:a cache bills by the hour, and no answer is the same for two callers

  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    throttling_rate_limit  = var.throttle.rate_per_s
    throttling_burst_limit = var.throttle.burst
    logging_level          = "OFF" # execution logs hold bodies and headers
    data_trace_enabled     = false
    metrics_enabled        = false # detailed metrics bill for every method
    caching_enabled        = false # a cache bills by the hour
  }
}

resource "aws_lambda_permission" "function" {
  for_each = var.functions

  statement_id  = "ApiGateway"
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = each.value.name
  qualifier     = regex("[^:]+$", each.value.alias_arn)
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${var.stage}/*"
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "ApiGateway"
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = var.authorizer.name
  qualifier     = regex("[^:]+$", var.authorizer.alias_arn)
  # The import names the authorizers' ids to nobody; both of this API's Lambda authorizers are this function.
  source_arn = "${aws_api_gateway_rest_api.this.execution_arn}/authorizers/*"
}
