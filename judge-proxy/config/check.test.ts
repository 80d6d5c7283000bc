/**
 * Contract: a config that fits the schema and cannot work, or would open the proxy, is refused at the key that is wrong,
 * with what to write. What is only doubtful is a warning.
 */

import { describe, expect, test } from 'vitest';
import { checkConfig } from './check.ts';
import { formatPath } from './config-error.ts';
import { configSchema } from './schema.ts';

const ROUTE = { name: 'rest', hosts: ['*'], action: 'tunnel' };
const TERMINATED = { name: 'api', hosts: ['api.example'], action: 'terminate' };

/** The findings as `severity path`, and their texts. */
function findings(config: object) {
  const found = checkConfig(configSchema.parse({ routes: [ROUTE], ...config }));
  return { keys: found.map(({ severity, path }) => `${severity} ${formatPath(path)}`), text: JSON.stringify(found) };
}

test('the defaults have no findings', () => {
  expect(findings({}).keys).toEqual([]);
});

describe('retention', () => {
  test('no tier is kept for less time than one that goes with it', () => {
    const retention = (sealed?: string, text?: string, metadata?: string) =>
      findings({ ledger: { retention: { sealed, text, metadata } } }).keys;
    expect(retention('1d', '30d', '365d')).toEqual([]);
    expect(retention('1d', '1d')).toEqual([]);
    expect(retention(undefined, undefined, '1d')).toEqual([]);
    expect(retention('2d', '1d')).toEqual(['error ledger.retention.text']);
    expect(retention('2d', undefined, '1d')).toEqual(['error ledger.retention.metadata']);
    expect(retention('1d', '3d', '2d')).toEqual(['error ledger.retention.metadata']);
  });
});

describe('listeners', () => {
  const REFUSED = [
    '0.0.0.0',
    '::',
    '',
    '10.0.0.1',
    '192.168.1.1',
    'localhost',
    '127.0.0.1.',
    '127.1',
    'a.example',
    '[::1]',
    '::ffff:0.0.0.0',
  ];
  const ALLOWED = ['127.0.0.1', '127.0.0.53', '::1'];

  test.each(REFUSED)('plain has no authentication and admin no TLS, so neither starts on %j', (host) => {
    const plain = findings({ listen: { plain: { host, port: 8080 } } });
    expect(plain.keys).toEqual(['error listen.plain.host']);
    expect(plain.text).toContain('listen.plain has no authentication');
    const admin = findings({ listen: { admin: { host } } });
    expect(admin.keys).toEqual(['error listen.admin.host']);
    expect(admin.text).toMatch(/listen\.admin\.tls|not an address/);
  });

  test.each([
    [{ host: '0.0.0.0', tls: { cert: 'a', key: 'b' } }, []],
    [{ host: '0.0.0.0', tls: { cert: 'a' } }, ['error listen.admin.tls.key']],
    [{ tls: { key: 'b' } }, ['error listen.admin.tls.cert']],
    [{ host: '0.0.0.0', behind_trusted_proxy: true, public_origin: 'https://a.example' }, []],
    [{ behind_trusted_proxy: true }, ['error listen.admin.behind_trusted_proxy']],
    [{ public_origin: 'https://a.example' }, ['error listen.admin.public_origin']],
    [{ behind_trusted_proxy: true, public_origin: 'https://a.example/x' }, ['error listen.admin.public_origin']],
    [{ open_metrics: true }, []],
    [{ host: '0.0.0.0', tls: { cert: 'a', key: 'b' }, open_metrics: true }, ['error listen.admin.open_metrics']],
  ])('admin %j: %j', (admin, keys) => {
    expect(findings({ listen: { admin } }).keys).toEqual(keys);
  });

  test.each(ALLOWED)('both start on %s', (host) => {
    expect(findings({ listen: { plain: { host, port: 8080 }, admin: { host } } }).keys).toEqual([]);
  });

  test.each(['127.0.0.1', '0.0.0.0', '::', '10.0.0.1', 'judge-proxy', 'judge.example'])(
    'the mTLS listener starts on %s',
    (host) => {
      expect(findings({ listen: { proxy: { host } } }).keys).toEqual([]);
    },
  );

  test.each(['', '*', '0.0.0.0:8888', 'https://a.example', '127.1'])('nothing starts on %j', (host) => {
    expect(findings({ listen: { proxy: { host } } }).keys).toEqual(['error listen.proxy.host']);
  });

  test('no two take one port', () => {
    expect(findings({ listen: { proxy: { port: 1 }, admin: { port: 1 } } }).keys).toEqual(['error listen.admin.port']);
    expect(findings({ listen: { proxy: { port: 1 }, admin: { port: 2 }, plain: { port: 2 } } }).keys).toEqual([
      'error listen.plain.port',
    ]);
    expect(findings({ listen: { proxy: { port: 0 }, admin: { port: 0 }, plain: { port: 0 } } }).keys).toEqual([]);
  });
});

