import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RouteConfig } from '../config/schema.ts';
import { routeConfig } from '../config/testing/route.ts';
import { parseAuthority } from './authority.ts';
import { compileRoutes, explainRoutes } from './routes.ts';
import type { Authority } from './types.ts';

function route(name: string, hosts: string[], action: RouteConfig['action'], ports = [443]): RouteConfig {
  return routeConfig({ name, hosts, ports, action });
}

function target(text: string): Authority {
  const authority = parseAuthority(text);
  if (authority === null) throw new Error(`not an authority: ${text}`);
  return authority;
}

const ROUTES = [
  route('openai', ['api.openai.com'], 'terminate'),
  route('blocked', ['*.openai.com', 'chat.example'], 'deny', [443, 80]),
  route('address', ['10.0.0.1', '::1'], 'tunnel', [443, 8443]),
  route('rest', ['*'], 'tunnel'),
];

describe('decide', () => {
  test.each([
    ['api.openai.com:443', 'openai', 'terminate'],
    ['API.OPENAI.COM.:443', 'openai', 'terminate'],
    ['api.openai.com:80', 'blocked', 'deny'],
    ['a.b.openai.com:443', 'blocked', 'deny'],
    ['openai.com:443', 'rest', 'tunnel'],
    ['notopenai.com:443', 'rest', 'tunnel'],
    ['chat.example:443', 'blocked', 'deny'],
    ['x.chat.example:443', 'rest', 'tunnel'],
    ['10.0.0.1:8443', 'address', 'tunnel'],
    ['0x0a.1:8443', 'address', 'tunnel'],
    ['[::1]:8443', 'address', 'tunnel'],
    ['10.0.0.2:443', 'rest', 'tunnel'],
  ])('%s is for %s: %s', (text, name, action) => {
    const decision = compileRoutes(ROUTES).decide(target(text));
    expect(decision.action).toBe(action);
    expect(decision.route?.name).toBe(name);
  });

  test.each([['10.0.0.2:8443'], ['openai.com:80'], ['elsewhere.example:22']])(
    '%s has no route and is denied',
    (text) => {
      expect(compileRoutes(ROUTES).decide(target(text))).toEqual({ action: 'deny', route: null });
    },
  );

  test('without routes everything is denied', () => {
    expect(compileRoutes([]).decide(target('a.example:443'))).toEqual({ action: 'deny', route: null });
  });

  test('an address is below no name, even of the same letters', () => {
    const table = compileRoutes([route('odd', ['*.example'], 'tunnel')]);
    expect(table.decide({ host: '1.example', kind: 'ipv4', port: 443 }).route).toBeNull();
  });

  test('a pattern that the config would have refused is our own mistake', () => {
    expect(() => compileRoutes([route('bad', ['https://a.example'], 'deny')])).toThrow(TypeError);
  });

  test('the first matching route wins, in any order of the routes', () => {
    const authorities = ['api.openai.com:443', 'x.openai.com:443', '10.0.0.1:443', 'chat.example:80', 'a.b:9'].map(
      target,
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(ROUTES), fc.constantFrom(...authorities), (routes, authority) => {
        const decision = compileRoutes(routes).decide(authority);
        const alone = routes.filter((candidate) => compileRoutes([candidate]).decide(authority).route !== null);
        expect(decision.route).toBe(alone[0] ?? null);
      }),
    );
  });
});

describe('explainRoutes', () => {
  test('names the winner and why the others are not', () => {
    expect(explainRoutes(ROUTES, target('api.openai.com:443'))).toEqual([
      { route: 'openai', result: 'wins', pattern: 'api.openai.com' },
      { route: 'blocked', result: 'matches_later', pattern: '*.openai.com' },
      { route: 'address', result: 'other_host', pattern: null },
      { route: 'rest', result: 'matches_later', pattern: '*' },
    ]);
    expect(explainRoutes(ROUTES, target('10.0.0.1:8443')).at(-1)).toEqual({
      route: 'rest',
      result: 'other_port',
      pattern: '*',
    });
  });

  test('agrees with decide', () => {
    const host = fc.constantFrom('api.openai.com', 'x.openai.com', 'chat.example', '10.0.0.1', 'other.example');
    fc.assert(
      fc.property(fc.shuffledSubarray(ROUTES), host, fc.constantFrom(80, 443, 8443), (routes, name, port) => {
        const authority = target(`${name}:${port}`);
        const winner = explainRoutes(routes, authority).find((entry) => entry.result === 'wins');
        expect(winner?.route).toBe(compileRoutes(routes).decide(authority).route?.name);
      }),
    );
  });
});
