variable "github_repository" {
  description = "The repository whose workflows deploy, as GitHub's tokens name it: owner@id/name@id, or owner/name where it is older than mid-2026. Null for none: then no role is made"
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+|@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)$", var.github_repository))
    error_message = "github_repository: owner@id/name@id, or owner/name where GitHub's tokens have no ids; without https:// and without a * that would let others in."
  }
}

variable "environments" {
  description = "Names of the environments in this account and Region: each gets a deploy role, for the GitHub environment of the same name"
  type        = list(string)
  default     = ["dev", "prod"]
  nullable    = false

  validation {
    condition     = alltrue([for name in var.environments : can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", name))])
    error_message = "environments: each is 2 to 16 lowercase letters, digits and hyphens, beginning with a letter, for example \"dev\"."
  }
  validation {
    condition     = length(setintersection(var.environments, ["bootstrap", "state"])) == 0
    error_message = "environments: \"bootstrap\" and \"state\" are what this module calls its own."
  }
  validation {
    # What is pennyworth-dev-*'s would be pennyworth-dev-two's as well.
    condition     = alltrue([for pair in setproduct(var.environments, var.environments) : !startswith(pair[1], "${pair[0]}-")])
    error_message = "environments: no name may begin with another one and a hyphen, or the one could change the other's resources."
  }
}

variable "mcp_targets" {
  description = "ARNs of the Lambda functions, APIs and AgentCore gateways that environments may declare as MCP servers, beside functions named pennyworth-ENVIRONMENT-*. None by default"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.mcp_targets : can(regex("^arn:aws[a-z-]*:(lambda|execute-api|bedrock-agentcore):[a-z0-9-]+:[0-9]{12}:[^*?]+[*]?$", arn))])
    error_message = "mcp_targets: each is the ARN of a Lambda function, of an API's methods or of an AgentCore gateway, with a * at its end at most."
  }
}

variable "oidc_provider_arn" {
  description = "ARN of the account's identity provider for token.actions.githubusercontent.com, of which it can have one. Null to make it"
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn: the ARN ends in :oidc-provider/token.actions.githubusercontent.com; `aws iam list-open-id-connect-providers` shows it."
  }
}
