variable "environment" {
  description = "The environment's name: it stands in every resource's name"
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.environment))
    error_message = "environment = \"${var.environment}\": 2 to 16 lowercase letters, digits and hyphens, beginning with a letter, for example \"dev\"."
  }
}

variable "region" {
  description = "The AWS Region everything is made in; Amazon Bedrock must be there"
  type        = string
  nullable    = false

  validation {
    # botocore's list for the service `bedrock`, held to it by a test.
    condition = contains([
      "af-south-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
      "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
      "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1",
      "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
      "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    ], var.region)
    error_message = "region = \"${var.region}\": Amazon Bedrock is in no Region of that name. Choose one such as us-east-1 or eu-west-1."
  }
}

variable "account_id" {
  description = "The AWS account this environment belongs to: with another account's credentials nothing is planned. Null for any"
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id: an AWS account's id has twelve digits; write it as a string."
  }
}

variable "app_version" {
  description = "The version that GET /v1/version names. Null for pyproject.toml's"
  type        = string
  default     = null
}

variable "git_sha" {
  description = "The commit that GET /v1/version names; `make deploy` fills it in"
  type        = string
  default     = "unknown"
  nullable    = false
}

variable "artifacts" {
  description = "Folder of the zip files that `make build` makes. Null for dist/"
  type        = string
  default     = null
}

variable "architecture" {
  description = "Instruction set of the functions and the layer, as they were built: arm64 (the cheaper one) or x86_64"
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture: \"arm64\" or \"x86_64\", the one given to `make build ARCH=`."
  }
}

variable "functions" {
  description = <<-TEXT
    By key (openai, mcp, admin, authorizer, ledger): memory_mb, in MB; concurrency, the most that run at once and a share of the
    account's quota kept for them (null for what the account has); canary, to send `weight` (0 to 1) of the requests to
    the version being deployed while the alias stays on `stable_version`
  TEXT
  type = map(object({
    memory_mb   = number
    concurrency = optional(number)
    canary      = optional(object({ stable_version = string, weight = number }))
  }))
  nullable = false

  validation {
    condition     = toset(keys(var.functions)) == toset(["openai", "mcp", "admin", "authorizer", "ledger"])
    error_message = "functions: exactly openai, mcp, admin, authorizer and ledger."
  }
}

variable "groups" {
  description = <<-TEXT
    Groups of people, by name: precedence (the lowest of a person's groups counts), actions (inference, mcp, usage,
    admin), models (shell patterns over the names in services/openai/models.json, or over Bedrock's own ids and ARNs),
    guardrail ({id, version} of one that stands around every call), guardrails (ids a request may name instead),
    budget_usd (what all its people together may spend in a month, in dollars; null for any amount), user_budget_usd (what
    each of them may, who has no budget of their own), rate (of each key: per_s, requests a second; burst, requests at
    once)
  TEXT
  type = map(object({
    precedence = number
    actions    = list(string)
    models     = list(string)
    guardrail  = optional(object({ id = string, version = string }))
    guardrails = optional(list(string), [])
    rate       = optional(object({ per_s = number, burst = number }))

    budget_usd      = optional(number)
    user_budget_usd = optional(number)
  }))
  nullable = false

  validation {
    condition     = alltrue([for group in values(var.groups) : group.rate == null ? true : group.rate.per_s > 0 && group.rate.burst >= 1 && floor(group.rate.burst) == group.rate.burst])
    error_message = "groups: a rate's per_s is above 0 and its burst a whole number of at least 1, as in { per_s = 5, burst = 10 }. Change that of ${join(", ", [for name, group in var.groups : name if group.rate == null ? false : !(group.rate.per_s > 0 && group.rate.burst >= 1 && floor(group.rate.burst) == group.rate.burst)])}."
  }
}

variable "authorizer_ttl_s" {
  description = "Seconds for which a permission is remembered: as long may a revoked key go on working. 0 for not at all"
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.authorizer_ttl_s >= 0 && var.authorizer_ttl_s <= 3600 && floor(var.authorizer_ttl_s) == var.authorizer_ttl_s
    error_message = "authorizer_ttl_s: whole seconds from 0 to 3600, the most API Gateway caches."
  }
}

variable "throttle" {
  description = "What the whole API takes: rate_per_s, requests a second; burst, requests at once"
  type        = object({ rate_per_s = number, burst = number })
  default     = { rate_per_s = 500, burst = 1000 }
  nullable    = false

  validation {
    condition     = var.throttle.rate_per_s > 0 && var.throttle.burst > 0
    error_message = "throttle: rate_per_s and burst are above 0; an account's own limit (10000 and 5000 by default) holds besides."
  }
}

variable "usage_metrics" {
  description = "Whether tokens, cost and duration by model become CloudWatch metrics: 4 for each model, 0.30 dollars each in a month in which it is used throughout (docs/usage.md)"
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which logs are kept, and so the time of which usage can be asked"
  type        = number
  default     = 30
  nullable    = false
}

