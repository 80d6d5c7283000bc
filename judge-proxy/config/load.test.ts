// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax under test
/**
 * Contract: a config is taken whole or refused whole. A refusal names file, line, column and key of everything that is
 * wrong, and what to do; it never shows a secret or a value of the environment.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, parseConfig } from './load.ts';

const ROUTES = 'routes:\n  - { name: rest, hosts: ["*"], action: tunnel }\n';

function refused(text: string, env: Record<string, string> = {}): ConfigError {
  try {
    parseConfig(text, 'f.yaml', env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the config was accepted');
}

describe('a good file', () => {
  test('has the defaults, units in milliseconds and bytes', () => {
    const config = parseConfig(ROUTES, 'f.yaml', {});
    expect(config.listen.proxy.port).toBe(8888);
    expect(config.listen.plain).toBeUndefined();
    expect(config.limits.headers).toBe(15_000);
    expect(config.limits.header_block).toBe(65_536);
    expect(config.routes[0]).toEqual({
      name: 'rest',
      hosts: ['*'],
      ports: [443],
      action: 'tunnel',
      mode: 'observe',
      hold_request: false,
      window: { release: 'cleared', tokens: 400, rules_tokens: 50, overlap_tokens: 100 },
      block: {
        status: 403,
        message: 'This exchange was stopped by the policy of your organisation.',
        style: 'error',
        headers: true,
        reveal: 'nothing',
      },
      sampling: 1,
      recording: 'redacted',
      seal: false,
    });
    // What enforces is closed when the judge fails, what only watches calls a person.
    expect(config.on_judge_failure).toEqual({ observe: 'review', window: 'block', hold: 'block' });
  });

  test('anchors and aliases work', () => {
    const text =
      'routes:\n  - { name: a, hosts: &h [a.example], action: deny }\n  - { name: b, hosts: *h, ports: [80], action: deny }\n';
    expect(parseConfig(text, 'f.yaml', {}).routes[1]?.hosts).toEqual(['a.example']);
  });
});

describe('variables', () => {
  const port = (value: string, env: Record<string, string>) =>
    parseConfig(`${ROUTES}listen: { admin: { port: ${value} } }`, 'f.yaml', env).listen.admin.port;

  test('become a number where the key asks for one, quoted or not', () => {
    expect(port('"${PORT:-9000}"', {})).toBe(9_000);
    expect(port('"${PORT:-9000}"', { PORT: '9001' })).toBe(9_001);
    expect(port('"90${PORT}"', { PORT: '02' })).toBe(9_002);
    expect(parseConfig(`${ROUTES}listen:\n  admin:\n    port: \${PORT:-9000}\n`, 'f.yaml', {}).listen.admin.port).toBe(
      9_000,
    );
  });

  test('stay text where the key asks for text', () => {
    const routes = 'routes:\n  - { name: a, hosts: [a.example], action: terminate, judge: j }\n';
    const config = parseConfig(
      `${routes}judges: { j: { rubric: r.yaml, model: { api_key: "\${KEY}", name: "\${NAME}" } } }`,
      'f.yaml',
      {
        KEY: '12345',
        NAME: 'true',
      },
    );
    expect(config.judges.j?.model).toMatchObject({ api_key: '12345', name: 'true' });
  });

  test.each([['0x50'], ['080'], ['1e3'], ['80 '], ['eighty'], [''], ['1_000'], ['NaN'], ['Infinity']])(
    '%j is no port',
    (value) => {
      const error = refused(`${ROUTES}listen: { admin: { port: "\${PORT}" } }`, { PORT: value });
      expect(error.message).toContain(
        'f.yaml:3:26: listen.admin.port: expected a number (the value comes from the environment).',
      );
    },
  );

  test('a text without variable is not made a number', () => {
    expect(refused(`${ROUTES}listen: { admin: { port: "9000" } }`).message).toContain(
      'listen.admin.port: expected a number.',
    );
  });

  test('a number from the environment keeps its bounds', () => {
    const text = `${ROUTES}listen: { admin: { port: "\${PORT}" } }`;
    expect(refused(text, { PORT: '65536' }).message).toContain('expected at most 65535');
    expect(refused(text, { PORT: '-1' }).message).toContain('expected at least 0');
    expect(refused(text, { PORT: '80.5' }).message).toContain('expected a whole number');
  });

  test('an unset one without default names itself and its place', () => {
    const error = refused(`${ROUTES}log:\n  level: \${LOG_LEVEL}\n`);
    expect(error.problems).toEqual([
      expect.objectContaining({ line: 4, column: 10, message: 'the environment variable LOG_LEVEL is not set' }),
    ]);
  });

  test('in comments mean nothing', () => {
    expect(() => parseConfig(`# \${UNSET}\n${ROUTES}`, 'f.yaml', {})).not.toThrow();
  });

  test('in keys are refused: they would be taken literally', () => {
    expect(
      refused(`${ROUTES}upstream: { connect_to: { "\${HOST}:443": "127.0.0.1:1" } }`, { HOST: 'a' }).message,
    ).toContain('a variable stands in a key');
  });

  test('no value can add structure, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\n "'{}:#&*!|>%@,a-z-]{0,40}$/)),
        (value) => {
          const routes = 'routes:\n  - name: a\n    hosts: [a.example]\n    action: terminate\n    judge: j\n';
          const config = parseConfig(`${routes}judges:\n  j:\n    rubric: \${V:-default}\n`, 'f.yaml', { V: value });
          expect(config.judges.j?.rubric).toBe(value === '' ? 'default' : value);
        },
      ),
    );
  });
});

describe('a refusal', () => {
  test.each([
    [
      'an unknown key at the top',
      `${ROUTES}limts: {}`,
      'f.yaml:3:1: limts: this key is not known. Did you mean `limits`?',
    ],
    [
      'an unknown key in a section',
      `${ROUTES}limits:\n  header: 1s`,
      'f.yaml:4:3: limits.header: this key is not known. Did you mean `headers`?',
    ],
    [
      'an unknown key in a list',
      'routes:\n  - { name: a, hosts: [a.example], action: deny, port: [1] }',
      'f.yaml:2:50: routes[0].port: this key is not known. Did you mean `ports`?',
    ],
    [
      'an unknown key in a map of names',
      `${ROUTES}judges: { j: { rubric: r, modle: {} } }`,
      'judges.j.modle: this key is not known. Did you mean `model`?',
    ],
    [
      'a key like nothing',
      `${ROUTES}log: { zzzzzzzz: 1 }`,
      'log.zzzzzzzz: this key is not known. Known here: `level`, `format`.',
    ],
    ['a merge key', `${ROUTES}x: &x {}\nlog: { <<: *x }`, 'log["<<"]: this key is not known'],
    ['a repeated key', 'a: 1\na: 2', 'f.yaml:2:1: this key stands twice in its map'],
    ['a prototype key', `${ROUTES}prices: { __proto__: { input: 1, output: 1 } }`, '`__proto__` is no key'],
    ['a missing key', 'routes:\n  - name: a\n    action: deny', 'f.yaml:2:5: routes[0].hosts: this key is missing'],
    ['a missing choice', 'routes:\n  - name: a\n    hosts: [a.example]', 'routes[0].action: this key is missing'],
    ['an empty file', '', 'f.yaml:1:1: routes: this key is missing'],
    ['no map', '- a', 'f.yaml:1:1: expected a map of keys'],
    ['an empty section', `${ROUTES}log:\n`, 'log: this key has no value: write one, or remove the key'],
    ['another type', `${ROUTES}limits: { tunnels: many }`, 'limits.tunnels: expected a number'],
    ['a list that is none', 'routes: { a: 1 }', 'routes: expected a list'],
    ['an empty list', 'routes: []', 'routes: may not be empty'],
    [
      'a duration without unit',
      `${ROUTES}limits: { headers: "15" }`,
      'limits.headers: expected a duration with a unit',
    ],
    ['a number for a duration', `${ROUTES}limits: { headers: 15 }`, 'limits.headers: expected a text'],
    ['no time at all', `${ROUTES}limits: { headers: 0s }`, 'limits.headers: expected a duration'],
    [
      'an unknown choice',
      `${ROUTES}log: { level: loud }`,
      'log.level: expected one of `debug`, `info`, `warn`, `error`, `silent`',
    ],
    ['a bad name', `${ROUTES}judges: { "My Judge": { rubric: r } }`, 'judges["My Judge"]: this is not a valid name'],
    [
      'a bad URL',
      `${ROUTES}judges: { j: { rubric: r, model: { base_url: "ftp://a" } } }`,
      'base_url: expected an http:// or https:// URL',
    ],
    [
      'a bad route name',
      'routes: [{ name: "A b", hosts: [a.example], action: deny }]',
      'routes[0].name: expected text that matches',
    ],
    ['a tab', `${ROUTES}log:\n\tlevel: info`, 'f.yaml:4:1: '],
    ['an unclosed quote', 'routes: "a', 'a quote, bracket or comma is missing'],
    ['two documents', `${ROUTES}---\n${ROUTES}`, 'there is more than one document'],
    ['an unknown tag', `${ROUTES}log: { level: !secret info }`, 'a tag is not known'],
    ['an alias of nothing', `${ROUTES}log: *nothing`, 'f.yaml:3:6: an alias names no anchor before it'],
    ['a key that is a list', `${ROUTES}? [a, b]\n: 1`, 'a key has to be a plain word'],
  ])('%s', (_, text, expected) => {
    expect(refused(text).message).toContain(expected);
  });

  test('aliases that unfold without end', () => {
    const layers = Array.from(
      { length: 12 },
      (_, index) =>
        `x${index}: &x${index} [${Array(9)
          .fill(index === 0 ? '1' : `*x${index - 1}`)
          .join(', ')}]`,
    );
    expect(refused(`${layers.join('\n')}\n${ROUTES}`).message).toContain('its aliases unfold beyond all measure');
  });

  test('lists everything that is wrong, in order of the file', () => {
    const error = refused('log: { level: loud, colour: 1 }\nrouts: []\n');
    expect(error.file).toBe('f.yaml');
    expect(error.problems.map(({ line, path }) => [line, path])).toEqual([
      [1, 'routes'],
      [1, 'log.level'],
      [1, 'log.colour'],
      [2, 'routs'],
    ]);
  });

  test('names a file that cannot be read', () => {
    expect(() => loadConfig('/nonexistent/f.yaml', {})).toThrow(
      '/nonexistent/f.yaml:1:1: the config file cannot be read (ENOENT). Check the path given to --config.',
    );
  });

  test('of a file on disk names it as it was given', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const file = join(folder, 'f.yaml');
      writeFileSync(file, 'x: 1\n');
      expect(() => loadConfig(file, {})).toThrow(`${file}:1:1: x: this key is not known`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('shows no secret, wherever it stands', () => {
    const secret = 'sk-planted-0123456789';
    const texts = [
      `judges: { j: { rubric: r, model: { api_key: [${secret}] } } }`,
      `judges: { j: { rubric: r, model: { api_key: "${secret}", api_key: "${secret}" } } }`,
      `judges: { j: { rubric: r, model: { api_key: "${secret}" } } }\n${secret}`,
      `judges: { j: { rubric: r, model: { api_key: "${secret} with blank" } } }\n${ROUTES}`,
      `judges: { j: { rubric: r, model: { api_key: "${secret}`,
      `judges: { j: { rubric: r, model: { base_url: "https://me:${secret}@a.example/?k=${secret}" } } }\n${ROUTES}`,
      `judges: { j: { rubric: r, model: { base_url: "${secret}" } } }\n${ROUTES}`,
      `judges: { j: { rubric: r, model: { timeout: "${secret}" } } }\n${ROUTES}`,
      `judges: { j: { rubric: r, rules: [${secret}] } }\n${ROUTES}`,
      `ledger: { url: "postgres://me:${secret}@a.example/db" }\n${ROUTES}`,
      `ledger: { durability: ${secret} }\n${ROUTES}`,
      `log: { level: "\${KEY:?${secret}}" }\n${ROUTES}`,
      `upstream: { allow_addresses: [${secret}], connect_to: { "a:1": ${secret} } }\n${ROUTES}`,
      `limits: { tunnels: \${KEY} }\n${ROUTES}`,
      `api_key: @${secret}`,
      `%${secret}\n`,
    ];
    for (const text of texts) expect(refused(text, { KEY: secret }).message).not.toContain('planted');
  });
});
