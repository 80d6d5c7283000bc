/** Contract: whoever is told of an exchange, by whatever endpoint, may read exchanges. */

import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';

/** Whether an answer has an object that says of whom and by which route an exchange was. */
function tellsOfExchanges(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  const { properties = {} } = schema as { properties?: object };
  if (['exchange_id', 'client', 'route'].every((field) => field in properties)) return true;
  return Object.values(schema).some(tellsOfExchanges);
}

const TELLING = Object.entries<Endpoint>(ENDPOINTS).filter(([, { response }]) =>
  tellsOfExchanges(z.toJSONSchema(response, { io: 'output', unrepresentable: 'any', reused: 'inline' })),
);

test.each(TELLING)('%s needs exchanges:read', (_name, { permission, also }) => {
  expect([permission, also]).toContain('exchanges:read');
});

test('those are found that are known to tell', () => {
  const names = TELLING.map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(['list_exchanges', 'live', 'read_queue', 'replay_changes']));
});
