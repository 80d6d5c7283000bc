/**
 * Contract: each key of a route's `block` changes what the client is told, and nothing else. One judge proxy has a host
 * for each key, all in mode `hold` with the same violation.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { hostOf, judgesOf } from '../support/settings-judges.ts';
import { type Answer, chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { type Section, SettingsWorld } from '../support/settings-world.ts';

const QUOTE = 'STRICTLY CONFIDENTIAL: the merger';
const CRITERION = 'data_leakage';
const DIFFERENT: Readonly<Record<string, Section>> = {
  usual: {},
  status: { status: 451 },
  message: { message: 'Ask the security desk.' },
  finish: { style: 'finish' },
  bare: { headers: false },
  criteria: { reveal: 'criteria' },
  evidence: { reveal: 'evidence' },
};

const model = new ScriptedJudge();
const answers = new Map<string, Answer>();
let world: SettingsWorld;
let running: RunningSettings;

const told = (route: string): Answer => {
  const answer = answers.get(route);
  if (answer === undefined) throw new Error(`nothing was asked of ${route}`);
  return answer;
};

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
  const routes = Object.entries(DIFFERENT).map(([name, block]) => [name, { route: { mode: 'hold', block } }]);
  running = await world.start({ config: judgesOf(world, Object.fromEntries(routes)) });
  for (const route of Object.keys(DIFFERENT)) answers.set(route, await chat(running.port, hostOf(route), route, QUOTE));
});
afterAll(async () => {
  await world?.close();
});

describe('a block', () => {
  it('is an error of the API, and names code, request and verdict', async () => {
    const verdict = await running.verdict('usual');
    expect(verdict).toMatchObject({ action: 'blocked', overall: { label: 'violation' } });
    expect(told('usual')).toMatchObject({ status: 403, code: 'blocked_by_judge' });
    expect(told('usual').headers).toMatchObject({
      'x-judge-request-id': verdict.request_id,
      'x-judge-verdict-id': verdict.verdict_id,
    });
    expect(JSON.parse(told('usual').body)).toMatchObject({
      error: { code: 'blocked_by_judge', message: 'This exchange was stopped by the policy of your organisation.' },
    });
  });

  it('block.status: is the one of the answer', () => {
    expect(told('status')).toMatchObject({ status: 451, code: 'blocked_by_judge' });
  });

  it('block.message: is what the client reads', () => {
    expect(JSON.parse(told('message').body)).toMatchObject({ error: { message: 'Ask the security desk.' } });
  });

  it('block.style: finish is a well-formed answer that ended by content filter', () => {
    expect(told('finish')).toMatchObject({ status: 200, code: 'blocked_by_judge' });
    expect(JSON.parse(told('finish').body)).toMatchObject({
      object: 'chat.completion',
      choices: [{ finish_reason: 'content_filter' }],
    });
  });

  it('block.headers: without them none of ours is there', () => {
    const ours = (answer: Answer) => Object.keys(answer.headers).filter((name) => name.startsWith('x-judge-'));
    expect(ours(told('bare'))).toEqual([]);
    expect(ours(told('usual')).sort()).toEqual(['x-judge-code', 'x-judge-request-id', 'x-judge-verdict-id']);
  });

  it('block.reveal: nothing, the ids of what was violated, or its evidence too', () => {
    const shown = (route: string) => {
      const { body, headers } = told(route);
      const text = body + JSON.stringify(headers);
      return [text.includes(CRITERION), text.includes(QUOTE)];
    };
    expect(shown('usual')).toEqual([false, false]);
    expect(shown('criteria')).toEqual([true, false]);
    expect(shown('evidence')).toEqual([true, true]);
  });
});
