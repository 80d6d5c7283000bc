/** The schema as a tree of keys, for messages, for the reference and for printing a config. */

import { z } from 'zod';
import type { KeyPath } from './config-error.ts';
import { configSchema } from './schema.ts';

/** What the tree is read from: the parts of JSON Schema that zod writes for our schema, and our own marks. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  /** Set on durations (milliseconds after parsing) and sizes (bytes). */
  readonly unit?: 'duration' | 'size';
  /** Set on values that may never be shown. */
  readonly secret?: boolean;
}

/** One key without keys below it. */
export interface Leaf {
  /** `routes[].name`, `judges.*.rubric`, `limits.headers`. */
  readonly path: string;
  readonly node: SchemaNode;
  /** The key has to be written when the map around it is. */
  readonly required: boolean;
}

export const schemaTree = z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;

/** The node at a key path, undefined when the schema has none there. */
export function nodeAt(path: KeyPath): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>(
    (node, key) => (node === undefined ? undefined : child(node, key)),
    schemaTree,
  );
}

/** The node of one key or list position below a node. */
export function child(node: SchemaNode, key: string | number): SchemaNode | undefined {
  if (typeof key === 'number') return node.items;
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key];
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** Every key of the schema that has none below it, in order of the schema. */
export function leaves(node: SchemaNode = schemaTree, path = '', required = true): Leaf[] {
  if (node.properties !== undefined) {
    return Object.entries(node.properties).flatMap(([key, below]) =>
      leaves(below, path === '' ? key : `${path}.${key}`, node.required?.includes(key) ?? false),
    );
  }
  const { items, additionalProperties: values } = node;
  if (items?.properties !== undefined) return leaves(items, `${path}[]`, required);
  if (typeof values === 'object' && values.properties !== undefined) return leaves(values, `${path}.*`, required);
  return [{ path, node, required }];
}
