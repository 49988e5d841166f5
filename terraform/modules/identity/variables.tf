variable "name" {
  description = "Name of the user pool and the identity pool, and what the names of the roles begin with."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "name takes 2 to 32 lower-case letters, digits and hyphens, a letter first, as in \"pennyworth-dev\"; it is ${jsonencode(var.name)}."
  }
}

variable "groups" {
  description = <<-TEXT
    The groups by name: the precedence (of a user's groups the lowest speaks for them); the actions its people may do;
    models, shell patterns (`*`, `?`) over the models' names, or over Bedrock's own ids and ARNs; guardrail, which stands
    around every call; guardrails, ids a request may name where none stands around every call; budget_usd, what all its
    people together may spend in a month (UTC), in dollars, null for any amount; user_budget_usd, what each of them may,
    who has no budget of their own; rate, what each key of the group may do: per_s, requests a second; burst, requests at
    once; tools, shell patterns over the names of MCP tools: allow (without it the gateway's own, and no other server's) and
    deny, which wins
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
    tools           = optional(object({ allow = optional(list(string)), deny = optional(list(string), []) }))
  }))

  validation {
    condition     = alltrue([for name in keys(var.groups) : can(regex("^[A-Za-z0-9_+=,.@-]+$", name)) && length("${var.name}-group-${name}") <= 64])
    error_message = "Each group gives an IAM role its name, ${var.name}-group-GROUP, of at most 64 letters, digits and _+=,.@-. Rename ${join(", ", [for name in keys(var.groups) : jsonencode(name) if !can(regex("^[A-Za-z0-9_+=,.@-]+$", name)) || length("${var.name}-group-${name}") > 64])}."
  }

  validation {
    condition     = alltrue([for group in values(var.groups) : group.precedence >= 0 && group.precedence == floor(group.precedence)])
    error_message = "A precedence is a whole number of 0 or more. Change that of ${join(", ", [for name, group in var.groups : name if group.precedence < 0 || group.precedence != floor(group.precedence)])}."
  }

  validation {
    condition     = alltrue([for usd in concat(values(var.groups)[*].budget_usd, values(var.groups)[*].user_budget_usd) : usd == null ? true : usd >= 0 && usd <= 1000000000 && abs(usd * 1000000 - floor(usd * 1000000 + 0.5)) < 0.001])
    error_message = "budget_usd and user_budget_usd are dollars a month, from 0 to 1000000000 with at most 6 decimals, as in 25 or 0.5. Change that of ${join(", ", [for name, group in var.groups : name if !alltrue([for usd in [group.budget_usd, group.user_budget_usd] : usd == null ? true : usd >= 0 && usd <= 1000000000 && abs(usd * 1000000 - floor(usd * 1000000 + 0.5)) < 0.001])])}."
  }

  validation {
    condition     = length(distinct(values(var.groups)[*].precedence)) == length(var.groups)
    error_message = "Two groups of one precedence would leave it open which speaks for a user of both. Give each its own: ${join(", ", [for name, group in var.groups : "${name} has ${group.precedence}" if length([for other in values(var.groups) : other if other.precedence == group.precedence]) > 1])}."
  }

  validation {
    condition     = alltrue([for action in flatten(values(var.groups)[*].actions) : contains(["inference", "mcp", "usage", "admin"], action)])
    error_message = "The actions are inference, mcp, usage and admin. Unknown: ${join(", ", [for name, group in var.groups : "${join(" and ", [for action in group.actions : jsonencode(action) if !contains(["inference", "mcp", "usage", "admin"], action)])} of group ${name}" if !alltrue([for action in group.actions : contains(["inference", "mcp", "usage", "admin"], action)])])}."
  }

  validation {
    condition     = alltrue([for group in values(var.groups) : length(group.models) > 0])
    error_message = "A group without models can ask nothing. Give ${join(" and ", [for name, group in var.groups : name if length(group.models) == 0])} a pattern in `models`, as in [\"nova-*\"], or [\"*\"] for every model."
  }

  validation {
    condition     = alltrue([for pattern in flatten(values(var.groups)[*].models) : can(regex("^[A-Za-z0-9._:/@+*?-]+$", pattern))])
    error_message = "A pattern of models takes letters, digits and ._:/@+- as they are, * for any characters and ? for one; there are no [sets]. Change ${join(", ", [for pattern in distinct(flatten(values(var.groups)[*].models)) : jsonencode(pattern) if !can(regex("^[A-Za-z0-9._:/@+*?-]+$", pattern))])}."
  }

  validation {
    condition     = alltrue([for pattern in flatten(values(var.groups)[*].models) : !startswith(pattern, "arn:") || can(regex("^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:(:foundation-model/[A-Za-z0-9.:*?-]+|[0-9]{12}:(inference-profile|application-inference-profile|imported-model|provisioned-model|custom-model-deployment)/[A-Za-z0-9.:*?-]+)$", pattern))])
    error_message = "An ARN of models names its kind: foundation-model (with no account), inference-profile, application-inference-profile, imported-model, provisioned-model or custom-model-deployment, as in \"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6\", with * and ? after the slash alone. Change ${join(", ", [for pattern in distinct(flatten(values(var.groups)[*].models)) : jsonencode(pattern) if startswith(pattern, "arn:") && !can(regex("^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:(:foundation-model/[A-Za-z0-9.:*?-]+|[0-9]{12}:(inference-profile|application-inference-profile|imported-model|provisioned-model|custom-model-deployment)/[A-Za-z0-9.:*?-]+)$", pattern))])}."
  }

  validation {
    condition     = alltrue([for id in concat(values(var.groups)[*].guardrails...) : can(regex("^([a-z0-9]+|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+)$", id))])
    error_message = "guardrails takes ids or ARNs of guardrails, as in \"abc123def456\". Change ${join(", ", [for id in distinct(concat(values(var.groups)[*].guardrails...)) : jsonencode(id) if !can(regex("^([a-z0-9]+|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+)$", id))])}."
  }

  validation {
    condition     = alltrue([for group in values(var.groups) : can(regex("^([a-z0-9]+|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+)$", group.guardrail.id)) && can(regex("^([1-9][0-9]{0,7}|DRAFT)$", group.guardrail.version)) if group.guardrail != null])
    error_message = "guardrail takes the id or ARN of a guardrail and its version, a number or DRAFT, as in { id = \"abc123def456\", version = \"1\" }. Change that of ${join(", ", [for name, group in var.groups : name if group.guardrail != null && !(can(regex("^([a-z0-9]+|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+)$", group.guardrail.id)) && can(regex("^([1-9][0-9]{0,7}|DRAFT)$", group.guardrail.version)))])}."
  }

  validation {
    condition     = alltrue([for group in values(var.groups) : group.guardrail == null || length(group.guardrails) == 0])
    error_message = "Where a guardrail stands around every call, no request can name another: leave out guardrails of ${join(", ", [for name, group in var.groups : name if group.guardrail != null && length(group.guardrails) > 0])}, or guardrail."
  }

  validation {
    condition     = alltrue([for pattern in flatten([for group in values(var.groups) : [coalesce(try(group.tools.allow, null), []), try(group.tools.deny, [])]]) : can(regex("^[A-Za-z0-9._:/*?-]{1,128}$", pattern))])
    error_message = "A pattern of tools takes letters, digits and ._:/- as they are, * for any characters and ? for one; there are no [sets]. Change ${join(", ", [for pattern in distinct(flatten([for group in values(var.groups) : [coalesce(try(group.tools.allow, null), []), try(group.tools.deny, [])]])) : jsonencode(pattern) if !can(regex("^[A-Za-z0-9._:/*?-]{1,128}$", pattern))])}."
  }
}

variable "plans" {
  description = "Id of the API Gateway usage plan of each group, by the group's name: of those with a rate at least."
  type        = map(string)
  default     = {}
}

variable "catalogue" {
  description = "Bedrock's models: the name clients use → Bedrock's id of the model or of the cross-Region inference profile it is called through, or the ARN of what is the account's own: an application inference profile, an imported or provisioned model, a deployment of a custom one."
  type        = map(string)

  validation {
    condition     = alltrue([for id in values(var.catalogue) : can(regex("^([a-z0-9-]+(\\.[A-Za-z0-9-]+)+(:[0-9a-z]+)*|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:(application-inference-profile|imported-model|provisioned-model|custom-model-deployment)/[A-Za-z0-9]+)$", id))])
    error_message = "The catalogue holds ids of models and of inference profiles, as in \"amazon.nova-lite-v1:0\" or \"us.meta.llama3-3-70b-instruct-v1:0\", and ARNs of what is the account's own. Change ${join(", ", [for name, id in var.catalogue : "${name} (${jsonencode(id)})" if !can(regex("^([a-z0-9-]+(\\.[A-Za-z0-9-]+)+(:[0-9a-z]+)*|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:(application-inference-profile|imported-model|provisioned-model|custom-model-deployment)/[A-Za-z0-9]+)$", id))])}."
  }
}

variable "unlisted_models" {
  description = "Whether there are models beside the catalogue's, those of other providers: a pattern may then match none of the catalogue."
  type        = bool
  default     = false
}

variable "unpriced_models" {
  description = "Names of models without a known price, by which no budget is spent: the catalogue's, and patterns of those of other providers (`acme/*`)."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "bucket_arn" {
  description = "ARN of the bucket that holds the users' files, each user's below users/SUB/."
  type        = string
}

variable "mfa" {
  description = "Whether people may set up one-time passwords of an authenticator app: OFF or OPTIONAL."
  type        = string
  default     = "OPTIONAL"

  validation {
    condition     = contains(["OFF", "OPTIONAL"], var.mfa)
    error_message = "mfa is OFF or OPTIONAL; it is ${jsonencode(var.mfa)}."
  }
}

variable "sign_in" {
  description = "Whether MCP clients may have people sign in on pages of Cognito's."
  type        = bool
  default     = false
}

variable "callback_urls" {
  description = "The gateway's own addresses to which those pages lead back. Apart from `sign_in`, because nobody knows them before there is an API, and the API's functions are told of the pages."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for url in var.callback_urls : can(regex("^https://[^/?#@*]+/[^?#*]+$", url))])
    error_message = "callback_urls takes addresses letter by letter and with https, as in \"https://api.example.com/v1/oauth/callback\". Change ${join(", ", [for url in var.callback_urls : jsonencode(url) if !can(regex("^https://[^/?#@*]+/[^?#*]+$", url))])}."
  }
}

variable "deletion_protection" {
  description = "Whether the user pool refuses to be deleted. With it go all people and their keys."
  type        = bool
  default     = true
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the groups' roles; null for none."
  type        = string
  default     = null
}