variable "mfa" {
  description = "A second factor (TOTP) for people who sign in: OFF or OPTIONAL"
  type        = string
  default     = "OPTIONAL"
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the user pool, and with it every key, refuses to be deleted and a bucket with files in it stays"
  type        = bool
  default     = true
  nullable    = false
}

variable "file_expiry_days" {
  description = "Days after which people's files are deleted"
  type        = number
  default     = 30
  nullable    = false
}

variable "upload_origins" {
  description = "Origins of web pages that may send files to presigned URLs"
  type        = list(string)
  default     = ["*"]
  nullable    = false
}

variable "model_providers" {
  description = <<-TEXT
    OpenAI-compatible providers by name. url, the base URL, with the query that every call carries, if any; has_key, whether
    it wants a key, which is kept in the parameter /pennyworth/ENVIRONMENT/providers/NAME and put there by hand; key_header,
    the header of the key where that is not `authorization: Bearer`; models, shell patterns of the bare names that mean its
    models, beside NAME/model; responses, whether it has POST /responses
  TEXT
  type = map(object({
    url        = string
    has_key    = optional(bool, true)
    models     = optional(list(string), [])
    key_header = optional(string)
    responses  = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.model_providers) : can(regex("^[a-z][a-z0-9-]{0,31}$", name)) && name != "bedrock"])
    error_message = "model_providers: a name is of a-z, 0-9 and -, begins with a letter, has 32 characters at most and is not bedrock. Change ${join(", ", [for name in keys(var.model_providers) : jsonencode(name) if !can(regex("^[a-z][a-z0-9-]{0,31}$", name)) || name == "bedrock"])}."
  }

  validation {
    condition     = alltrue([for provider in values(var.model_providers) : can(regex("^https://[^/?#@]+(/[^?#]*)?([?][^#]*)?$", provider.url))])
    error_message = "model_providers: a url is a base URL such as https://api.openai.com/v1. It begins with https, because the key travels there. Change ${join(", ", [for name, provider in var.model_providers : name if !can(regex("^https://[^/?#@]+(/[^?#]*)?([?][^#]*)?$", provider.url))])}."
  }

  validation {
    condition     = alltrue([for pattern in flatten(values(var.model_providers)[*].models) : can(regex("^[A-Za-z0-9._:/@+*?-]+$", pattern))])
    error_message = "model_providers: a pattern in models takes letters, digits and ._:/@+- as they are, * for any characters and ? for one. Change ${join(", ", [for pattern in flatten(values(var.model_providers)[*].models) : jsonencode(pattern) if !can(regex("^[A-Za-z0-9._:/@+*?-]+$", pattern))])}."
  }

  validation {
    condition     = alltrue([for provider in values(var.model_providers) : provider.key_header == null || can(regex("^[A-Za-z][A-Za-z0-9-]*$", provider.key_header))])
    error_message = "model_providers: key_header is a header's name, such as api-key. Change ${join(", ", [for name, provider in var.model_providers : name if provider.key_header != null && !can(regex("^[A-Za-z][A-Za-z0-9-]*$", provider.key_header))])}."
  }

  validation {
    condition     = length(jsonencode(var.model_providers)) <= 3000
    error_message = "model_providers: ${length(jsonencode(var.model_providers))} characters of JSON, and a function's variables have room for about 3000: Lambda takes 4 KB of them in all. Let patterns in models be fewer and shorter, or move wildcard rows to services/openai/models.json."
  }
}

variable "remote_images" {
  description = "Whether the gateway fetches the images that chats name by their URLs: over https, from public addresses alone"
  type        = bool
  default     = true
  nullable    = false
}

variable "mcp_origins" {
  description = "Origins of web pages, beside the gateway's own, that may speak MCP"
  type        = list(string)
  default     = []
  nullable    = false
}

variable "domain" {
  description = <<-TEXT
    A domain name of your own: name, and the ARN of its certificate in this Region's ACM; exclusive, to close AWS's address
    once the name's DNS points to the output domain_target. Null for AWS's address
  TEXT
  type        = object({ name = string, certificate_arn = string, exclusive = optional(bool, false) })
  default     = null
}

variable "waf" {
  description = "A web application firewall, which bills at rest: requests_per_5_minutes from one address. Null for none"
  type        = object({ requests_per_5_minutes = number })
  default     = null
}

variable "alarms" {
  description = "CloudWatch alarms, of which an account's first ten are free: email, who hears of them, and thresholds as modules/observability has them. Null for none"
  type = object({
    email         = optional(string)
    error_percent = optional(number)
    latency_s     = optional(number)
    first_byte_s  = optional(number)
    refusals      = optional(number)
  })
  default = null
}

variable "dashboard" {
  description = "Whether there is a CloudWatch dashboard, of which an account's first three are free"
  type        = bool
  default     = true
  nullable    = false
}

variable "permissions_boundary" {
  description = "Whether every role made here is bounded by the policy that modules/bootstrap makes for this environment; its deploy role makes no others"
  type        = bool
  default     = true
  nullable    = false
}
