/** What the JSON Schema of a rubric says about a place: the keys that may stand there, their values, their meaning. */

import type { YamlStep } from './yaml-path.ts';

export type Schema = Readonly<Record<string, unknown>>;

export interface KeyHint {
  readonly key: string;
  readonly required: boolean;
  /** "integer from 1", "one of binary, ordinal" … */
  readonly type: string;
  readonly says: string | null;
}

/** The schema of the mapping, list or value at a place; null where the schema knows none. */
export function schemaAt(root: Schema, path: readonly YamlStep[]): Schema | null {
  let here: Schema | null = resolved(root, root);
  for (const name of path) {
    if (here === null) return null;
    const next: unknown = name === '[]' ? here.items : property(here, name);
    here = isSchema(next) ? resolved(root, next) : null;
  }
  return here;
}

/** Keys of a mapping, those that must be there first. */
export function keysOf(root: Schema, mapping: Schema): readonly KeyHint[] {
  const { properties } = mapping;
  if (!isSchema(properties)) return [];
  const required = new Set(Array.isArray(mapping.required) ? mapping.required : []);
  const hints = Object.entries(properties).flatMap(([key, value]) => {
    if (!isSchema(value)) return [];
    const schema = resolved(root, value);
    const must = required.has(key) && schema.default === undefined;
    return [{ key, required: must, type: typeOf(schema), says: textOf(schema.description) }];
  });
  return [...hints.filter(({ required: must }) => must), ...hints.filter(({ required: must }) => !must)];
}

/** Values that may stand at a place; none where anything of a type may. */
export function valuesOf(schema: Schema): readonly string[] {
  if (Array.isArray(schema.enum)) return schema.enum.map(String);
  if (schema.const !== undefined) return [String(schema.const)];
  if (schema.type === 'boolean') return ['true', 'false'];
  return isSchema(schema.items) ? valuesOf(schema.items) : [];
}

export function typeOf(schema: Schema): string {
  const values = schema.type === 'array' ? [] : valuesOf(schema);
  if (values.length > 0) return `one of ${values.join(', ')}`;
  if (schema.type === 'array') {
    const least = typeof schema.minItems === 'number' && schema.minItems > 0 ? `, at least ${schema.minItems}` : '';
    return `list${isSchema(schema.items) ? ` of ${typeOf(schema.items)}` : ''}${least}`;
  }
  const word = typeof schema.type === 'string' ? schema.type : 'value';
  const from = typeof schema.minimum === 'number' ? ` from ${schema.minimum}` : '';
  const to = typeof schema.maximum === 'number' && schema.maximum < 1e15 ? ` to ${schema.maximum}` : '';
  const form = typeof schema.pattern === 'string' ? ` of the form ${schema.pattern}` : '';
  const preset = schema.default === undefined ? '' : `, ${JSON.stringify(schema.default)} if left out`;
  return `${word}${from}${to}${form}${preset}`;
}

function property(schema: Schema, name: string): unknown {
  const { properties } = schema;
  return isSchema(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** Follows `$ref` within the document, at most a few steps. */
function resolved(root: Schema, schema: Schema): Schema {
  let here = schema;
  for (let steps = 0; steps < 8 && typeof here.$ref === 'string'; steps += 1) {
    const target = here.$ref
      .replace(/^#\/?/, '')
      .split('/')
      .filter((name) => name !== '')
      .reduce<unknown>((at, name) => (isSchema(at) && Object.hasOwn(at, name) ? at[name] : undefined), root);
    if (!isSchema(target)) return here;
    here = target;
  }
  return here;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
