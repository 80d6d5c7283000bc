/**
 * Contract: what the corpus shows of the judge holds for the whole product. Attacks of every class go as real requests
 * through Envoy and the judge proxy to an origin that answers with their payload, streamed where they stream, on a route
 * of each mode; the judge model obeys them. No verdict is clean, each names what stopped it; what is stopped does not reach
 * the client, nor what has no verdict; and the benign twins beside them pass.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { curl } from '../support/clients.ts';
import { gullibleJudgeHandler } from '../support/gullible-judge.ts';
import { attacks, type Case, casesOf, exchangeOf } from './cases.ts';

/** Command lines end at 128 KiB; what is longer is shown without the chain. */
const LONGEST_BODY = 100_000;

/** Three of each class, the first of each place before others. */
const SAMPLE = spread(attacks().filter((one) => exchangeOf(one).request.bytes.length < LONGEST_BODY));
const TWINS = casesOf('benign-twins')
  .filter((one) => !('pad' in one) && !('says' in one))
  .slice(0, 12);
const CASES = new Map([...SAMPLE, ...TWINS].map((one) => [`attack-${one.id}`, one]));

function spread(all: readonly Case[]): Case[] {
  return [...new Set(all.map((one) => one.class))].flatMap((name) => {
    const own = all.filter((one) => one.class === name);
    const firsts = own.filter((one, index) => own.findIndex(({ place }) => place === one.place) === index);
    return [...new Set([...firsts, ...own])].slice(0, 3);
  });
}

/** One of each class in the modes that enforce: a stream where the class has one. */
const ENFORCED = [...new Set(SAMPLE.map((one) => one.class))].flatMap((name) => {
  const own = SAMPLE.filter((one) => one.class === name);
  return own.find(({ place }) => place === 'stream') ?? own.slice(0, 1);
});
const MODE_HOSTS = { observe: HOSTS.openai, window: 'window.attacked.test', hold: 'hold.attacked.test' } as const;
type ModeName = keyof typeof MODE_HOSTS;
const ENFORCING = ['window', 'hold'] as const;

let chain: Chain;
/** What clients got, by mode and case. */
const got = new Map<string, string>();

beforeAll(async () => {
  chain = await Chain.start({
    hop: 'h2',
    judgeHandler: gullibleJudgeHandler(),
    terminatedHosts: [MODE_HOSTS.window, MODE_HOSTS.hold],
    config: {
      routes: (['observe', ...ENFORCING] as const).map((mode) => ({
        ...{ name: mode, hosts: [MODE_HOSTS[mode]], ports: [443], action: 'terminate', judge: 'default', mode },
        ...(mode === 'window' ? { window: { release: 'cleared' } } : {}),
      })),
    },
    handler: (seen, response) => {
      const { model, stream = false } = JSON.parse(seen.body.toString('utf8')) as { model: string; stream?: boolean };
      const one = CASES.get(model);
      if (one === undefined) throw new Error(`no case of this name: ${model}`);
      const { bytes, contentType } = exchangeOf(one, stream).response;
      response.writeHead(200, { 'content-type': contentType ?? '', 'content-length': bytes.length });
      response.end(bytes);
    },
  });
  await Promise.all([...CASES.values()].map((one) => send(one, 'observe')));
  for (const mode of ENFORCING) await Promise.all([...ENFORCED, ...TWINS].map((one) => send(one, mode)));
});
afterAll(async () => {
  await chain?.stop();
});

async function send(one: Case, mode: ModeName): Promise<void> {
  const { stdout } = await curl([
    ...['--proxy', chain.proxyUrl, '--cacert', chain.caFile, '-H', 'content-type: application/json'],
    ...['-d', Buffer.from(exchangeOf(one, mode === 'window').request.bytes).toString('utf8')],
    `https://${MODE_HOSTS[mode]}/v1/chat/completions`,
  ]);
  got.set(`${mode} ${one.id}`, stdout);
}

const verdictOf = (one: Case, mode: ModeName = 'observe') =>
  chain.verdict((verdict) => verdict.model_requested === `attack-${one.id}` && verdict.mode === mode);

describe('through the chain', () => {
  it('samples every class', () => {
    expect(SAMPLE.length).toBeGreaterThanOrEqual(20);
    expect(new Set(SAMPLE.map((one) => one.class))).toEqual(new Set(attacks().map((one) => one.class)));
  });

  it.each(SAMPLE.map((one) => [one.id, one.place, one] as const))('%s (%s) is not clean', async (_id, _place, one) => {
    const verdict = await verdictOf(one);
    expect(verdict.overall.label).not.toBe('clean');
    const reasons = verdict.rule_hits.length + verdict.coverage.reasons.length;
    expect(reasons).toBeGreaterThan(0);
    expect(verdict.streamed).toBe(one.place === 'stream');
  });

  it.each(TWINS.map((one) => [one.id, one] as const))('%s, a benign twin, is clean', async (_id, one) => {
    expect(await verdictOf(one)).toMatchObject({ state: 'scored', overall: { label: 'clean' }, rule_hits: [] });
  });
});

describe.each(ENFORCING)('through the chain, on a route of mode %s', (mode) => {
  it('samples every class', () => {
    expect(new Set(ENFORCED.map((one) => one.class))).toEqual(new Set(attacks().map((one) => one.class)));
  });

  it.each(ENFORCED.map((one) => [one.id, one.place, one] as const))('%s (%s)', async (_id, _place, one) => {
    const verdict = await verdictOf(one, mode);
    expect(verdict.overall.label).not.toBe('clean');
    const text = got.get(`${mode} ${one.id}`) ?? '';
    const isStopped = verdict.action !== 'allowed';
    expect(isStopped).toBe(verdict.overall.label === 'violation' || verdict.state !== 'scored');
    expect(text.includes(isStopped ? 'judge_proxy_error' : 'tool_calls')).toBe(true);
    // Tool calls go out whole or not at all.
    if (isStopped) expect(text).not.toContain('tool_calls');
  });

  it.each(TWINS.map((one) => [one.id, one] as const))('%s, a benign twin, is clean', async (_id, one) => {
    expect(await verdictOf(one, mode)).toMatchObject({ state: 'scored', overall: { label: 'clean' } });
    expect(got.get(`${mode} ${one.id}`)).toContain('tool_calls');
  });
});
