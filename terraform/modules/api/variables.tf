variable "name" {
  description = "Name of the API."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "The API's name has 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "contract" {
  description = "The decoded openapi.yaml: paths with x-pennyworth and security on every operation, and gateway responses."
  type        = any

  validation {
    condition = alltrue(flatten([
      for path, item in var.contract.paths : [
        for method in ["get", "post", "put", "patch", "delete", "head", "options"] :
        can(item[method].security) && contains(keys(var.functions), try(item[method]["x-pennyworth"].service, ""))
        if contains(keys(item), method)
      ]
    ]))
    error_message = "Every operation of the contract needs `security`, and an `x-pennyworth` whose service is one of: ${join(", ", keys(var.functions))}."
  }
}

variable "functions" {
  description = "The functions by the name the contract's x-pennyworth gives them; all routes of a streaming one are streamed. `timeout_s` is in seconds."
  type = map(object({
    name      = string
    alias_arn = string
    streaming = bool
    timeout_s = number
  }))
}

variable "authorizer" {
  description = "The function that tells who calls the routes of auth `gateway` and `anthropic`."
  type = object({
    name      = string
    alias_arn = string
  })
}

variable "authorizer_ttl_s" {
  description = "Seconds API Gateway keeps an authorizer's answer: how long a revoked key may still work. 0 for not at all."
  type        = number

  validation {
    condition     = var.authorizer_ttl_s >= 0 && var.authorizer_ttl_s <= 3600 && floor(var.authorizer_ttl_s) == var.authorizer_ttl_s
    error_message = "authorizer_ttl_s must be a whole number from 0 to 3600."
  }
}

variable "user_pool_arn" {
  description = "ARN of the Cognito user pool whose ID tokens open the routes of auth `cognito`."
  type        = string
}

variable "stage" {
  description = "Name of the stage, and with it the first segment of every URL."
  type        = string
  default     = "v1"

  validation {
    condition     = try(var.contract.servers[0].url, null) == "/${var.stage}"
    error_message = "The stage must be the contract's base path: servers[0].url is not /${var.stage}."
  }
}

variable "throttle" {
  description = "What the whole stage lets through: requests a second on average, and at once."
  type = object({
    rate_per_s = number
    burst      = number
  })

  validation {
    condition     = var.throttle.rate_per_s > 0 && var.throttle.burst >= 1 && floor(var.throttle.burst) == var.throttle.burst
    error_message = "rate_per_s must be above 0 and burst a whole number of at least 1: less would refuse every request."
  }
}

variable "groups" {
  description = "The groups by name, each with the rate of each of its keys: requests a second on average, and at once. Null for no rate."
  type = map(object({
    rate = optional(object({
      per_s = number
      burst = number
    }))
  }))
  default = {}

  validation {
    condition     = alltrue([for group in values(var.groups) : group.rate == null ? true : group.rate.per_s > 0 && group.rate.burst >= 1 && floor(group.rate.burst) == group.rate.burst])
    error_message = "A rate's per_s is above 0 and its burst a whole number of at least 1: less would refuse every request. Change that of ${join(", ", [for name, group in var.groups : name if group.rate == null ? false : !(group.rate.per_s > 0 && group.rate.burst >= 1 && floor(group.rate.burst) == group.rate.burst)])}."
  }
}

variable "log_retention_days" {
  description = "Days CloudWatch keeps the access log."
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

variable "domain" {
  description = "A domain of your own and the ARN of its ACM certificate, in this Region; `exclusive` closes the execute-api address, once the domain's DNS points here. Null for none."
  type = object({
    name            = string
    certificate_arn = string
    exclusive       = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.domain == null ? true : can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain.name))
    error_message = "The domain's name is a host name in lower case, such as llm.example.com, without https:// and path."
  }

  validation {
    condition     = var.domain == null ? true : can(regex("^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/", var.domain.certificate_arn))
    error_message = "certificate_arn must be the ARN of a certificate in ACM."
  }
}

variable "waf" {
  description = "A web ACL that bills while idle: AWS's managed rules, and how many requests one address may send in 5 minutes. Null for none."
  type = object({
    requests_per_5_minutes = number
  })
  default = null

  validation {
    condition     = var.waf == null ? true : var.waf.requests_per_5_minutes >= 10 && floor(var.waf.requests_per_5_minutes) == var.waf.requests_per_5_minutes
    error_message = "requests_per_5_minutes must be a whole number of at least 10, the least WAF counts."
  }
}
