/**
 * Contract: what the corpus shows of the judge holds for the whole product. Attacks of every class go as real requests
 * through Envoy and the judge proxy to an origin that answers with their payload, streamed where they stream; the judge
 * model obeys them. No verdict is clean, each names what stopped it, and the benign twins beside them pass.
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

let chain: Chain;

beforeAll(async () => {
  chain = await Chain.start({
    hop: 'h2',
    judgeHandler: gullibleJudgeHandler(),
    handler: (seen, response) => {
      const { model } = JSON.parse(seen.body.toString('utf8')) as { model: string };
      const one = CASES.get(model);
      if (one === undefined) throw new Error(`no case of this name: ${model}`);
      const { bytes, contentType } = exchangeOf(one).response;
      response.writeHead(200, { 'content-type': contentType ?? '', 'content-length': bytes.length });
      response.end(bytes);
    },
  });
  await Promise.all([...CASES.values()].map(send));
});
afterAll(async () => {
  await chain?.stop();
});

function send(one: Case): Promise<unknown> {
  return curl([
    ...['--proxy', chain.proxyUrl, '--cacert', chain.caFile, '-H', 'content-type: application/json'],
    ...['-d', Buffer.from(exchangeOf(one).request.bytes).toString('utf8')],
    `https://${HOSTS.openai}/v1/chat/completions`,
  ]);
}

const verdictOf = (one: Case) => chain.verdict((verdict) => verdict.model_requested === `attack-${one.id}`);

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
