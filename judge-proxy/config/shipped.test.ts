/** Contract: the configuration that ships loads as it is, takes its variables, and so do the examples in its comments. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { configWarnings, loadConfig, parseConfig } from './load.ts';

const SHIPPED = resolve(import.meta.dirname, '../../config/judge-proxy.yaml');

test('the shipped file loads without any variable, and warns of nothing', () => {
  const config = loadConfig(SHIPPED, {});
  expect(config.listen.proxy.host).toBe('127.0.0.1');
  expect(config.ledger.url).toBe('sqlite:data/ledger.db');
  expect(config.routes.map((route) => [route.name, route.action])).toEqual([
    ['openai', 'terminate'],
    ['rest', 'tunnel'],
  ]);
  expect(configWarnings(config)).toEqual([]);
});

test('the shipped file takes each of its variables', () => {
  const config = loadConfig(SHIPPED, {
    JUDGE_PROXY_HOST: '0.0.0.0',
    JUDGE_PROXY_CERTS: '/run/certs',
    JUDGE_PROXY_LEDGER: 'sqlite:/data/l.db',
    JUDGE_BASE_URL: 'http://127.0.0.1:1/v1',
    JUDGE_MODEL: 'other',
    OPENAI_API_KEY: 'key',
    LOG_LEVEL: 'debug',
    LOG_FORMAT: 'pretty',
  });
  expect(config.listen.proxy).toMatchObject({
    host: '0.0.0.0',
    cert: '/run/certs/server.crt',
    client_ca: '/run/certs/ca.crt',
  });
  expect(config.interception.ca_key).toBe('/run/certs/intercept-ca.key');
  expect(config.ledger.url).toBe('sqlite:/data/l.db');
  expect(config.judges.default?.model).toMatchObject({
    base_url: 'http://127.0.0.1:1/v1',
    name: 'other',
    api_key: 'key',
  });
  expect(config.log).toEqual({ level: 'debug', format: 'pretty' });
});

test('the shipped file loads with everything that it shows in comments', () => {
  const shipped = readFileSync(SHIPPED, 'utf8');
  const text = shipped.replace(/^( +)# (?= *(?:- )?[a-z_]+: ?)/gm, '$1').replace('mode: observe', 'mode: window');
  const config = parseConfig(text, 'f.yaml', { OPENAI_API_KEY: 'key' });
  expect(config.routes.map(({ name }) => name)).toEqual(['openai', 'anthropic', 'not-allowed', 'rest']);
  expect(config.routes[0]).toMatchObject({
    mode: 'window',
    window: { release: 'eager' },
    hold_request: true,
    keep_alive: 15_000,
    block: { style: 'finish' },
  });
  expect(config.judges.default?.small_model?.name).toBe('gpt-5-nano');
  expect(config.judges.default?.budget).toMatchObject({ day: { usd: 20 }, client_day: { tokens: 2_000_000 } });
  expect(configWarnings(config)).toEqual([]);
});
