/** The description of the API (OpenAPI 3.1), made from the table of endpoints: it cannot say anything else. */

import { z } from 'zod';
import type { Endpoint } from '../../contract/endpoint.ts';
import { ENDPOINTS } from '../../contract/endpoints.ts';
import { NAMES } from '../auth/credentials.ts';
import { PROBLEMS } from '../problems.ts';

type Json = Readonly<Record<string, unknown>>;

const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'request_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    detail: { type: 'string' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

/** Pure. @param version of the program */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, endpoint] of Object.entries<Endpoint>(ENDPOINTS)) {
    const path = endpoint.path.replace(/:([a-z_]+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(name, endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Judge proxy: admin API',
      version,
      description:
        'Every operation names its permission in x-permission: one of a role, `session` for whoever is signed in, or `public`; x-also names another one that is needed beside it. What changes something with a session needs the header x-csrf-token. Lists come in pages: give `next` back as `cursor`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457)',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: NAMES.secure, description: `On plain HTTP ${NAMES.plain}.` },
        token: { type: 'http', scheme: 'bearer', description: 'An API token, `jp_…`.' },
      },
    },
  };
}

function operation(name: string, endpoint: Endpoint): Json {
  const body = schemaOf(endpoint.body, 'input');
  const takesBody = endpoint.method !== 'GET' && Object.keys(propertiesOf(body)).length > 0;
  return {
    operationId: name,
    summary: endpoint.summary,
    'x-permission': endpoint.permission,
    ...(endpoint.also === undefined ? {} : { 'x-also': endpoint.also }),
    security: securityOf(endpoint),
    parameters: [
      ...parameters(endpoint.params, 'path'),
      ...parameters(endpoint.query, 'query'),
      ...csrfParameter(endpoint),
    ],
    ...(takesBody
      ? { requestBody: { required: isNeeded(body), content: { 'application/json': { schema: body } } } }
      : {}),
    responses: {
      [endpoint.status]: success(endpoint),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** No body is an empty one: where every field may be left out, so may the body. */
function isNeeded({ required }: Json): boolean {
  return Array.isArray(required) && required.length > 0;
}

function securityOf({ permission }: Endpoint): Json[] {
  if (permission === 'public') return [];
  return permission === 'session' ? [{ session: [] }] : [{ session: [] }, { token: [] }];
}

function parameters(schema: z.ZodType, where: 'path' | 'query'): Json[] {
  const object = schemaOf(schema, 'input');
  const required = Array.isArray(object.required) ? object.required : [];
  return Object.entries(propertiesOf(object)).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }));
}

function csrfParameter({ method, permission }: Endpoint): Json[] {
  if (method === 'GET' || permission === 'public') return [];
  const description = 'With a session: csrf_token of GET /api/session.';
  return [{ name: 'x-csrf-token', in: 'header', required: false, description, schema: { type: 'string' } }];
}

function success(endpoint: Endpoint): Json {
  const { answer, status, summary: description } = endpoint;
  if (status === 204) return { description };
  if (answer === 'redirect') return { description, headers: { location: { schema: { type: 'string' } } } };
  if (answer === 'file') return { description, content: { '*/*': { schema: {} } } };
  const schema = schemaOf(endpoint.response, 'output');
  return { description, content: { [answer === 'events' ? 'text/event-stream' : 'application/json']: { schema } } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return rest;
}

function propertiesOf(schema: Json): Json {
  const { properties } = schema;
  return typeof properties === 'object' && properties !== null ? (properties as Json) : {};
}
