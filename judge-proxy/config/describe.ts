/** The config that is in force, for people: with its defaults, with units, without secrets. */

import { stringify } from 'yaml';
import type { Config } from './schema.ts';
import { child, type SchemaNode, schemaTree } from './schema-tree.ts';
import { formatDuration, formatSize } from './units.ts';

/**
 * YAML that may be pasted anywhere: values marked secret in the schema and credentials in URLs are placeholders.
 * @returns text that ends with a line break
 */
export function describeConfig(config: Config): string {
  return stringify(printable(config, schemaTree), { lineWidth: 0 });
}

function printable(value: unknown, node: SchemaNode | undefined): unknown {
  if (Array.isArray(value)) return value.map((entry) => printable(entry, node?.items));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, below]) => below !== undefined);
    return Object.fromEntries(entries.map(([key, below]) => [key, printable(below, node && child(node, key))]));
  }
  if (node?.secret) return value === '' ? '' : '<secret>';
  if (typeof value === 'number' && node?.unit === 'duration') return formatDuration(value);
  if (typeof value === 'number' && node?.unit === 'size') return formatSize(value);
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

/** `postgres://user:pass@host/db?password=x` → `postgres://<secret>@host/db?<secret>`. */
function withoutCredentials(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  return text.replace(/^([^/]*\/\/)[^/?#]*@/, '$1<secret>@').replace(/\?.*$/s, '?<secret>');
}
