# What API Gateway answers itself, word for word what local/gateway/mock.py answers: the CORS preflight, a method that a
# path does not have, and a path that does not exist.

locals {
  cors = {
    "access-control-allow-origin"   = "'*'"
    "access-control-expose-headers" = "'*'"
    "x-request-id"                  = "context.requestId"
  }

  allowed = {
    for path, methods in local.operations : path => join(", ", distinct(concat([for method in methods : upper(method)], ["OPTIONS"])))
  }

  # /chat is the way to /chat/completions.
  ways = toset(flatten([
    for path in keys(var.contract.paths) : [
      for depth in range(2, length(split("/", path))) : join("/", slice(split("/", path), 0, depth))
    ]
  ]))

  # escapeJavaScript also escapes ', which JSON does not know (API Gateway developer guide, "$util variables").
  escaped_path = "#set($path = $util.escapeJavaScript($context.path).replaceAll(\"\\\\'\",\"'\"))"

  mocks = merge(
    {
      for path, allowed in local.allowed : path => {
        options = {
          status = "204"
          headers = {
            "access-control-allow-origin"  = "'*'"
            "access-control-allow-methods" = "'${allowed}'"
            # The wildcard does not cover Authorization (Fetch standard, CORS non-wildcard request-header name).
            "access-control-allow-headers" = "'authorization, *'"
            "access-control-max-age"       = "'7200'"
            "x-request-id"                 = "context.requestId"
          }
          templates = {}
        }
        "x-amazon-apigateway-any-method" = {
          status  = "405"
          headers = merge(local.cors, { allow = "'${allowed}'" })
          templates = {
            "application/json" = "${local.escaped_path}${jsonencode({
              type = "error"
              error = {
                message = "$context.httpMethod is not allowed on $${path}. Allowed: ${allowed}."
                type    = "invalid_request_error"
                param   = null
                code    = "method_not_allowed"
              }
            })}"
          }
        }
      }
    },
    # Where a path has no method, API Gateway reads an Authorization header as an AWS signature and refuses it as a bad
    # one instead of as MISSING_AUTHENTICATION_TOKEN. Every path has a method with these, and every key gets the
    # contract's answer to an unknown one. A resource goes before {unknown+}, also when it is but the way to others.
    {
      for path in setunion(["/", "/{unknown+}"], setsubtract(local.ways, keys(var.contract.paths))) : path => {
        "x-amazon-apigateway-any-method" = {
          status = tostring(local.responses.MISSING_AUTHENTICATION_TOKEN.statusCode)
          headers = {
            for name, value in local.responses.MISSING_AUTHENTICATION_TOKEN.responseParameters :
            trimprefix(name, "gatewayresponse.header.") => value
          }
          templates = local.responses.MISSING_AUTHENTICATION_TOKEN.responseTemplates
        }
      }
    },
  )

  # A MOCK finds its status in the request's template, and the template by the request's Content-Type: without one it is
  # application/json, with one that is not listed here the answer is UNSUPPORTED_MEDIA_TYPE. Passing the body through
  # instead would end in a 500. local/gateway/mock.py has the same list.
  media_types = [
    "application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
  ]

  mocked = {
    for path, answers in local.mocks : path => {
      for method, answer in answers : method => {
        parameters = local.parameters[path]
        security   = []
        responses = {
          (answer.status) = {
            description = "Answered by API Gateway"
            headers     = { for name in keys(answer.headers) : name => { schema = { type = "string" } } }
          }
        }
        "x-amazon-apigateway-integration" = {
          type                = "mock"
          passthroughBehavior = "never"
          requestTemplates    = { for each in local.media_types : each => jsonencode({ statusCode = tonumber(answer.status) }) }
          responses = {
            default = {
              statusCode         = answer.status
              responseParameters = { for name, value in answer.headers : "method.response.header.${name}" => value }
              responseTemplates  = answer.templates
            }
          }
        }
      }
    }
  }
}