describe('routes', () => {
  test.each([
    ['API.example', 'Write `api.example`'],
    ['api.example.', 'Write `api.example`'],
    ['bücher.example', 'Write `xn--bcher-kva.example`'],
    ['127.1', 'Write `127.0.0.1`'],
    ['[::1]', 'Write `::1`'],
    ['*.API.example', 'Write `*.api.example`'],
    ['https://api.example', 'not a host pattern'],
    ['api.example:443', 'not a host pattern'],
    ['a.*.example', 'not a host pattern'],
    ['*.10.0.0.1', 'not a host pattern'],
  ])('the host %s is refused: %s', (host, text) => {
    const found = findings({ routes: [{ ...ROUTE, hosts: ['ok.example', host] }] });
    expect(found.keys).toEqual(['error routes[0].hosts[1]']);
    expect(found.text).toContain(text);
  });

  test('`terminate` needs named hosts', () => {
    expect(findings({ routes: [{ ...TERMINATED, hosts: ['*'] }] }).keys).toEqual(['error routes[0].hosts[0]']);
    expect(findings({ routes: [{ ...TERMINATED, hosts: ['*.example.com', 'api.example'] }] }).keys).toEqual([]);
  });

  test('terminating an address works for plain HTTP only', () => {
    expect(findings({ routes: [{ ...TERMINATED, hosts: ['10.0.0.1'] }] }).keys).toEqual(['warning routes[0].hosts[0]']);
  });

  test('a judge has to exist, and to have something to judge', () => {
    const judges = { j: { rubric: 'r.yaml' } };
    const unknown = findings({ judges, routes: [{ ...TERMINATED, judge: 'k' }] });
    expect(unknown.keys).toEqual(['error routes[0].judge', 'warning judges.j']);
    expect(unknown.text).toContain('Known judges: `j`');
    expect(findings({ routes: [{ ...TERMINATED, judge: 'constructor' }] }).keys).toEqual(['error routes[0].judge']);
    expect(findings({ judges, routes: [{ ...TERMINATED, judge: 'j' }] }).keys).toEqual([]);
    expect(findings({ judges, routes: [{ ...ROUTE, judge: 'j' }] }).keys).toEqual(['error routes[0].judge']);
  });

  test('names are given once', () => {
    const routes = [
      { ...ROUTE, hosts: ['a.example'] },
      { ...ROUTE, hosts: ['b.example'] },
    ];
    expect(findings({ routes }).keys).toEqual(['error routes[1].name']);
  });

  const deny = (hosts: string[], ports = [443]) => ({ name: 'deny', hosts, ports, action: 'deny' });
  const allow = (hosts: string[], ports = [443]) => ({ name: 'allow', hosts, ports, action: 'tunnel' });

  test.each([
    ['the same host', allow(['a.example']), deny(['a.example']), 'error'],
    ['a pattern over it', allow(['*.example']), deny(['a.example', 'b.example']), 'error'],
    ['everything', allow(['*']), deny(['*.example', '10.0.0.1']), 'error'],
    ['one of its hosts', allow(['a.example']), deny(['a.example', 'b.example']), 'warning'],
    ['one of its ports', allow(['*']), deny(['a.example'], [443, 80]), 'warning'],
    ['another port', allow(['*'], [80]), deny(['a.example']), null],
    ['another host', allow(['a.example']), deny(['*.a.example']), null],
    ['a part of its pattern', allow(['a.example']), deny(['*.example', '*']), null],
  ])('a route behind one that takes %s', (_, first, second, severity) => {
    const found = findings({ routes: [first, second] });
    expect(found.keys).toEqual(severity === null ? [] : [`${severity} routes[1]`]);
    if (severity !== null) expect(found.text).toContain('Move it before `allow`');
  });

  test('a host that is no pattern takes nothing', () => {
    expect(findings({ routes: [allow(['a b']), deny(['a.example'])] }).keys).toEqual(['error routes[0].hosts[0]']);
    expect(findings({ routes: [allow(['*']), deny(['a b'])] }).keys).toEqual(['error routes[1].hosts[0]']);
  });
});

