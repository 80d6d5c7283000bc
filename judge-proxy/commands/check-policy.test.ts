/** Contract of `npm run check-policy`: a rubric that ships is summed up, a wrong one is explained at its place. */

import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { loadRubric } from '../judge/rubric.ts';
import { checkPolicy } from './check-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function check(...args: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await checkPolicy(args, { stdout, stderr, env: {}, signal: new AbortController().signal });
  stdout.end();
  stderr.end();
  const text = async (stream: PassThrough) => Buffer.concat(await stream.toArray()).toString('utf8');
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

const RUBRICS = globSync('config/rubrics/*.yaml').sort();

it('three rubrics ship', () => {
  expect(RUBRICS.map((file) => file.replace(/.*[\\/]/, ''))).toEqual([
    ...['code-assistant.yaml', 'customer-support.yaml', 'default.yaml'],
  ]);
});

describe.each(RUBRICS)('%s', (file) => {
  it('is valid; its hash and every criterion are shown', async () => {
    const rubric = loadRubric(file);
    const { code, stdout, stderr } = await check(file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${rubric.name} version ${rubric.version}`);
    expect(stdout).toContain(`hash ${rubric.hash}\n`);
    for (const { id, question } of rubric.criteria) {
      expect(stdout).toContain(`\n${id}  `);
      expect(stdout).toContain(question);
    }
  });

  it('is the same as JSON', async () => {
    const { stdout } = await check(file, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, hash: loadRubric(file).hash });
  });
});

const WRONG = `name: small
version: 1
criteria:
  - id: leak
    question: Does something leak?
    definition: Confidential text leaves.
    violating: [a secret plan is pasted]
    allowed: [public text]
    scale: binary
    treshold: 1
    weight: 2
    severity: critical
`;

describe('a rubric with mistakes', () => {
  const file = join(folder, 'wrong.yaml');
  writeFileSync(file, WRONG);

  it('has each explained with line, column, the line itself and what to write', async () => {
    const { code, stdout, stderr } = await check(file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      [
        `${file}:10:5: criteria[0].treshold: this key is not known`,
        '  10 |     treshold: 1',
        '     |     ^',
        '  Did you mean `threshold`? Known here: `id`',
      ].join('\n'),
    );
    expect(stderr).toContain(`${file}:4:5: criteria[0].threshold: this key is missing`);
    expect(stderr).toContain('`threshold` is the lowest score that is a violation: 1 with `binary`');
    expect(stderr).toMatch(/wrong\.yaml:11:13: criteria\[0\]\.weight: .*\n {2}11 \| {5}weight: 2\n {5}\| {13}\^\n/);
    const at = [...stderr.matchAll(/wrong\.yaml:(\d+):/g)].map((match) => Number(match[1]));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
  });

  it('is the same as JSON', async () => {
    const { code, stdout } = await check(file, '--json');
    const { valid, problems } = JSON.parse(stdout) as { valid: boolean; problems: { line: number; path: string }[] };
    expect({ code, valid }).toEqual({ code: 1, valid: false });
    expect(problems.map(({ line, path }) => `${line} ${path}`)).toEqual([
      ...['4 criteria[0].threshold', '10 criteria[0].treshold', '11 criteria[0].weight'],
    ]);
  });

  it('shows no control characters of the file', async () => {
    writeFileSync(join(folder, 'hostile.yaml'), 'name: small\n"\\u001b": 1 # \u001b[2J\n');
    const { stderr } = await check(join(folder, 'hostile.yaml'));
    expect(stderr).not.toContain('\u001b');
  });
});

describe('arguments', () => {
  it.each([
    [[], 2, /takes one FILE/],
    [['a', 'b'], 2, /takes one FILE/],
    [['--wrong'], 2, /Unknown option/],
    [['no/such.yaml'], 1, /no\/such\.yaml:1:1: the rubric cannot be read \(ENOENT\)/],
  ])('%j ends with %d', async (args, code, message) => {
    expect(await check(...args)).toMatchObject({ code, stderr: expect.stringMatching(message) });
  });

  it('--help tells how', async () => {
    expect(await check('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('npm run check-policy') });
  });
});
