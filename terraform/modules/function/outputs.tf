output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function, without a version."
  value       = aws_lambda_function.this.arn
}

output "alias_arn" {
  description = "ARN of the alias: what callers invoke."
  value       = aws_lambda_alias.this.arn
}

output "alias_name" {
  description = "Name of the alias."
  value       = aws_lambda_alias.this.name
}

output "version" {
  description = "Number of the newest published version."
  value       = aws_lambda_function.this.version
}

output "role_arn" {
  description = "ARN of the role the function runs in."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the role the function runs in."
  value       = aws_iam_role.this.name
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "log_group_arn" {
  description = "ARN of the function's log group."
  value       = aws_cloudwatch_log_group.this.arn
}
