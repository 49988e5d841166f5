# The module as it is applied: the other files here are links to it. Its own state lies in the bucket it makes, so
# `make bootstrap` makes that bucket first, empty, and it is imported: no state is ever only on somebody's machine.
terraform {
  backend "s3" {
    key          = "bootstrap.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

# The Region is AWS_REGION.
provider "aws" {
  default_tags {
    tags = { application = "pennyworth" }
  }
}

import {
  to = aws_s3_bucket.state
  id = "pennyworth-state-${local.account_id}-${local.region}"
}

# Remembered, so that the next `make bootstrap` need not be told again.
output "github_repository" {
  description = "The repository whose workflows deploy; null for none"
  value       = var.github_repository
}

output "mcp_targets" {
  description = "What MCP servers may be beside functions of the environments' own names"
  value       = var.mcp_targets
}

output "environments" {
  description = "The environments that have a deploy role"
  value       = var.environments
}
