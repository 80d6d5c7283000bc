/** Identity × form × route gives one outcome, one code, and the names that its record shows. */

import { describe, expect, it } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { compileRoutes } from '../policy/routes.ts';
import { decide } from './decide.ts';
import type { Peer } from './identity.ts';
import type { RequestHead } from './target.ts';

const { routes } = configSchema.parse({
  routes: [
    { name: 'denied', hosts: ['denied.test'], ports: [443, 80], action: 'deny' },
    { name: 'judged', hosts: ['judged.test'], ports: [443, 80], action: 'terminate' },
    { name: 'open', hosts: ['open.test'], ports: [443, 80], action: 'tunnel' },
  ],
});
const policy = { routes: compileRoutes(routes), pseudonym: 'judge-1', draining: false };

const PLAIN: Peer = { kind: 'plain', address: '::ffff:127.0.0.1' };
const ENVOY: Peer = { kind: 'certificate', name: 'envoy-proxy' };
const OTHER: Peer = { kind: 'certificate', name: null };
const CLIENT = ['X-Judge-Client-IP', '10.0.0.9'];

function connect(host: string, rawHeaders: readonly string[] = []): RequestHead {
  return {
    version: '1.1',
    method: 'CONNECT',
    target: `${host}:443`,
    scheme: '',
    authority: '',
    protocol: '',
    rawHeaders,
  };
}

function get(host: string, rawHeaders: readonly string[] = []): RequestHead {
  return { version: '2', method: 'GET', target: '/p?q', scheme: 'http', authority: host, protocol: '', rawHeaders };
}

/** The decision in one line: outcome or code, client, route, action. */
function line(peer: Peer, head: RequestHead, change: Partial<typeof policy> = {}): string {
  const decision = decide(peer, head, { ...policy, ...change });
  const outcome = decision.outcome === 'refuse' ? decision.error.code : decision.outcome;
  return [outcome, decision.client, decision.route?.name ?? '-', decision.action].join(' ');
}

describe('what is decided', () => {
  it.each([
    [PLAIN, connect('open.test'), 'tunnel address:127.0.0.1 open tunnel'],
    [PLAIN, connect('judged.test'), 'terminate address:127.0.0.1 judged terminate'],
    [PLAIN, connect('denied.test'), 'route_denied address:127.0.0.1 denied deny'],
    [PLAIN, connect('else.test'), 'no_route address:127.0.0.1 - deny'],
    [PLAIN, get('open.test'), 'forward address:127.0.0.1 open tunnel'],
    [PLAIN, get('judged.test'), 'forward address:127.0.0.1 judged terminate'],
    [PLAIN, get('denied.test'), 'route_denied address:127.0.0.1 denied deny'],
    [PLAIN, get('judged.test', CLIENT), 'forward address:127.0.0.1 judged terminate'],
    [ENVOY, connect('judged.test', CLIENT), 'terminate address:10.0.0.9 judged terminate'],
    [ENVOY, connect('judged.test'), 'terminate certificate:envoy-proxy judged terminate'],
    [ENVOY, get('denied.test', CLIENT), 'route_denied address:10.0.0.9 denied deny'],
    [OTHER, connect('open.test', CLIENT), 'client_unknown unknown - deny'],
    [OTHER, connect('judged.test', CLIENT), 'client_unknown unknown - deny'],
    [OTHER, connect('denied.test', CLIENT), 'client_unknown unknown - deny'],
    [OTHER, get('judged.test', CLIENT), 'client_unknown unknown - deny'],
    [{ kind: 'plain', address: undefined } as const, get('judged.test'), 'client_unknown unknown - deny'],
  ])('%j %j: %s', (peer, head, expected) => {
    expect(line(peer, head)).toBe(expected);
  });
});

describe('the order of reasons', () => {
  const bad: RequestHead = { ...connect(''), target: 'nonsense' };

  it('identity comes before the target, the target before drain, drain before the loop, the loop before the route', () => {
    const looped = connect('denied.test', ['Via', '1.1 judge-1']);
    expect(line(OTHER, bad, { draining: true })).toMatch(/^client_unknown /);
    expect(line(PLAIN, bad, { draining: true })).toMatch(/^bad_authority /);
    expect(line(PLAIN, looped, { draining: true })).toMatch(/^shutting_down /);
    expect(line(PLAIN, looped)).toMatch(/^proxy_loop /);
  });

  it('a refusal knows the target that was asked for, if there was one', () => {
    expect(decide(OTHER, connect('open.test'), policy).authority).toEqual({
      host: 'open.test',
      kind: 'name',
      port: 443,
    });
    expect(decide(PLAIN, bad, policy).authority).toBeNull();
  });
});

it('the path of a request goes on as it was written', () => {
  expect(decide(PLAIN, get('judged.test'), policy)).toMatchObject({ outcome: 'forward', path: '/p?q' });
});
