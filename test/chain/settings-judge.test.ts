/**
 * Contract: each key of a judge, of its model, and each price does what docs/configuration.md says, and so does
 * `on_judge_failure` of a route. One judge proxy has a judge for each key, which differs from the plain one in that key,
 * and a host for each judge.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import { chatCompletion } from '../support/openai-shapes.ts';
import type { OriginHandler, SeenRequest } from '../support/origin.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { RUBRIC, type Section, SettingsWorld } from '../support/settings-world.ts';

const CARD = '4111111111111111';
const ONE_QUESTION = `
name: one-question
version: 1
criteria:
  - id: only_question
    question: Is this the only question?
    definition: It is.
    violating: [a violating example]
    allowed: [an allowed example]
    scale: binary
    threshold: 1
    weight: 0.5
    severity: low
`;

let world: SettingsWorld;
let running: RunningSettings;
/** Of the judge without any difference. */
let usual: Verdict;
let answerLate: () => void;

const hostOf = (judge: string) => `${judge}.judged.test`;
const judged = async (judge: string, text = `pay with ${CARD}`) => {
  await chat(running.port, hostOf(judge), judge, text);
  return await running.verdict(judge);
};
/** What the model of this judge was asked. */
const askedBy = (judge: string): SeenRequest[] =>
  [...world.judgeModel.seen, ...world.tlsJudgeModel.seen].filter((seen) => seen.url.startsWith(`/${judge}/`));

