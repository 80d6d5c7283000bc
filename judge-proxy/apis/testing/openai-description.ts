/** OpenAI's published API description for tests: read where it is there, never copied into this repository. */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const PATH = process.env.OPENAI_OPENAPI ?? resolve(ROOT, '../shared/data/openai-openapi.json');

interface Document {
  readonly paths: Record<string, Record<string, unknown>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

export interface OpenAiDescription {
  /** All paths with the methods that they have. */
  readonly operations: readonly { readonly method: string; readonly path: string }[];
  /** The words that `type` may be in a union of objects. */
  kinds(schema: string): readonly string[];
  /** What is wrong with a value by the schema of this name; empty when nothing is. */
  faults(schema: string, value: unknown): readonly string[];
}

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'patch', 'head', 'options']);

/** Runs tests against the description; where it is not there, one test says so by its name. */
export function describeWithDescription(name: string, tests: (description: OpenAiDescription) => void): void {
  const isThere = existsSync(PATH);
  if (isThere) describe(name, () => tests(open()));
  // Counts as skipped, and says why.
  else it.skipIf(!isThere)(`${name}: not run, OpenAI's API description is not at $OPENAI_OPENAPI`, () => {});
}

function open(): OpenAiDescription {
  const document = JSON.parse(readFileSync(PATH, 'utf8')) as Document;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(modern(document) as Document, 'openai');
  const compiled = new Map<string, ValidateFunction>();
  return {
    operations: Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => METHODS.has(method))
        .map((method) => ({ method: method.toUpperCase(), path })),
    ),
    kinds: (schema) => kindsOf(document.components.schemas, schema),
    faults(schema, value) {
      const validate = compiled.get(schema) ?? ajv.compile({ $ref: `openai#/components/schemas/${schema}` });
      compiled.set(schema, validate);
      return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
    },
  };
}

/** The description says 3.1 and still uses 3.0's `nullable`, which JSON Schema does not have. */
function modern(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(modern);
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, ...rest } = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, modern(value)]));
  return nullable === true
    ? { anyOf: [rest, { type: 'null' }] }
    : { ...rest, ...(isFlag(nullable) ? {} : { nullable }) };
}

/** A property may also be called `nullable`; then it is a schema. */
function isFlag(nullable: unknown): boolean {
  return nullable === undefined || typeof nullable === 'boolean';
}

interface Schema {
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: {
    readonly type?: {
      readonly enum?: readonly string[];
      readonly anyOf?: readonly { readonly enum?: readonly string[] }[];
    };
  };
}

/** Words that `type` may be in a union of objects. */
function kindsOf(schemas: Record<string, unknown>, name: string): string[] {
  const walk = (schema: Schema): string[] => {
    const type = schema.properties?.type;
    const here = [...(type?.enum ?? []), ...(type?.anyOf ?? []).flatMap((each) => each.enum ?? [])];
    const target = schema.$ref === undefined ? [] : walk(schemas[schema.$ref.split('/').at(-1) ?? ''] as Schema);
    return [
      ...here,
      ...target,
      ...[schema.oneOf, schema.anyOf, schema.allOf].flatMap((list) => (list ?? []).flatMap(walk)),
    ];
  };
  return [...new Set(walk(schemas[name] as Schema))];
}
