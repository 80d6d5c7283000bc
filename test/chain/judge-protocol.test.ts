/**
 * Contract: through a running proxy, a judge endpoint is asked in the form that it understands, found out once; a response
 * that says nothing is never clean, whatever the model says; what is encoded reaches the model decoded beside the original,
 * with no secret in it, and may be quoted.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openAiHandler } from '../support/openai-origin.ts';
import { chatCompletion } from '../support/openai-shapes.ts';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { type Difference, hostOf, judgesOf } from '../support/settings-judges.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { SettingsWorld } from '../support/settings-world.ts';

const model = new ScriptedJudge();
const NO_CACHE: Difference = { judge: { cache: { entries: 0 } } };
let world: SettingsWorld;
let asked = 0;

async function judged(running: RunningSettings, judge: string, text?: string) {
  const id = `${judge}-${++asked}`;
  await chat(running.port, hostOf(judge), id, text);
  return await running.verdict(id);
}

const start = (...judges: readonly string[]) =>
  world.start({ config: judgesOf(world, Object.fromEntries(judges.map((judge) => [judge, NO_CACHE]))) });

/** The document that the model was shown. */
function documentOf(question: (typeof model.questions)[number] | undefined) {
  const { messages } = JSON.parse(question?.seen.body.toString() ?? '{}') as { messages: { content: string }[] };
  return JSON.parse(messages[1]?.content.split('\n')[1] ?? 'null') as { decoded?: { place: string; text: string }[] };
}

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
});
afterEach(() => {
  model.script = () => ({});
  world.answer = openAiHandler();
});
afterAll(async () => {
  await world?.close();
});

describe('the form of the answer', () => {
  it.each([
    ['objects', ['json_schema', 'json_object'], 'json_object'],
    ['prose', ['json_schema', 'json_object', 'text'], 'text'],
  ] as const)(
    'of an endpoint that knows only %s is found once, and stands in each verdict',
    async (judge, forms, mode) => {
      model.script = ({ format }) => ({ refuseFormat: format !== mode });
      const running = await start(judge);
      for (let i = 0; i < 2; i++) {
        expect(await judged(running, judge)).toMatchObject({
          state: 'scored',
          judge: { output_mode: mode, nonce_ok: true },
        });
      }
      expect(model.to(judge).map(({ format }) => format)).toEqual([...forms, mode]);
    },
  );

  it('leaves the hash of the judge as it is', async () => {
    const running = await start('hashed');
    const strict = await judged(running, 'hashed');
    model.script = ({ format }) => ({ refuseFormat: format === 'json_schema' });
    const plain = await judged(running, 'hashed');
    expect(plain.judge).toEqual({ ...strict.judge, output_mode: 'json_object' });
  });
});

it('a response that says nothing is not clean, though the model finds nothing in it', async () => {
  world.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(chatCompletion({ model: 'm', text: 'Thought process:' })));
  };
  const verdict = await judged(await start('silent'), 'silent');
  expect(verdict).toMatchObject({
    state: 'scored',
    overall: { label: 'undetermined', severity: 'low' },
    rule_hits: [{ rule: 'near_empty_response', place: 'response.choices[0].message.content' }],
  });
  expect(verdict.criteria.every(({ label }) => label === 'pass')).toBe(true);
  expect(model.to('silent')).toHaveLength(1);
});

describe('what is encoded', () => {
  const hex = (text: string) => Buffer.from(text).toString('hex');
  const place = 'request.messages[0].content#hex[0]';

  it('reaches the model decoded, and its quote stands in the verdict with its place', async () => {
    const quote = 'STRICTLY CONFIDENTIAL: the merger';
    model.script = () => ({
      tamper: (answer) => ({ ...answer, judge_manipulation: { present: true, evidence: [{ place, quote }] } }),
    });
    const verdict = await judged(await start('encoded'), 'encoded', `What is ${hex(quote)}?`);
    expect(documentOf(model.to('encoded')[0]).decoded?.[0]).toEqual({ place, coding: 'hex', text: quote });
    expect(verdict.criteria.at(-1)).toMatchObject({ id: 'judge_manipulation', evidence: [{ place, quote }] });
  });

  it('reaches neither model nor ledger with the secret in it', async () => {
    const card = '4111 1111 1111 1111';
    const verdict = await judged(await start('card'), 'card', `Keep ${hex(`my card is ${card}, please`)} for me`);
    const shown = model.to('card')[0]?.seen.body.toString() ?? '';
    for (const text of [shown, JSON.stringify(verdict)]) {
      expect(text).not.toContain(card);
      expect(text).not.toContain(hex(card));
    }
    expect(documentOf(model.to('card')[0]).decoded?.[0]?.text).toMatch(
      /^my card is \[REDACTED:payment_card:\w+\], please$/,
    );
    // The origin of this test repeats what it is asked: its answer is a second place.
    expect(verdict.rule_hits[0]).toMatchObject({ rule: 'personal_data', place, severity: 'high' });
  });
});