beforeAll(async () => {
  world = await SettingsWorld.make();
  const rubric = join(world.folder, 'one-question.yaml');
  await writeFile(rubric, ONE_QUESTION);
  const at = (judge: string) => `http://127.0.0.1:${world.judgeModel.port}/${judge}/v1`;
  const tls = (judge: string) => `https://127.0.0.1:${world.tlsJudgeModel.port}/${judge}/v1`;
  const different: Record<string, { judge?: Section; model?: Section; route?: Section }> = {
    plain: {},
    priced: {},
    rubric: { judge: { rubric } },
    rules: { judge: { rules: ['secrets', 'judge_manipulation'] } },
    moved: { model: { base_url: at('elsewhere') } },
    keyless: { model: { api_key: '' } },
    keyed: { model: { api_key: 'another-key' } },
    renamed: { model: { name: 'another-judge' } },
    hasty: { model: { timeout: '300ms' } },
    patient: {},
    trusting: { model: { base_url: tls('trusting'), ca_files: [world.originCa.certFile] } },
    distrusting: { model: { base_url: tls('distrusting') } },
    inside: { model: { allow_addresses: [] } },
    'broken-allow': { route: { on_judge_failure: 'allow' } },
    'broken-block': { route: { on_judge_failure: 'block' } },
    'broken-usual': {},
  };
  const names = Object.keys(different);
  running = await world.start({
    config: {
      upstream: { connect_to: world.leading(...names.map(hostOf)) },
      routes: names.map((judge) => ({
        name: judge,
        hosts: [hostOf(judge)],
        ports: [443, 80],
        action: 'terminate',
        judge,
        ...different[judge]?.route,
      })),
      judges: {
        // Merged over the base, which brings a judge of this name.
        default: { rubric: RUBRIC },
        ...Object.fromEntries(
          names.map((judge) => {
            const model = { ...world.model, base_url: at(judge), ...different[judge]?.model };
            return [judge, { rubric: RUBRIC, model, ...different[judge]?.judge }];
          }),
        ),
      },
      prices: {
        'only-input*': { input: 1, output: 0 },
        'with-cache*': { input: 1, cached_input: 0.1, output: 0 },
        'only-output*': { input: 0, output: 2 },
      },
    },
  });
  const { promise: late, resolve } = Promise.withResolvers<void>();
  answerLate = resolve;
  world.judgement = async (seen, ...rest) => {
    if (/^\/(hasty|patient)\//.test(seen.url)) await late;
    const broken = seen.url.startsWith('/broken-');
    await judgeModelHandler(broken ? { tamper: (answer) => ({ ...answer, nonce: 'wrong' }) } : {})(seen, ...rest);
  };
  usual = await judged('plain');
});
afterAll(async () => {
  answerLate?.();
  await world?.close();
});

describe('a judge', () => {
  it('rubric: its criteria are asked, and its hash stands in the verdict', async () => {
    const changed = await judged('rubric');
    expect(changed.criteria.map(({ id }) => id)).toEqual(['only_question', 'judge_manipulation']);
    expect(usual.criteria.map(({ id }) => id)).toContain('personal_data');
    expect(changed.judge?.hash).not.toBe(usual.judge?.hash);
  });

  it('rules: those that are listed give hits; what is not listed does not', async () => {
    expect(usual.rule_hits.map(({ rule }) => rule)).toContain('personal_data');
    expect((await judged('rules')).rule_hits).toEqual([]);
  });
});

describe('its model', () => {
  it('base_url: is asked there', async () => {
    expect(await judged('moved')).toMatchObject({ state: 'scored' });
    expect(askedBy('moved')).toEqual([]);
    expect(askedBy('elsewhere').map((seen) => seen.url)).toEqual(['/elsewhere/v1/chat/completions']);
    expect(askedBy('plain').map((seen) => seen.url)).toEqual(['/plain/v1/chat/completions']);
  });

  it('api_key: is shown to it, and without one nobody is asked', async () => {
    expect(await judged('keyed')).toMatchObject({ state: 'scored' });
    expect(askedBy('keyed')[0]?.headers.authorization).toBe('Bearer another-key');
    expect(askedBy('plain')[0]?.headers.authorization).toBe('Bearer test-judge-key');
    expect(await judged('keyless')).toMatchObject({
      state: 'rules_only',
      coverage: { reasons: ['model_not_configured'] },
    });
    expect(askedBy('keyless')).toEqual([]);
  });

  it('name: is asked for', async () => {
    expect(await judged('renamed')).toMatchObject({ judge: { model: 'another-judge' } });
    expect(JSON.parse(String(askedBy('renamed')[0]?.body))).toMatchObject({ model: 'another-judge' });
    expect(JSON.parse(String(askedBy('plain')[0]?.body))).toMatchObject({ model: 'test-judge' });
  });

  it('timeout: is not waited for any longer', async () => {
    const patient = judged('patient', 'hello');
    expect(await judged('hasty', 'hello')).toMatchObject({ state: 'timeout', overall: { label: 'undetermined' } });
    answerLate();
    expect(await patient).toMatchObject({ state: 'scored', overall: { label: 'clean' } });
  });

  it('ca_files: are trusted for it, and nobody else is', async () => {
    const [trusted, not] = await Promise.all([judged('trusting'), judged('distrusting')]);
    expect(trusted).toMatchObject({ state: 'scored' });
    expect(not).toMatchObject({ state: 'provider_error', llm_error: { source: 'judge' } });
    expect(askedBy('distrusting')).toEqual([]);
  });

  it('allow_addresses: an address that is not public has to be listed', async () => {
    expect(await judged('inside')).toMatchObject({ state: 'provider_error', llm_error: { source: 'judge' } });
    expect(askedBy('inside')).toEqual([]);
    expect(askedBy('plain')).toHaveLength(1);
  });
});

describe('a route', () => {
  it('on_judge_failure: says what the verdict says when the judge failed', async () => {
    const [allow, block, unset] = await Promise.all(
      ['broken-allow', 'broken-block', 'broken-usual'].map((judge) => judged(judge, 'hello')),
    );
    const failed = { state: 'nonce_mismatch', decided_by: 'fallback' };
    const review = { label: 'undetermined', severity: 'medium' };
    expect(allow).toMatchObject({ ...failed, action: 'allowed', overall: { label: 'undetermined', severity: 'none' } });
    expect(block).toMatchObject({ ...failed, action: 'would_block', overall: review });
    expect(unset).toMatchObject({ ...failed, action: 'allowed', overall: review });
  });
});

describe('prices', () => {
  it.each([
    ['input', 'only-input', 1],
    ['cached_input', 'with-cache', 0.64],
    ['output', 'only-output', 2],
    ['none for the model', 'not-listed', null],
  ])('%s: is what a million tokens cost', async (_key, model, cost) => {
    world.answer = millions;
    await chat(running.port, hostOf('priced'), model);
    expect(await running.verdict(model)).toMatchObject({ model_requested: model, cost_usd: cost });
  });
});

/** A million tokens in, four tenths of them from the cache, and a million out. */
const millions: OriginHandler = (seen, response) => {
  const { model } = JSON.parse(String(seen.body)) as { model: string };
  const usage = {
    prompt_tokens: 1_000_000,
    completion_tokens: 1_000_000,
    total_tokens: 2_000_000,
    prompt_tokens_details: { cached_tokens: 400_000 },
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...chatCompletion({ model, text: 'much' }), usage }));
};