describe('addresses', () => {
  test.each(['10.0.0.1/8', '10.0.0.0', 'localhost', '::ffff:10.0.0.0/104', ''])('%j is no CIDR', (cidr) => {
    expect(findings({ upstream: { allow_addresses: ['10.0.0.0/8', cidr] } }).keys).toEqual([
      'error upstream.allow_addresses[1]',
    ]);
  });

  test.each([
    ['api.example:443', '127.0.0.1:4443'],
    ['api.example:443', '[::1]:4443'],
    ['10.0.0.1:443', 'origin:4443'],
    ['[::1]:443', '10.0.0.1:1'],
  ])('connect_to %s: %s', (from, to) => {
    expect(findings({ upstream: { connect_to: { [from]: to } } }).keys).toEqual([]);
  });

  test.each([
    'api.example',
    'API.example:443',
    'api.example:0',
    'api.example:65536',
    '*:443',
    '*.example:443',
    '::1:443',
    '[a.example]:443',
    '127.1:443',
    ':443',
    'http://a:1',
  ])('connect_to refuses %j on either side', (bad) => {
    const path = `error ${formatPath(['upstream', 'connect_to', bad])}`;
    expect(findings({ upstream: { connect_to: { [bad]: '127.0.0.1:1' } } }).keys).toEqual([path]);
    expect(findings({ upstream: { connect_to: { 'a.example:1': bad } } }).keys).toEqual([
      'error upstream.connect_to["a.example:1"]',
    ]);
  });
});

test.each(['postgres://me:pass@a.example/db', 'data/ledger.db', 'sqlite:', 'SQLITE:x', ''])(
  'the ledger URL %j is refused',
  (url) => {
    const found = findings({ ledger: { url } });
    expect(found.keys).toEqual(['error ledger.url']);
    expect(found.text).not.toContain('pass@');
  },
);

test('limits that contradict each other', () => {
  expect(findings({ limits: { keep_alive: '30s' } }).keys).toEqual(['error limits.keep_alive']);
  expect(findings({ limits: { keep_alive: '30001ms' } }).keys).toEqual([]);
  expect(findings({ limits: { copies: '1MiB' } }).keys).toEqual(['error limits.copies']);
  expect(findings({ limits: { copies: '4MiB' } }).keys).toEqual([]);
  expect(findings({ limits: { held: '7MiB' } }).keys).toEqual(['error limits.held']);
  expect(findings({ limits: { held: '8MiB' } }).keys).toEqual([]);
});

test('prices are for a name or a prefix', () => {
  const price = { input: 1, output: 1 };
  expect(findings({ prices: { 'gpt-5': price, 'gpt-5-*': price } }).keys).toEqual([]);
  for (const name of ['*', '', 'gpt-*-mini', 'a**'])
    expect(findings({ prices: { [name]: price } }).keys).toEqual([`error ${formatPath(['prices', name])}`]);
});
