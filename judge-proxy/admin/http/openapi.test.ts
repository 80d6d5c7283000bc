/** Contract: the description is valid OpenAPI 3.1, and says of every endpoint what the table says. */

import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../contract/endpoint.ts';
import { ENDPOINTS } from '../../contract/endpoints.ts';
import { openApiDocument } from './openapi.ts';

interface Operation {
  readonly operationId: string;
  readonly 'x-permission': string;
  readonly 'x-also'?: string;
  readonly security: readonly Record<string, unknown>[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Record<string, { readonly schema: { readonly properties: object } }>;
  };
  readonly responses: Record<string, unknown>;
}
const document = openApiDocument('1.2.3') as {
  readonly info: { readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
};

test('it is valid', async () => {
  const result = await new Validator().validate(structuredClone<Record<string, unknown>>({ ...document }));
  expect(result).toMatchObject({ valid: true });
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  expect(document.info.version).toBe('1.2.3');
});

test('an operation for each endpoint, and no other', () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(ENDPOINTS).toSorted());
});

test.each(Object.entries<Endpoint>(ENDPOINTS))('%s', (name, endpoint) => {
  const path = endpoint.path.replaceAll(/:([a-z_]+)/g, '{$1}');
  const operation = document.paths[path]?.[endpoint.method.toLowerCase()];
  expect(operation).toMatchObject({ operationId: name, 'x-permission': endpoint.permission });
  expect(operation?.['x-also']).toBe(endpoint.also);
  const ways = operation?.security.flatMap((one) => Object.keys(one));
  expect(ways).toEqual({ public: [], session: ['session'] }[String(endpoint.permission)] ?? ['session', 'token']);
  const inPath = [...endpoint.path.matchAll(/:([a-z_]+)/g)].map(([, one]) => one);
  const parameters = operation?.parameters.filter((one) => one.in === 'path');
  expect(parameters?.map((one) => one.name)).toEqual(inPath);
  expect(parameters?.every((one) => one.required)).toBe(true);
  expect(Object.keys(operation?.responses ?? {})).toEqual([String(endpoint.status), 'default']);
});

test('bodies and queries have their fields', () => {
  const create = document.paths['/api/tokens']?.post;
  expect(Object.keys(create?.requestBody?.content['application/json']?.schema.properties ?? {})).toEqual([
    'name',
    'scopes',
    'expires_at',
  ]);
  expect(create?.requestBody?.required).toBe(true);
  // All of it may be left out, and so may the body.
  const resume = document.paths['/api/replays/{id}/resume']?.post;
  expect(resume?.requestBody).toMatchObject({ required: false });
  const list = document.paths['/api/exchanges']?.get?.parameters.map(({ name }) => name);
  expect(list).toContain('cursor');
  expect(list).toContain('min_severity');
});
