/**
 * Contract: as `node-sdks.test.ts`, for the Go SDKs of OpenAI and Anthropic. They have one error type for each status, and
 * none for an error inside a stream: its text carries our code and message.
 */

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { goClients } from '../support/go.ts';
import { BLOCK, type Case, tailCases, wholeCases } from './cases.ts';
import { serveCases } from './origin.ts';
import { faults, nameOf, type Outcome } from './outcome.ts';

const PROGRAM = goClients();
const cases = [...wholeCases(), ...tailCases()];

describe.skipIf(PROGRAM === null)('Go SDKs', () => {
  let seen: readonly Outcome[];
  let requests: readonly number[];

  beforeAll(async () => {
    await using origin = await serveCases(cases);
    seen = await call(cases.map(({ api, streamed }, index) => ({ api, streamed, url: origin.url(index) })));
    requests = cases.map((_one, index) => origin.requests(index));
  }, 120_000);

  it.each(cases.map((one, index) => [one.name, one, index] as const))('%s', (_title, one, index) => {
    const outcome = seen[index];
    expect(outcome).toBeDefined();
    if (outcome === undefined) return;
    expect(faults(one, inWordsOfOthers(one, outcome), requests[index] ?? 0), JSON.stringify(outcome)).toEqual([]);
  });
});

function inWordsOfOthers(one: Case, outcome: Outcome): Outcome {
  if (outcome.raised === null) return outcome;
  if (one.released === null)
    return outcome.raised === '*apierror.Error' ? { ...outcome, raised: nameOf(one) } : outcome;
  const code = outcome.message?.includes(`"${BLOCK.code}"`) ? BLOCK.code : outcome.code;
  return { ...outcome, raised: 'APIError', code };
}

async function call(calls: readonly object[]): Promise<Outcome[]> {
  const child = spawn(PROGRAM ?? '', { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(calls));
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(problems).toBe('');
  return JSON.parse(out) as Outcome[];
}
