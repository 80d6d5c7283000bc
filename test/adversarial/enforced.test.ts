/**
 * Contract: what holds of the corpus after delivery holds where answers wait for the judge. Through `hold` and through
 * `window` with `release: cleared`, with a judge model that obeys the transcript, no attack is clean; where there is no
 * verdict, nothing of the answer arrives; and what a stop keeps back does not contain the payload. The table says what
 * such a judge lets through all the same, for a person to review: the modes are as good as their model.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFailure } from '../../judge-proxy/judge/decide.ts';
import { type JudgeServer, startJudgeServer } from '../../judge-proxy/judge/testing/judge-server.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { gullibleJudgeHandler } from '../support/gullible-judge.ts';
import { attacks, type Case, casesOf, withoutSteering } from './cases.ts';
import { ENFORCING, type Enforced, EnforcedWorld } from './enforced.ts';
import { PAYLOADS } from './payloads.ts';
import { enforcedTable } from './tables.ts';

const ATTACKS = attacks();
let judge: JudgeServer;
let world: EnforcedWorld;
const lines: string[] = [];

beforeAll(async () => {
  judge = await startJudgeServer(gullibleJudgeHandler());
  world = await EnforcedWorld.open(judge.model);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await judge?.[Symbol.asyncDispose]();
  process.stdout.write(`\n${lines.join('\n')}\n`);
});

describe.each(ENFORCING)('%s', (mode) => {
  it('stops each payload when nobody speaks for it, and nothing of it arrives', async () => {
    for (const payload of Object.keys(PAYLOADS)) {
      const one = ATTACKS.find((attack) => attack.payload === payload);
      if (one === undefined) throw new Error(`no attack carries ${payload}`);
      const result = await world.run(withoutSteering(one), mode);
      expect(result.verdict).toMatchObject({ state: 'scored', mode, overall: { label: 'violation' } });
      expect([result.delivered, showsPayload(result)]).toEqual([false, false]);
    }
  });

  it('none of the corpus is clean, and none without a verdict is delivered', { timeout: 120_000 }, async () => {
    const results: Enforced[] = [];
    for (const one of ATTACKS) results.push(await world.run(one, mode));
    lines.push(...enforcedTable(`${mode}, judge obeys the transcript`, results));
    expect(named(results.filter(({ verdict }) => verdict.overall.label === 'clean'))).toEqual([]);
    const failed = results.filter(({ verdict }) => isWithoutVerdict(verdict));
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed.map(({ verdict }) => verdict.state))).toContain('truncated_input');
    expect(named(failed.filter((result) => result.delivered || showsPayload(result)))).toEqual([]);
    const stopped = results.filter(({ delivered }) => !delivered);
    expect(named(stopped.filter(showsPayload))).toEqual([]);
    for (const { verdict, delivered } of results) {
      expect(['blocked', 'cut'].includes(verdict.action)).toBe(!delivered);
      expect(verdict.overall.label === 'violation' && delivered).toBe(false);
    }
  });

  it('harmless twins arrive', async () => {
    const twins = casesOf('benign-twins').filter((one) => !('pad' in one));
    const results: Enforced[] = [];
    for (const one of twins) results.push(await world.run(one, mode));
    expect(named(results.filter(({ delivered }) => !delivered))).toEqual([]);
  });
});

function isWithoutVerdict({ state, overall }: Verdict): boolean {
  return overall.label !== 'violation' && isFailure({ state } as Parameters<typeof isFailure>[0], 'before_first_byte');
}

/** The sign as it stands in the arguments, with and without the escapes of the JSON around them. */
function showsPayload({ one, text }: Enforced): boolean {
  const sign = PAYLOADS[one.payload]?.sign ?? '';
  return sign !== '' && (text.includes(sign) || text.replaceAll(/\\+/g, '').includes(sign));
}

function named(results: readonly Enforced[]): string[] {
  return results.map(
    ({ one, verdict }: { one: Case; verdict: Verdict }) => `${one.id} ${verdict.state} ${verdict.action}`,
  );
}
