/**
 * Contract of `npm run check-config`: what each route does is said in words and as JSON, so that nobody has to put mode,
 * judge and failure policy together in their head; what is doubtful is a warning; secrets are shown nowhere.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { parseConfig } from '../config/load.ts';
import { checkConfig } from './check-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CONFIG = `
interception: { ca_cert: ${folder}/ca.crt, ca_key: ${folder}/ca.key }
listen: { proxy: { cert: ${folder}/s.crt, key: ${folder}/s.key, client_ca: ${folder}/c.crt } }
on_judge_failure: { hold: allow }
judges:
  both: { rubric: r, model: { api_key: sk-planted, name: large }, small_model: { api_key: sk-planted, name: small } }
  rules: { rubric: r }
routes:
  - { name: watched, hosts: [a.example], action: terminate, judge: rules }
  - { name: windowed, hosts: [b.example], action: terminate, judge: both, mode: window, hold_request: true }
  - { name: held, hosts: [c.example], action: terminate, judge: both, mode: hold, on_judge_failure: review }
  - { name: rest, hosts: ["*"], action: tunnel }
`;

async function check(...args: readonly string[]) {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, CONFIG);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, env: {}, signal: new AbortController().signal };
  const code = await checkConfig(['--config', file, ...args], io);
  stdout.end();
  stderr.end();
  const text = async (stream: PassThrough) => Buffer.concat(await stream.toArray()).toString('utf8');
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

it('says of each route what it does, and when the judge fails', async () => {
  const { code, stdout, stderr } = await check();
  expect(code).toBe(0);
  expect(stdout.split('\n\n')[0]?.split('\n')).toEqual([
    '# watched (terminate): an answer is delivered at once and judged after by rules; it is never stopped',
    '#   mode observe · judge rules, rules alone',
    '#   when the judge fails: review',
    '# windowed (terminate): a request reaches the origin after its verdict; each window of a stream is delivered once rules and model cleared it',
    '#   mode window, release cleared · judge both, rules and small, then large',
    '#   when the judge fails: block, of a held request: allow',
    '# held (terminate): an answer is delivered after the verdict of rules and model',
    '#   mode hold · judge both, rules and small, then large',
    '#   when the judge fails: review',
    '# rest (tunnel): relayed unread',
  ]);
  expect(stderr).toContain('warning: on_judge_failure.hold: what is held back passes unjudged when the judge fails.');
  expect(stdout).not.toContain('planted');
});

it('what it prints is the same config', async () => {
  const shown = (await check()).stdout.replaceAll('<secret>', 'sk-planted');
  expect(parseConfig(shown, 'shown.yaml', {})).toEqual(parseConfig(CONFIG, 'f.yaml', {}));
});

it('the same as JSON', async () => {
  const { stdout } = await check('--json');
  expect(JSON.parse(stdout)).toMatchObject({
    valid: true,
    effective: [
      { route: 'watched', judge: { mode: 'observe', model: null, on_judge_failure: 'review' } },
      { route: 'windowed', judge: { release: 'cleared', small_model: 'small', on_request_judge_failure: 'allow' } },
      { route: 'held', judge: { mode: 'hold', on_judge_failure: 'review', on_request_judge_failure: null } },
      { route: 'rest', action: 'tunnel', judge: null, enforced: 'relayed unread' },
    ],
  });
});
