output "user_pool_id" {
  description = "Id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "ARN of the user pool."
  value       = aws_cognito_user_pool.this.arn
}

output "client_id" {
  description = "Id of the app client people sign in with."
  value       = aws_cognito_user_pool_client.this.id
}

output "client_ids" {
  description = "Ids of every app client whose tokens are accepted."
  value       = [aws_cognito_user_pool_client.this.id]
}

output "sign_in" {
  description = "Of the pages on which MCP clients have people sign in: their url, and the name of the app client that they know the gateway by. Null without."
  value       = !var.sign_in ? null : { url = "https://${local.domain}.auth.${data.aws_region.this.name}.amazoncognito.com", client = local.mcp_client }
}

output "identity_pool_id" {
  description = "Id of the identity pool."
  value       = aws_cognito_identity_pool.this.id
}

output "identity_pool_arn" {
  description = "ARN of the identity pool."
  value       = aws_cognito_identity_pool.this.arn
}

output "developer_provider" {
  description = "Name of the login under which users are known to the identity pool."
  value       = aws_cognito_identity_pool.this.developer_provider_name
}

output "group_role_arns" {
  description = "ARN of each group's role, by the group's name."
  value       = { for name, role in aws_iam_role.group : name => role.arn }
}

output "group_policies" {
  description = "The policy in each group's description, JSON, by the group's name."
  value       = local.policies
}
