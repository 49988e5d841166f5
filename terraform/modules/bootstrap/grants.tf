# What the AWS provider calls for what the modules make: `read` to compare, which a plan does too, and `write` to change.
# By name or path wherever AWS lets us choose one. Actions and their ARNs: AWS service authorization reference
# (read 2026-11).

locals {
  gateway = "arn:${local.partition}:apigateway:${local.region}"

  services = {
    for environment in var.environments : environment => {
      for service, names in {
        iam = ["role/pennyworth-${environment}-*"]
        lambda = [
          "function:pennyworth-${environment}-*", "layer:pennyworth-${environment}", "layer:pennyworth-${environment}:*",
        ]
        logs = [
          "log-group:/aws/lambda/pennyworth-${environment}-*",
          "log-group:/aws/apigateway/pennyworth-${environment}", "log-group:/aws/apigateway/pennyworth-${environment}:*",
        ]
        # A provider's key, and an MCP server's secret, are Terraform's to neither read nor write.
        ssm        = ["parameter/pennyworth/${environment}/key-pepper", "parameter/pennyworth/${environment}/mcp/*/server"]
        sns        = ["pennyworth-${environment}-alarms"]
        cloudwatch = ["alarm:pennyworth-${environment}-*"]
        wafv2      = ["regional/webacl/pennyworth-${environment}/*", "regional/managedruleset/*/*"] # whose ids are AWS's
      } : service => [for name in names : "arn:${local.partition}:${service}:${service == "iam" ? ":${local.account_id}" : local.here}:${name}"]
    }
  }

  reach = {
    for environment, arns in local.services : environment => merge(arns, {
      dashboard = ["arn:${local.partition}:cloudwatch::${local.account_id}:dashboard/pennyworth-${environment}"]
      s3        = ["arn:${local.partition}:s3:::pennyworth-${environment}-${local.account_id}"]
      # API Gateway's and Cognito's ids are theirs to choose. Who may change what is told apart by the tags every resource
      # of an environment has; what lies below an API, a domain name or a usage plan inherits them ("API Gateway resources that can be
      # tagged" of its developer guide, read 2026-11).
      apigateway       = [for path in ["/restapis/*", "/domainnames/*", "/apikeys/*", "/usageplans/*"] : "${local.gateway}::${path}"]
      cognito-idp      = ["arn:${local.partition}:cognito-idp:${local.here}:userpool/*"]
      cognito-identity = ["arn:${local.partition}:cognito-identity:${local.here}:identitypool/*"]
      wafv2            = concat(arns.wafv2, ["${local.gateway}::/restapis/*/stages/*"])
    })
  }

  read = {
    iam        = ["GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies"]
    lambda     = ["GetAlias", "GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionConfiguration", "GetLayerVersion", "GetPolicy", "ListTags", "ListVersionsByFunction"]
    logs       = ["DescribeMetricFilters", "DescribeSubscriptionFilters", "ListTagsForResource"]
    ssm        = ["GetParameter", "ListTagsForResource"]
    sns        = ["GetTopicAttributes", "ListTagsForResource"]
    cloudwatch = ["DescribeAlarms", "ListTagsForResource"]
    dashboard  = ["GetDashboard"]
    s3 = [
      "GetAccelerateConfiguration", "GetBucketAcl", "GetBucketCORS", "GetBucketLocation", "GetBucketLogging",
      "GetBucketObjectLockConfiguration", "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPublicAccessBlock",
      "GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite", "GetEncryptionConfiguration",
      "GetLifecycleConfiguration", "GetReplicationConfiguration", "ListBucket",
    ]
    apigateway       = ["GET"]
    cognito-idp      = ["DescribeResourceServer", "DescribeUserPool", "DescribeUserPoolClient", "GetGroup", "GetUserPoolMfaConfig", "ListTagsForResource"]
    cognito-identity = ["DescribeIdentityPool", "ListTagsForResource"]
    wafv2            = ["GetWebACL", "GetWebACLForResource", "ListTagsForResource"]
  }

  write = {
    iam = ["DeleteRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"]
    lambda = [
      "AddPermission", "CreateAlias", "CreateFunction", "DeleteAlias", "DeleteFunction", "DeleteFunctionConcurrency",
      "DeleteLayerVersion", "PublishLayerVersion", "PublishVersion", "PutFunctionConcurrency", "RemovePermission",
      "TagResource", "UntagResource", "UpdateAlias", "UpdateFunctionCode", "UpdateFunctionConfiguration",
    ]
    logs = [
      "CreateLogGroup", "DeleteLogGroup", "DeleteMetricFilter", "DeleteRetentionPolicy", "DeleteSubscriptionFilter",
      "PutMetricFilter", "PutRetentionPolicy", "PutSubscriptionFilter", "TagResource", "UntagResource",
    ]
    ssm        = ["AddTagsToResource", "DeleteParameter", "PutParameter", "RemoveTagsFromResource"]
    sns        = ["CreateTopic", "DeleteTopic", "SetTopicAttributes", "Subscribe", "TagResource", "UntagResource"]
    cloudwatch = ["DeleteAlarms", "PutMetricAlarm", "TagResource", "UntagResource"]
    dashboard  = ["DeleteDashboards", "PutDashboard"]
    # Its settings, and not what people keep in it.
    s3 = [
      "CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "PutBucketCORS", "PutBucketOwnershipControls", "PutBucketPolicy",
      "PutBucketPublicAccessBlock", "PutBucketTagging", "PutEncryptionConfiguration", "PutLifecycleConfiguration",
    ]
    apigateway = ["DELETE", "PATCH", "POST", "PUT", "SetWebACL"]
    cognito-idp = [
      "AddCustomAttributes", "CreateGroup", "CreateResourceServer", "CreateUserPoolClient", "CreateUserPoolDomain", "DeleteGroup",
      "DeleteResourceServer", "DeleteUserPool", "DeleteUserPoolClient", "DeleteUserPoolDomain", "SetUserPoolMfaConfig",
      "UntagResource", "UpdateGroup", "UpdateResourceServer", "UpdateUserPool", "UpdateUserPoolClient", "UpdateUserPoolDomain",
    ]
    cognito-identity = ["DeleteIdentityPool", "UntagResource", "UpdateIdentityPool"]
    wafv2            = ["AssociateWebACL", "CreateWebACL", "DeleteWebACL", "DisassociateWebACL", "TagResource", "UntagResource", "UpdateWebACL"]
  }

  # AWS knows no resources for these, or asks before there is one.
  anywhere_read  = ["cognito-idp:DescribeUserPoolDomain", "logs:DescribeLogGroups", "logs:DescribeQueryDefinitions", "secretsmanager:GetRandomPassword", "sns:GetSubscriptionAttributes", "ssm:DescribeParameters"]
  anywhere_write = ["logs:DeleteQueryDefinition", "logs:PutQueryDefinition", "sns:Unsubscribe"]
}
