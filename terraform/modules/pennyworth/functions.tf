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
    openai = merge(
      { PENNYWORTH_BUCKET = module.storage.bucket, PENNYWORTH_FILE_EXPIRY_DAYS = tostring(var.file_expiry_days) },
      var.remote_images ? {} : { PENNYWORTH_REMOTE_IMAGES = "off" },
      var.upstream == null ? {} : { PENNYWORTH_UPSTREAM_URL = var.upstream.url },
      try(var.upstream.has_key, false) ? { PENNYWORTH_UPSTREAM_KEY_PARAMETER = "${local.parameters}/upstream-key" } : {},
    )
    mcp = merge(
      { PENNYWORTH_OPENAI_FUNCTION = "${local.name}-openai:live" },
      length(var.mcp_origins) == 0 ? {} : { PENNYWORTH_MCP_ORIGINS = join(",", var.mcp_origins) },
    )
  }

  arn = "arn:${data.aws_partition.this.partition}"
  # A name that ARNs of this account and Region share, after the service's.
  here      = "${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}"
  parameter = "${local.arn}:ssm:${local.here}:parameter${local.parameters}"
  pepper    = { sid = "Pepper", actions = ["ssm:GetParameter"], resources = ["${local.parameter}/key-pepper"] }

  statements = {
    authorizer = [
      {
        sid       = "Directory"
        actions   = ["cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser"]
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
        for name in ["upstream-key"] : {
          sid       = "UpstreamKey"
          actions   = ["ssm:GetParameter"]
          resources = ["${local.parameter}/${name}"]
        } if try(var.upstream.has_key, false)
      ],
    )
    mcp = [
      {
        sid       = "Inference"
        actions   = ["lambda:InvokeFunction"]
        resources = ["${local.arn}:lambda:${local.here}:function:${local.name}-openai:live"]
      },
    ]
    admin = [
      {
        sid = "Directory"
        actions = [
          "cognito-idp:AdminAddUserToGroup",
          "cognito-idp:AdminCreateUser",
          "cognito-idp:AdminDeleteUser",
          "cognito-idp:AdminDeleteUserAttributes",
          "cognito-idp:AdminGetUser",
          "cognito-idp:AdminListGroupsForUser",
          "cognito-idp:AdminUpdateUserAttributes",
          "cognito-idp:ListGroups",
          "cognito-idp:ListUsers",
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
    ]
  }
}
