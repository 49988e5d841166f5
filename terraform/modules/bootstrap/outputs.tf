output "state_bucket" {
  description = "The bucket of Terraform's state, for `terraform init -backend-config=bucket=…`"
  value       = aws_s3_bucket.state.bucket
}

output "plan_role_arn" {
  description = "What pull requests plan with; null without a repository"
  value       = one(aws_iam_role.plan[*].arn)
}

output "deploy_role_arns" {
  description = "By environment: what GitHub's environment of that name deploys with"
  value       = { for environment, role in aws_iam_role.deploy : environment => role.arn }
}

output "permissions_boundary_arns" {
  description = "By environment: what its roles may do at most, and must carry when its deploy role makes them"
  value       = { for environment, policy in aws_iam_policy.boundary : environment => policy.arn }
}
