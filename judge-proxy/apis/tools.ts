/** Tool definitions: what the application offers to the model, never the user's words. */

import { isArray, isObject, type Json, type JsonObject, own } from './json.ts';
import { outline } from './outline.ts';
import { type At, inside, type PartList } from './part-list.ts';

const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'authorization_token', 'headers', 'domain_secrets']);
const NOT_KEPT = '[credential, not kept]';

/** Each tool of a list as a `tool_definition` with its name. */
export function readTools(parts: PartList, at: At, tools: Json): void {
  readList(parts, at, tools, withoutCredentials);
}

/** MCP servers of Anthropic Messages, which stand beside the tools: `authorization_token` is there to be sent. */
export function readServers(parts: PartList, at: At, servers: Json): void {
  readList(parts, at, servers, scrub);
}

function readList(parts: PartList, at: At, tools: Json, clean: (tool: JsonObject) => JsonObject): void {
  if (tools === null) return;
  if (!isArray(tools)) {
    parts.strange(at, tools);
    return;
  }
  for (const [index, tool] of tools.entries()) {
    if (isObject(tool)) parts.text(inside(at, index), 'tool_definition', outline(clean(tool)), toolName(tool));
    else parts.strange(inside(at, index), tool);
  }
}

function toolName(tool: JsonObject): string | null {
  for (const holder of [tool, own(tool, 'function'), own(tool, 'custom')]) {
    const name = isObject(holder) ? (own(holder, 'name') ?? own(holder, 'server_label')) : undefined;
    if (typeof name === 'string') return name;
  }
  const type = own(tool, 'type');
  return typeof type === 'string' ? type : null;
}

/**
 * Tools that the provider runs itself carry credentials by design: `authorization` and `headers` of MCP servers,
 * `domain_secrets` of containers. Schemas of function tools may have properties of those names and are left alone.
 */
function withoutCredentials(tool: JsonObject): JsonObject {
  const type = own(tool, 'type');
  return type === undefined || type === 'function' || type === 'custom' || type === 'namespace' ? tool : scrub(tool);
}

function scrub(object: JsonObject): JsonObject {
  const entries = Object.entries(object).map(([key, value]): [string, Json] =>
    CREDENTIALS.has(key.toLowerCase()) && value !== null ? [key, NOT_KEPT] : [key, scrubValue(value)],
  );
  return Object.fromEntries(entries);
}

function scrubValue(value: Json): Json {
  if (isArray(value)) return value.map(scrubValue);
  return isObject(value) ? scrub(value) : value;
}
