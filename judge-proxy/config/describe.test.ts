import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeConfig } from './describe.ts';
import { loadConfig, parseConfig } from './load.ts';
import { configSchema } from './schema.ts';
import { leaves } from './schema-tree.ts';

const SHIPPED = resolve(import.meta.dirname, '../../config/judge-proxy.yaml');

describe('describeConfig', () => {
  test('shows what is in force: read again, it is the same config', () => {
    const config = loadConfig(SHIPPED, {});
    expect(parseConfig(describeConfig(config), 'described.yaml', {})).toEqual(config);
  });

  test('writes durations and sizes with their units', () => {
    const text = describeConfig(loadConfig(SHIPPED, {}));
    expect(text).toContain('  headers: 15s\n');
    expect(text).toContain('  header_block: 64KiB\n');
    expect(text.endsWith('\n')).toBe(true);
  });

  test('shows no secret, and that there is one', () => {
    const text = describeConfig(loadConfig(SHIPPED, { OPENAI_API_KEY: 'sk-planted' }));
    expect(text).not.toContain('planted');
    expect(text).toContain('api_key: <secret>');
    expect(describeConfig(loadConfig(SHIPPED, {}))).toContain('api_key: ""');
  });

  test('shows the key of neither model', () => {
    const model = { name: 'm', api_key: 'sk-planted' };
    const judges = { j: { rubric: 'r', model, small_model: { ...model, name: 's' } } };
    const routes = [{ name: 'a', hosts: ['a.example'], action: 'deny' as const }];
    const text = describeConfig(configSchema.parse({ routes, judges }));
    expect(text).not.toContain('planted');
    expect(text.match(/api_key: <secret>/g)).toHaveLength(2);
  });

  test.each([
    ['postgres://me:planted@a.example/db', 'postgres://<secret>@a.example/db'],
    ['postgres://planted@a.example/db', 'postgres://<secret>@a.example/db'],
    ['postgres://me:pl@nted@a.example/db', 'postgres://<secret>@a.example/db'],
    ['postgres://a.example/db?password=planted', 'postgres://a.example/db?<secret>'],
    ['sqlite:data/ledger.db', 'sqlite:data/ledger.db'],
    ['https://a.example/v1', 'https://a.example/v1'],
  ])('the URL %s is shown as %s', (url, shown) => {
    // A config of a future ledger: today's check would not let it through.
    const config = configSchema.parse({
      routes: [{ name: 'a', hosts: ['a.example'], action: 'deny' }],
      ledger: { url },
    });
    expect(describeConfig(config)).toContain(`url: ${shown}\n`);
  });

  test('every text that sounds like a secret is marked as one, or is a file', () => {
    // Numbers count tokens and are shown: `window.tokens`, `budget.day.tokens`.
    const texts = leaves().filter(({ node }) => node.type !== 'integer' && node.type !== 'number');
    const names = texts.filter(({ path }) => /key|secret|password|token|credential/.test(path));
    expect(names.map(({ path, node }) => [path, node.secret ?? false])).toEqual([
      ['listen.proxy.key', false], // a file
      ['listen.admin.tls.key', false], // a file
      ['console.oidc.client_secret', true],
      ['interception.ca_key', false], // a file
      ['judges.*.model.api_key', true],
      ['judges.*.small_model.api_key', true],
      ['ledger.checkpoints.key', false], // a file
      ['sinks[].secret', true],
    ]);
  });
});
