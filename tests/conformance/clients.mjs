// One of the TypeScript SDKs against the gateway: what it lists and what it is answered, as one line of JSON.
// node clients.mjs GENERATION MODE URL TOOL [PROMPT], with the key in GATEWAY_KEY. Of the PROMPT, the error is told.

const [generation, mode, url, tool, prompt] = process.argv.slice(2);
const info = { name: "pennyworth-tests", version: "1" };
const options = { requestInit: { headers: { Authorization: `Bearer ${process.env.GATEWAY_KEY}` } } };

async function first() {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  return [new Client(info), new StreamableHTTPClientTransport(new URL(url), options)];
}

async function second() {
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const client = new Client(info, { versionNegotiation: { mode: mode === "pin" ? { pin: "2026-07-28" } : mode } });
  return [client, new StreamableHTTPClientTransport(new URL(url), options)];
}

const [client, transport] = await (generation === "1" ? first() : second());
await client.connect(transport);
const { tools } = await client.listTools();
const { prompts } = await client.listPrompts();
const { resources } = await client.listResources();
const result = await client.callTool({ name: tool, arguments: {} });
const refused = prompt && (await client.getPrompt({ name: prompt }).then(() => null, (error) => error));
console.log(
  JSON.stringify({
    version: transport.protocolVersion ?? client.getNegotiatedProtocolVersion?.() ?? null,
    tools: tools.map((each) => each.name),
    prompts: prompts.map((each) => each.name),
    resources: resources.map((each) => each.uri),
    result,
    refused: refused ? { code: refused.code, message: refused.message } : null,
  }),
);
await client.close();
