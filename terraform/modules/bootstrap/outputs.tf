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

output "permissions_boundary_arn" {
  description = "What every role of an environment must carry when a deploy role makes it: its permissions_boundary_arn"
  value       = aws_iam_policy.boundary.arn
}
