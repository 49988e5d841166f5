output "base_url" {
  description = "What clients are given as OpenAI's base URL"
  value       = module.api.base_url
}

output "domain_target" {
  description = "What a DNS alias of the domain points to: name and Route 53's zone_id. Null without a domain"
  value       = module.api.domain_target
}

output "environment" {
  description = "The environment's name"
  value       = var.environment
}

output "region" {
  description = "The AWS Region"
  value       = var.region
}

output "version" {
  description = "The version that GET /v1/version names"
  value       = local.version
}

output "git_sha" {
  description = "The commit that GET /v1/version names"
  value       = var.git_sha
}

output "api_id" {
  description = "The REST API's id"
  value       = module.api.id
}

output "user_pool_id" {
  description = "The Cognito user pool's id"
  value       = module.identity.user_pool_id
}

output "client_id" {
  description = "The app client people sign in with"
  value       = module.identity.client_id
}

output "identity_pool_id" {
  description = "The Cognito identity pool's id"
  value       = module.identity.identity_pool_id
}

output "bucket" {
  description = "The bucket of people's files"
  value       = module.storage.bucket
}

output "functions" {
  description = "By key (openai, mcp, admin, authorizer, ledger): the function's name, its newest published version, the alias in use"
  value = {
    for key, function in module.function : key => {
      name    = function.name
      version = function.version
      alias   = function.alias_name
    }
  }
}

output "dashboard" {
  description = "The CloudWatch dashboard's name"
  value       = module.observability.dashboard_name
}
