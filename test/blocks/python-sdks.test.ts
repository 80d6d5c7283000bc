/**
 * Contract: as `node-sdks.test.ts`, for the Python SDKs of OpenAI and Anthropic. One interpreter makes all calls, because
 * starting one costs more than all of them.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { pythonWithClients } from '../support/python.ts';
import { SECOND_FIRST, tailCases, wholeCases } from './cases.ts';
import { serveCases } from './origin.ts';
import { faults, type Outcome } from './outcome.ts';

const PYTHON = pythonWithClients();
const SCRIPT = join(import.meta.dirname, 'clients.py');

const plain = [...wholeCases(), ...tailCases()].map((one) => ({ ...one, how: 'plain' }));
const helpers = plain
  .filter((one) => one.streamed && !one.name.includes(SECOND_FIRST))
  .map((one) => ({ ...one, how: 'helper' }));
const cases = [...plain, ...helpers];

describe.skipIf(PYTHON === null)('Python SDKs', () => {
  let seen: readonly Outcome[];
  let requests: readonly number[];

  beforeAll(async () => {
    await using origin = await serveCases(cases);
    seen = await call(cases.map(({ api, how, streamed }, index) => ({ api, how, streamed, url: origin.url(index) })));
    requests = cases.map((_one, index) => origin.requests(index));
  }, 120_000);

  it.each(cases.map((one, index) => [`${one.how} ${one.name}`, one, index] as const))('%s', (_title, one, index) => {
    const outcome = seen[index];
    expect(outcome).toBeDefined();
    if (outcome !== undefined) expect(faults(one, outcome, requests[index] ?? 0), JSON.stringify(outcome)).toEqual([]);
  });
});

async function call(calls: readonly object[]): Promise<Outcome[]> {
  const child = spawn(PYTHON ?? '', [SCRIPT], { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(calls));
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(problems).toBe('');
  return JSON.parse(out) as Outcome[];
}
