# What API Gateway imports: the contract's paths, methods and security, with what answers them. The schemas stay behind:
# the importer takes only part of OpenAPI ("Important notes for REST APIs" of its developer guide).

locals {
  # A decoded YAML object has no order of its own, so Allow headers follow this one. local/gateway/routes.py does too.
  methods = ["get", "post", "put", "patch", "delete", "head", "options"]

  # Methods of each path, as the contract has them.
  operations = {
    for path, item in var.contract.paths : path => [for method in local.methods : method if contains(keys(item), method)]
  }

  # Streams may last 15 minutes, buffered answers 29 s (API Gateway developer guide, "Stream the integration response",
  # read 2026-11). Permission for both is lambda:InvokeFunction on the alias.
  integrations = {
    for service, function in var.functions : service => {
      type                 = "aws_proxy"
      httpMethod           = "POST"
      responseTransferMode = function.streaming ? "STREAM" : "BUFFERED"
      timeoutInMillis      = min(function.timeout_s, function.streaming ? 900 : 29) * 1000
      uri = join("", [
        local.lambda,
        function.streaming ? "2021-11-15" : "2015-03-31",
        "/functions/${function.alias_arn}/",
        function.streaming ? "response-streaming-invocations" : "invocations",
      ])
    }
  }
  lambda = "arn:${data.aws_partition.this.partition}:apigateway:${data.aws_region.this.name}:lambda:path/"

  served = {
    for path, methods in local.operations : path => {
      for method in methods : method => {
        operationId                       = var.contract.paths[path][method].operationId
        parameters                        = local.parameters[path]
        security                          = local.rated ? [for each in var.contract.paths[path][method].security : merge(each, local.wanted[keys(each)[0]])] : var.contract.paths[path][method].security
        responses                         = { "200" = { description = "What the function answers" } }
        "x-amazon-apigateway-integration" = local.integrations[var.contract.paths[path][method]["x-pennyworth"].service]
      }
    }
  }

  # Whom the Lambda authorizer lets in is counted, where a group has a rate: a method wants both, then.
  wanted = { gateway = { counted = [] }, anthropic = { counted = [] }, cognito = {} }

  # OpenAPI wants every {name} of a path declared.
  parameters = {
    for path in keys(local.mocks) : path => [
      for name in regexall("{([^}+]+)[+]?}", path) : { name = name[0], in = "path", required = true, schema = { type = "string" } }
    ]
  }

  authorizers = {
    gateway = {
      type                           = "apiKey"
      name                           = "Authorization"
      in                             = "header"
      "x-amazon-apigateway-authtype" = "custom"
      "x-amazon-apigateway-authorizer" = {
        type                         = "request"
        identitySource               = "method.request.header.Authorization"
        authorizerUri                = "${local.lambda}2015-03-31/functions/${var.authorizer.alias_arn}/invocations"
        authorizerResultTtlInSeconds = var.authorizer_ttl_s
      }
    }
    # The same function, for clients that send x-api-key or Authorization: no one header can be its identity source, and
    # without one API Gateway asks it every time.
    anthropic = {
      type                           = "apiKey"
      name                           = "Unused"
      in                             = "header"
      "x-amazon-apigateway-authtype" = "custom"
      "x-amazon-apigateway-authorizer" = {
        type                         = "request"
        authorizerUri                = "${local.lambda}2015-03-31/functions/${var.authorizer.alias_arn}/invocations"
        authorizerResultTtlInSeconds = 0
      }
    }
    cognito = {
      type                           = "apiKey"
      name                           = "Authorization"
      in                             = "header"
      "x-amazon-apigateway-authtype" = "cognito_user_pools"
      "x-amazon-apigateway-authorizer" = {
        type                         = "cognito_user_pools"
        providerARNs                 = [var.user_pool_arn]
        authorizerResultTtlInSeconds = var.authorizer_ttl_s
      }
    }
  }

  # By this form API Gateway knows that an API key is wanted. It reads no header for it: x-amazon-apigateway-api-key-source
  # in the contract says that the authorizer names it.
  api_key = { type = "apiKey", name = "x-api-key", in = "header" }

  responses = var.contract["x-amazon-apigateway-gateway-responses"]
  exclusive = try(var.domain.exclusive, false)

  body = jsonencode(merge(
    { for name, value in var.contract : name => value if startswith(name, "x-amazon-apigateway-") },
    {
      openapi = var.contract.openapi
      info    = { title = var.name, version = var.contract.info.version }
      # Said here as well as on the API because it counts from the next deployment only, and this makes one.
      servers                                 = [{ url = "/${var.stage}", "x-amazon-apigateway-endpoint-configuration" = { disableExecuteApiEndpoint = local.exclusive } }]
      paths                                   = { for path, mocked in local.mocked : path => merge(mocked, lookup(local.served, path, {})) }
      components                              = { securitySchemes = merge(local.authorizers, local.rated ? { counted = local.api_key } : {}) }
      "x-amazon-apigateway-gateway-responses" = { for type, response in local.responses : type => response if type != "UNAUTHORIZED" }
    },
  ))
}
