variable "name" {
  description = "Name of the function; its log group is /aws/lambda/NAME."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "A function's name has 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "description" {
  description = "What the function is for, as the console shows it."
  type        = string
}

variable "file" {
  description = "Path of the function's zip, as `make build` wrote it."
  type        = string

  validation {
    condition     = fileexists(var.file)
    error_message = "${var.file} was not built: run `make build`."
  }
}

variable "handler" {
  description = "Dotted path of the Python function Lambda calls."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
  default     = "python3.13"
}

variable "architecture" {
  description = "Instruction set: arm64 (cheaper) or x86_64. It must be the layers'."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Lambda knows the architectures arm64 and x86_64."
  }
}

variable "layers" {
  description = "ARNs of layer versions."
  type        = list(string)
}

variable "memory_mb" {
  description = "Memory in MB; CPU comes in proportion, a whole core at 1769 MB."
  type        = number

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240 && floor(var.memory_mb) == var.memory_mb
    error_message = "memory_mb must be a whole number from 128 to 10240."
  }
}

variable "timeout_s" {
  description = "Seconds after which Lambda stops an invocation."
  type        = number

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 900 && floor(var.timeout_s) == var.timeout_s
    error_message = "timeout_s must be a whole number from 1 to 900."
  }
}

variable "concurrency" {
  description = "Reserved concurrency: how many invocations may run at once, taken from the account's share. Null reserves none and sets no limit."
  type        = number
  default     = null

  validation {
    condition     = var.concurrency == null ? true : var.concurrency >= 1 && floor(var.concurrency) == var.concurrency
    error_message = "concurrency must be a whole number of at least 1: 0 would stop the function. Leave it out to reserve none."
  }
}

variable "streaming" {
  description = "Whether the function streams its responses: it then starts pennyworth.runtime, by the layer's /opt/stream."
  type        = bool
  default     = false
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)

  validation {
    # Lambda allows 4 KB in all; 96 bytes are left for AWS_LAMBDA_EXEC_WRAPPER. Base64 counts bytes, length() alone does not.
    condition     = length(base64encode(jsonencode(var.environment))) / 4 * 3 <= 4000
    error_message = "The environment variables are too large: Lambda allows 4 KB, names and values together."
  }
}

variable "statements" {
  description = "What the function's role may do besides writing logs and traces: IAM statements that allow."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    conditions = optional(list(object({
      test     = string
      variable = string
      values   = list(string)
    })), [])
  }))

  validation {
    condition     = alltrue([for statement in var.statements : can(regex("^[A-Za-z0-9]+$", statement.sid))])
    error_message = "Every statement needs a sid of letters and digits."
  }

  validation {
    condition     = length(distinct(concat(["Logs", "Traces"], var.statements[*].sid))) == length(var.statements) + 2
    error_message = "Every statement needs a sid of its own; Logs and Traces are the module's."
  }

  validation {
    condition     = alltrue([for statement in var.statements : length(statement.actions) > 0 && length(statement.resources) > 0])
    error_message = "Every statement needs at least one action and one resource."
  }
}

variable "log_retention_days" {
  description = "Days CloudWatch keeps the logs."
  type        = number
  default     = 30

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "canary" {
  description = "Try the newest version on a share of the traffic: the alias stays on `stable_version` and sends `weight` (0 to 1) of the invocations to the newest. Null sends all there."
  type = object({
    stable_version = string
    weight         = number
  })
  default = null

  validation {
    condition     = var.canary == null ? true : var.canary.weight >= 0 && var.canary.weight <= 1
    error_message = "A canary's weight is a share from 0 to 1."
  }

  validation {
    condition     = var.canary == null ? true : can(regex("^[0-9]+$", var.canary.stable_version))
    error_message = "A canary's stable_version is the number of a published version: $LATEST cannot be stable."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the role, or null for none."
  type        = string
  default     = null
}

variable "role_name" {
  description = "Name of the role the function runs in."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "A role's name has 1 to 64 letters, digits and +=,.@_-."
  }
}
