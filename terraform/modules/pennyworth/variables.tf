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
    once), tools (shell patterns over the names of MCP tools: allow, without which they are the gateway's own, and deny,
    which wins)
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
    models, beside NAME/model; responses, whether it has POST /responses; stream_usage, false for one that refuses
    `stream_options.include_usage`, by which a stream is asked for its usage
  TEXT
  type = map(object({
    url          = string
    has_key      = optional(bool, true)
    models       = optional(list(string), [])
    key_header   = optional(string)
    responses    = optional(bool, false)
    stream_usage = optional(bool, true)
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

variable "mcp_servers" {
  description = <<-TEXT
    MCP servers of others, by name: their tools are offered at /mcp as NAME_tool, and at /mcp/NAME. type: http (streamable
    HTTP, at url), lambda (a function's ARN, and the payload it takes: rest, http or message) or openapi (the URL of a
    document, and of the API where that is elsewhere); era, the revision it speaks, where that is not to be negotiated; auth,
    of type header, oauth or sigv4, whose secret, if any, is kept in the parameter /pennyworth/ENVIRONMENT/mcp/NAME/secret
    and put there by hand; forward, headers of the caller that go on to it; timeout_s, seconds for one answer; max_kb, the
    most an answer may have, in KB; private, whether it may be at a private address and without TLS; shared_session, whether
    callers may share a session of an older revision; approved, the digest of each tool that is offered, null for all
  TEXT
  type = map(object({
    type     = string
    url      = optional(string)
    document = optional(string)
    function = optional(string)
    payload  = optional(string)
    era      = optional(string)
    auth = optional(object({
      type      = string
      header    = optional(string)
      token_url = optional(string)
      client_id = optional(string)
      scope     = optional(string)
      resource  = optional(string)
      service   = optional(string)
      region    = optional(string)
      resources = optional(list(string), [])
    }))
    forward        = optional(list(string), [])
    timeout_s      = optional(number)
    max_kb         = optional(number)
    private        = optional(bool, false)
    shared_session = optional(bool, false)
    approved       = optional(map(string))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.mcp_servers) : can(regex("^[a-z][a-z0-9-]{0,31}$", name))])
    error_message = "mcp_servers: a name is of a-z, 0-9 and -, begins with a letter and has 32 characters at most. Change ${join(", ", [for name in keys(var.mcp_servers) : jsonencode(name) if !can(regex("^[a-z][a-z0-9-]{0,31}$", name))])}."
  }

  validation {
    condition     = alltrue([for server in values(var.mcp_servers) : contains(["http", "lambda", "openapi"], server.type)])
    error_message = "mcp_servers: type is http, lambda or openapi. Change ${join(", ", [for name, server in var.mcp_servers : name if !contains(["http", "lambda", "openapi"], server.type)])}."
  }

  validation {
    condition = alltrue([for server in values(var.mcp_servers) :
      server.type == "http" ? server.url != null && server.document == null && server.function == null :
      server.type == "lambda" ? server.function != null && server.url == null && server.document == null :
      server.document != null && server.function == null
    ])
    error_message = "mcp_servers: one of type http has a url, of type lambda a function, and of type openapi a document and, if the API is not at the document's own host, a url; none has what is another's."
  }

  validation {
    condition = alltrue([for url in flatten([for server in values(var.mcp_servers) : [
      for url in [server.url, server.document, try(server.auth.token_url, null)] : { url = url, private = server.private } if url != null
    ]]) : can(regex("^https${url.private ? "?" : ""}://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/[!$->@-\\[\\]-~]*)?([?][!$-\\[\\]-~]*)?$", url.url))])
    error_message = "mcp_servers: url, document and token_url begin with https://, because credentials travel there, and hold no user name, no fragment and nothing but ASCII without blanks, quotes and backslashes. http:// takes private = true. Change ${join(", ", [for name, server in var.mcp_servers : name if !alltrue([for url in [server.url, server.document, try(server.auth.token_url, null)] : can(regex("^https${server.private ? "?" : ""}://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/[!$->@-\\[\\]-~]*)?([?][!$-\\[\\]-~]*)?$", url)) if url != null])])}."
  }

  validation {
    condition     = alltrue([for url in flatten([for server in values(var.mcp_servers) : [for url in [server.url, server.document, try(server.auth.token_url, null)] : regexall("://\\[([^]]*)\\]", url) if url != null]]) : can(cidrhost("${url}/128", 0))])
    error_message = "mcp_servers: url, document and token_url have an address of IPv6 between their brackets, as in https://[2001:db8::1]/mcp."
  }

  validation {
    condition     = alltrue([for server in values(var.mcp_servers) : server.function == null || can(regex("^arn:aws[a-z-]*:lambda:${var.region}:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?$", server.function))])
    error_message = "mcp_servers: function is the ARN of a Lambda function in ${var.region}, perhaps with a version or an alias."
  }

  validation {
    condition     = alltrue([for server in values(var.mcp_servers) : server.payload == null || (server.type == "lambda" && try(contains(["rest", "http", "message"], server.payload), false))])
    error_message = "mcp_servers: payload says what a function takes, so it is for the type lambda alone: rest (API Gateway's event of a REST API), http (of an HTTP API or a function URL) or message (the JSON-RPC message itself)."
  }

  validation {
    condition     = alltrue([for server in values(var.mcp_servers) : server.era == null || (server.type != "openapi" && contains(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"], coalesce(server.era, "-")))])
    error_message = "mcp_servers: era is 2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26 or 2024-11-05, and not said of an openapi document. Left out, it is negotiated."
  }

  validation {
    condition = alltrue([for server in values(var.mcp_servers) : server.auth == null ? true : (
      server.auth.type == "none" ||
      (server.auth.type == "header" && (server.auth.header == null || (
        can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,63}$", server.auth.header)) &&
        !can(regex("(?i)^(host|content-length|content-type|connection|transfer-encoding|upgrade|te|trailer|mcp-.*)$", server.auth.header))
      ))) ||
      (server.auth.type == "oauth" && server.auth.token_url != null && try(length(server.auth.client_id), 0) > 0) ||
      (server.auth.type == "sigv4" && contains(["execute-api", "lambda", "bedrock-agentcore"], coalesce(server.auth.service, "-")) && length(server.auth.resources) > 0)
    ) && (server.type != "lambda" || server.auth.type == "none")])
    error_message = "mcp_servers: auth is of type none, header (with header, where that is not authorization, the name of one of 64 characters at most that is none of HTTP's or MCP's own, such as X-Api-Key), oauth (with token_url and client_id) or sigv4 (with service execute-api, lambda or bedrock-agentcore, and resources, the ARNs it is good for). A lambda has none: it is invoked as the gateway's own role."
  }

  validation {
    condition     = alltrue([for arn in flatten([for server in values(var.mcp_servers) : try(server.auth.resources, [])]) : can(regex("^arn:aws[a-z-]*:(execute-api|lambda|bedrock-agentcore):[a-z0-9-]+:[0-9]{12}:[^*?]+[*]?$", arn))])
    error_message = "mcp_servers: auth.resources are ARNs such as arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/POST/mcp, with a * at their end at most."
  }

  validation {
    # Held to what the function itself refuses by a test.
    condition     = alltrue([for header in flatten(values(var.mcp_servers)[*].forward) : can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,63}$", header)) && !can(regex("(?i)^(host|content-.*|accept|accept-encoding|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|via|forwarded|x-forwarded-.*|x-real-ip|x-amz-.*|x-amzn-.*|proxy-.*|mcp-.*|last-event-id|origin|referer|user-agent|.*(auth|cookie|token|secret|credential|passw|jwt|assertion|session|api-?key).*)$", header))])
    error_message = "mcp_servers: forward names headers of the caller's such as x-tenant-id or accept-language; none that holds credentials or belongs to the connection is passed on."
  }

  validation {
    condition     = alltrue([for server in values(var.mcp_servers) : coalesce(server.timeout_s, 20) >= 1 && coalesce(server.timeout_s, 20) <= 25 && coalesce(server.max_kb, 1024) >= 1 && coalesce(server.max_kb, 1024) <= 4096 && floor(coalesce(server.max_kb, 1024)) == coalesce(server.max_kb, 1024)])
    error_message = "mcp_servers: timeout_s is from 1 to 25 seconds, of the 29 that a request may take; max_kb is a whole number from 1 to 4096."
  }

  validation {
    condition     = alltrue([for digest in flatten([for server in values(var.mcp_servers) : values(coalesce(server.approved, {}))]) : can(regex("^[A-Za-z0-9_-]{43}$", digest))])
    error_message = "mcp_servers: approved is {tool = digest}, with digests of 43 characters as `make mcp-digests` prints them."
  }
}

variable "mcp_tool_terms" {
  description = <<-TEXT
    On which terms MCP tools may be called; of the rows the first that fits a tool counts: tools, a shell pattern of the names
    /mcp lists them by; price_usd, of a call that succeeds, which counts towards budgets; rate, of each key or signed-in
    person, as per_s and burst. A rate is kept by each instance of the function for itself: N of them at once let N times as
    much through, and functions.mcp.concurrency bounds N
  TEXT
  type = list(object({
    tools     = string
    price_usd = optional(number, 0)
    rate      = optional(object({ per_s = number, burst = optional(number, 1) }))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for row in var.mcp_tool_terms : can(regex("^[A-Za-z0-9._:/*?-]{1,128}$", row.tools))])
    error_message = "mcp_tool_terms: tools is a tool's name, or a pattern of letters, digits and ._:/- with * for any characters and ? for one. Change ${join(", ", [for row in var.mcp_tool_terms : jsonencode(row.tools) if !can(regex("^[A-Za-z0-9._:/*?-]{1,128}$", row.tools))])}."
  }

  validation {
    condition     = alltrue([for row in var.mcp_tool_terms : row.price_usd >= 0 && row.price_usd <= 1000 && floor(row.price_usd * 1000000) == row.price_usd * 1000000])
    error_message = "mcp_tool_terms: price_usd is from 0 to 1000, in millionths of a dollar at the finest. Change that of ${join(", ", [for row in var.mcp_tool_terms : row.tools if !(row.price_usd >= 0 && row.price_usd <= 1000 && floor(row.price_usd * 1000000) == row.price_usd * 1000000)])}."
  }

  validation {
    condition     = alltrue([for row in var.mcp_tool_terms : row.rate == null ? true : row.rate.per_s > 0 && row.rate.burst >= 1 && floor(row.rate.burst) == row.rate.burst])
    error_message = "mcp_tool_terms: a rate has per_s above 0, which may be below 1, and a burst that is a whole number of 1 or more. Change that of ${join(", ", [for row in var.mcp_tool_terms : row.tools if !(row.rate == null ? true : row.rate.per_s > 0 && row.rate.burst >= 1 && floor(row.rate.burst) == row.rate.burst)])}."
  }

  validation {
    condition     = length(jsonencode(var.mcp_tool_terms)) <= 1200
    error_message = "mcp_tool_terms: ${length(jsonencode(var.mcp_tool_terms))} characters of JSON, and a function's variables have room for about 1200: Lambda takes 4 KB of them in all. Let fewer rows with wider patterns say it."
  }
}

variable "mcp_toolsets" {
  description = "Named sets of MCP tools, as shell patterns: a client chooses one with /mcp?toolset=NAME or the header x-pennyworth-toolset, and a key may be minted for one, as @NAME. None opens what group and key do not"
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, patterns in var.mcp_toolsets : can(regex("^[a-z][a-z0-9-]{0,31}$", name)) && length(patterns) > 0 && alltrue([for pattern in patterns : can(regex("^[A-Za-z0-9._:/*?-]{1,128}$", pattern))])])
    error_message = "mcp_toolsets: a name is of a-z, 0-9 and -, begins with a letter and has 32 characters at most; a set has at least one pattern, of letters, digits and ._:/- with * for any characters and ? for one. Change ${join(", ", [for name, patterns in var.mcp_toolsets : jsonencode(name) if !(can(regex("^[a-z][a-z0-9-]{0,31}$", name)) && length(patterns) > 0 && alltrue([for pattern in patterns : can(regex("^[A-Za-z0-9._:/*?-]{1,128}$", pattern))]))])}."
  }

  validation {
    condition     = length(jsonencode(var.mcp_toolsets)) <= 1200
    error_message = "mcp_toolsets: ${length(jsonencode(var.mcp_toolsets))} characters of JSON, and a function's variables have room for about 1200: Lambda takes 4 KB of them in all. Let fewer or wider patterns say it."
  }
}

variable "mcp_tool_limit" {
  description = "The most tools in one list: beyond it the list has the gateway's own, search_tools and call_tool. VS Code takes 128 of all its servers together"
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.mcp_tool_limit >= 10 && floor(var.mcp_tool_limit) == var.mcp_tool_limit
    error_message = "mcp_tool_limit: a whole number of 10 or more."
  }
}

variable "mcp_sign_in" {
  description = "Whether MCP clients may have people sign in, on pages of Cognito's, instead of being given keys"
  type        = bool
  default     = true
  nullable    = false
}

variable "mcp_client_documents" {
  description = "Whether MCP clients may describe themselves, for such a sign-in, in a document at an https address that is their client id: the gateway fetches it, from public addresses alone. Without it they register"
  type        = bool
  default     = true
  nullable    = false
}

variable "mcp_redirect_uris" {
  description = "Where such a sign-in may lead back to, letter by letter, beside a person's own machine: the callbacks of MCP clients that run elsewhere"
  type        = list(string)
  default = [
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
  ]
  nullable = false

  validation {
    condition     = alltrue([for uri in var.mcp_redirect_uris : can(regex("^(https://[^/?#@*\\s]+/[^?#*\\s]*|[a-z][a-z0-9+.-]*://[^?#@*\\s]+)$", uri)) && !can(regex("^(http|javascript|data|file|vbscript)://", uri))])
    error_message = "mcp_redirect_uris: each is a whole address with https, such as https://claude.ai/api/mcp/auth_callback, or of an app's own scheme, such as cursor://…; no *, ? or #. Addresses of a person's own machine are allowed anyway. Change ${join(", ", [for uri in var.mcp_redirect_uris : jsonencode(uri) if !(can(regex("^(https://[^/?#@*\\s]+/[^?#*\\s]*|[a-z][a-z0-9+.-]*://[^?#@*\\s]+)$", uri)) && !can(regex("^(http|javascript|data|file|vbscript)://", uri)))])}."
  }
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
