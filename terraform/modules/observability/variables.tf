variable "name" {
  description = "The installation's name: the dashboard's, and what stands before every other name"
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name = \"${var.name}\": lowercase letters, digits and hyphens, beginning with a letter, such as pennyworth-dev."
  }
}

variable "api" {
  description = "The REST API: its name and stage as CloudWatch knows them, and the log group of its access log"
  type        = object({ name = string, stage = string, access_log_group_name = string })
  nullable    = false
}

variable "functions" {
  description = "By key (openai, mcp, admin, authorizer, ledger): the function's name and its log group's"
  type        = map(object({ name = string, log_group_name = string }))
  nullable    = false

  validation {
    condition     = toset(keys(var.functions)) == toset(["openai", "mcp", "admin", "authorizer", "ledger"])
    error_message = "functions: exactly openai, mcp, admin, authorizer and ledger; the queries name their logs."
  }
}

variable "usage_metrics" {
  description = "Whether the inference function's lines are made into metrics by model, which the dashboard then shows"
  type        = bool
  default     = true
  nullable    = false
}

variable "dashboard" {
  description = "Whether there is a dashboard. An account's first three are free, every further one is 3 dollars a month"
  type        = bool
  default     = true
  nullable    = false
}

variable "alarms" {
  description = <<-TEXT
    Alarms, which bill while idle from an account's eleventh on (0.10 dollars a month and metric watched; these watch nine). Null
    for none.
    email: who hears of them, after a click in a first message; nobody when null
    error_percent: of all requests, answered with a 5xx
    latency_s: seconds the slowest 1 % of whole answers take; a stream is an answer when its last byte is sent
    first_byte_s: seconds until a stream's first byte, for the slowest 5 %
    refusals: credentials refused within 5 minutes
  TEXT
  type = object({
    email         = optional(string)
    error_percent = optional(number, 5)
    latency_s     = optional(number, 300)
    first_byte_s  = optional(number, 30)
    refusals      = optional(number, 500)
  })
  default = null

  validation {
    condition     = try(var.alarms.email, null) == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarms.email))
    error_message = "alarms.email: one e-mail address, or leave it out."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.error_percent > 0 && var.alarms.error_percent <= 100
    error_message = "alarms.error_percent: above 0 and at most 100."
  }
  validation {
    condition     = var.alarms == null ? true : min(var.alarms.latency_s, var.alarms.first_byte_s, var.alarms.refusals) > 0
    error_message = "alarms: latency_s, first_byte_s and refusals are above 0, or their alarms would never be silent."
  }
}
