# What each function is told, and what its own role may do. None of them may call Bedrock: that happens as the user.

locals {
  environment = {
    PENNYWORTH_ENVIRONMENT        = var.environment
    VERSION                       = local.version
    GIT_SHA                       = var.git_sha
    PENNYWORTH_USER_POOL_ID       = module.identity.user_pool_id
    PENNYWORTH_CLIENT_IDS         = join(",", module.identity.client_ids)
    PENNYWORTH_IDENTITY_POOL_ID   = module.identity.identity_pool_id
    PENNYWORTH_DEVELOPER_PROVIDER = module.identity.developer_provider
    PENNYWORTH_PEPPER_PARAMETER   = aws_ssm_parameter.pepper.name
    PENNYWORTH_AUTHORIZER_TTL_S   = tostring(var.authorizer_ttl_s)
    POWERTOOLS_LOG_LEVEL          = "INFO"
  }
  own_environment = {
    admin = {
      PENNYWORTH_RATE_PER_S = tostring(var.throttle.rate_per_s)
      PENNYWORTH_BURST      = tostring(var.throttle.burst)
      PENNYWORTH_BUCKET     = module.storage.bucket
      PENNYWORTH_USAGE_LOGS = local.usage_logs
    }
    ledger = { PENNYWORTH_BUCKET = module.storage.bucket }
    openai = merge(
      { PENNYWORTH_BUCKET = module.storage.bucket, PENNYWORTH_FILE_EXPIRY_DAYS = tostring(var.file_expiry_days) },
      var.remote_images ? {} : { PENNYWORTH_REMOTE_IMAGES = "off" },
      var.usage_metrics ? { POWERTOOLS_METRICS_NAMESPACE = local.name } : {},
      length(var.model_providers) == 0 ? {} : { PENNYWORTH_PROVIDERS = jsonencode(local.providers) },
    )
    authorizer = local.sign_in
    mcp = merge(
      local.sign_in,
      {
        PENNYWORTH_OPENAI_FUNCTION = "${local.name}-openai:live"
        PENNYWORTH_USAGE_LOGS      = local.usage_logs
        PENNYWORTH_BUCKET          = module.storage.bucket
      },
      length(local.tool_terms) == 0 ? {} : { PENNYWORTH_MCP_TERMS = jsonencode(local.tool_terms) },
      length(var.mcp_toolsets) == 0 ? {} : { PENNYWORTH_MCP_TOOLSETS = jsonencode(var.mcp_toolsets) },
      var.mcp_tool_limit == 100 ? {} : { PENNYWORTH_MCP_TOOL_LIMIT = tostring(var.mcp_tool_limit) },
      var.mcp_client_documents ? {} : { PENNYWORTH_CLIENT_DOCUMENTS = "off" },
      length(var.mcp_redirect_uris) == 0 ? {} : { PENNYWORTH_REDIRECT_URIS = join(" ", var.mcp_redirect_uris) },
      length(var.mcp_origins) == 0 ? {} : { PENNYWORTH_MCP_ORIGINS = join(",", var.mcp_origins) },
      length(var.mcp_servers) == 0 ? {} : { PENNYWORTH_MCP_SERVERS = join(",", keys(var.mcp_servers)) },
    )
  }

  usage_logs = join(",", [for key in ["openai", "mcp"] : "/aws/lambda/${local.name}-${key}"])

  tool_terms = [
    for row in var.mcp_tool_terms : merge(
      { tools = row.tools },
      row.price_usd == 0 ? {} : { price_microusd = row.price_usd * 1000000 },
      row.rate == null ? {} : { rate_per_s = row.rate.per_s, burst = row.rate.burst },
    )
  ]

  sign_in = module.identity.sign_in == null ? {} : {
    PENNYWORTH_SIGN_IN_URL    = module.identity.sign_in.url
    PENNYWORTH_SIGN_IN_CLIENT = module.identity.sign_in.client
  }

  # What a provider does not say is left out: Lambda takes 4 KB of variables in all.
  providers = {
    for name, provider in var.model_providers : name => {
      for field, value in {
        url           = trimsuffix(provider.url, "/")
        key_parameter = provider.has_key ? "${local.parameters}/providers/${name}" : null
        key_header    = provider.key_header
        models        = length(provider.models) == 0 ? null : provider.models
        responses     = provider.responses ? true : null
        stream_usage  = provider.stream_usage ? null : false
      } : field => value if value != null
    }
  }

  # What a server does not say is left out: a standard parameter takes 4 KB.
  mcp_servers = {
    for name, server in var.mcp_servers : name => {
      for field, value in {
        type           = server.type
        url            = server.url
        document       = server.document
        function       = server.function
        payload        = server.payload
        era            = server.era
        auth           = server.auth == null ? null : { for key, value in server.auth : key => value if value != null && key != "resources" }
        forward        = length(server.forward) == 0 ? null : server.forward
        timeout_s      = server.timeout_s
        max_kb         = server.max_kb
        private        = server.private ? true : null
        shared_session = server.shared_session ? true : null
        approved       = server.approved
      } : field => value if value != null
    }
  }

  # What a signature is good for. A function URL asks for both since October 2025.
  signed_actions = {
    execute-api       = ["execute-api:Invoke"]
    lambda            = ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"]
    bedrock-agentcore = ["bedrock-agentcore:InvokeGateway"]
  }
  mcp_parameters = concat(
    [for name in keys(var.mcp_servers) : "${local.parameter}/mcp/${name}/server"],
    [for name, server in var.mcp_servers : "${local.parameter}/mcp/${name}/secret" if contains(["header", "oauth"], try(server.auth.type, "none"))],
  )
  mcp_functions = distinct([for server in values(var.mcp_servers) : server.function if server.type == "lambda"])
  mcp_signed = {
    for service in keys(local.signed_actions) : service => distinct(flatten([
      for server in values(var.mcp_servers) : server.auth.resources
      if try(server.auth.type, "none") == "sigv4" && try(server.auth.service, "") == service
    ]))
  }

  arn = "arn:${data.aws_partition.this.partition}"
  # A name that ARNs of this account and Region share, after the service's.
  here       = "${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}"
  gateway    = "${local.arn}:apigateway:${data.aws_region.this.name}"
  tags       = { application = "pennyworth", environment = var.environment }
  given_tags = [for key, value in local.tags : { test = "StringEquals", variable = "aws:RequestTag/${key}", values = [value] }]
  own_tags   = [for key, value in local.tags : { test = "StringEquals", variable = "aws:ResourceTag/${key}", values = [value] }]
  parameter  = "${local.arn}:ssm:${local.here}:parameter${local.parameters}"
  pepper     = { sid = "Pepper", actions = ["ssm:GetParameter"], resources = ["${local.parameter}/key-pepper"] }

  usage_records = {
    sid       = "UsageRecords"
    actions   = ["logs:StartQuery"]
    resources = [for key in ["openai", "mcp"] : "${local.arn}:logs:${local.here}:log-group:/aws/lambda/${local.name}-${key}:*"]
  }
  # CloudWatch knows no resources for a query that runs; its id is known to who started it.
  queries = { sid = "Queries", actions = ["logs:GetQueryResults", "logs:StopQuery"], resources = ["*"] }
  # How much of the log each person's questions have looked through.
  questions = {
    sid       = "Questions"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${module.storage.arn}/ledger/questions/*"]
  }

  statements = {
    authorizer = [
      {
        sid       = "Directory"
        actions   = ["cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser", "cognito-idp:ListGroups"]
        resources = [module.identity.user_pool_arn]
      },
      local.pepper,
    ]
    openai = concat(
      [
        {
          sid       = "Identities"
          actions   = ["cognito-identity:GetOpenIdTokenForDeveloperIdentity"]
          resources = [module.identity.identity_pool_arn]
        },
      ],
      [
        for keys in [[for name, provider in var.model_providers : "${local.parameter}/providers/${name}" if provider.has_key]] : {
          sid       = "ProviderKeys"
          actions   = ["ssm:GetParameter"]
          resources = keys
        } if length(keys) > 0
      ],
    )
    ledger = [
      {
        sid       = "Book"
        actions   = ["s3:GetObject", "s3:PutObject"]
        resources = ["${module.storage.arn}/ledger/*"]
      },
      # The mirror of the book, in an attribute of whose it is.
      {
        sid       = "Mirror"
        actions   = ["cognito-idp:AdminUpdateUserAttributes"]
        resources = [module.identity.user_pool_arn]
      },
    ]
    mcp = concat(
      [
        {
          sid       = "Inference"
          actions   = ["lambda:InvokeFunction"]
          resources = ["${local.arn}:lambda:${local.here}:function:${local.name}-openai:live"]
        },
        # Whoever calls, for their own keys and what they spent; and their group, for its budgets.
        {
          sid       = "Self"
          actions   = ["cognito-idp:AdminGetUser", "cognito-idp:GetGroup"]
          resources = [module.identity.user_pool_arn]
        },
        local.pepper, # which signs what a client carries from one round of a request to the next
        # What whoever calls has used. The rights are for the records of all; the query is for one.
        local.usage_records,
        local.queries,
        local.questions,
      ],
      [
        for statement in concat(
          [
            { sid = "McpServers", actions = ["ssm:GetParameter"], resources = local.mcp_parameters },
            { sid = "McpFunctions", actions = ["lambda:InvokeFunction"], resources = local.mcp_functions },
          ],
          [
            for service, resources in local.mcp_signed : {
              sid       = "Mcp${replace(title(replace(service, "-", " ")), " ", "")}"
              actions   = local.signed_actions[service]
              resources = resources
            }
          ],
        ) : statement if length(statement.resources) > 0
      ],
      # The app client, by its name, and the secret that Cognito keeps of it.
      [
        for pool in var.mcp_sign_in ? [module.identity.user_pool_arn] : [] :
        { sid = "SignIn", actions = ["cognito-idp:DescribeUserPoolClient", "cognito-idp:ListUserPoolClients"], resources = [pool] }
      ],
    )
    admin = [
      {
        sid = "Directory"
        actions = [
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
          "cognito-idp:ListGroups",
          "cognito-idp:ListUsers",
          "cognito-idp:ListUsersInGroup",
        ]
        resources = [module.identity.user_pool_arn]
      },
      local.pepper,
      # The lock under which a person's keys change: its name is not known beforehand.
      {
        sid       = "Locks"
        actions   = ["ssm:GetParameter", "ssm:PutParameter"]
        resources = ["${local.parameter}/locks/*"]
      },
      # The usage plans that keys are put into. What is this environment's is told by its tags: the ids are API Gateway's.
      {
        sid        = "NewApiKeys"
        actions    = ["apigateway:POST"]
        resources  = ["${local.gateway}::/apikeys"]
        conditions = local.given_tags
      },
      # API Gateway asks for this when something is made with tags; what has another environment's keeps them.
      {
        sid        = "TagsOfApiKeys"
        actions    = ["apigateway:POST", "apigateway:PUT"]
        resources  = ["${local.gateway}::/tags/*"]
        conditions = concat(local.given_tags, [for each in local.own_tags : merge(each, { test = "StringEqualsIfExists" })])
      },
      {
        sid        = "PlansOfApiKeys"
        actions    = ["apigateway:DELETE", "apigateway:POST"]
        resources  = ["${local.gateway}::/apikeys/*", "${local.gateway}::/usageplans/*/keys", "${local.gateway}::/usageplans/*/keys/*"]
        conditions = local.own_tags
      },
      # Its own log, which holds the record of every change.
      {
        sid       = "AuditLog"
        actions   = ["logs:FilterLogEvents"]
        resources = ["${local.arn}:logs:${local.here}:log-group:/aws/lambda/${local.name}-admin:*"]
      },
      local.usage_records,
      local.queries,
      local.questions,
      # What such a question found of everybody's keys, so that not everyone who lists some asks it.
      {
        sid       = "LastUse"
        actions   = ["s3:GetObject", "s3:PutObject"]
        resources = ["${module.storage.arn}/ledger/last-use.json"]
      },
    ]
  }
}
