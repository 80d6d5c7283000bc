/**
 * Contract: each key of a judge's small model does for it what it does for the model. What shows that it was asked, or
 * was not, are the questions that arrived, and `escalated_from` of the verdict.
 */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { type Difference, hostOf, judgesOf, judgeUrl } from '../support/settings-judges.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { type Section, SettingsWorld } from '../support/settings-world.ts';

const model = new ScriptedJudge();
let world: SettingsWorld;
let running: RunningSettings;
let answerLate: () => void;

/** The small model of a judge is asked at `small-JUDGE`. */
const small = (judge: string) => model.to(`small-${judge}`);

async function judged(judge: string, text = 'hello') {
  await chat(running.port, hostOf(judge), judge, text);
  return await running.verdict(judge);
}

beforeAll(async () => {
  world = await SettingsWorld.make();
  world.judgement = model.handler;
  const tls = (name: string) => `https://127.0.0.1:${world.tlsJudgeModel.port}/small-${name}/v1`;
  const withSmall = (name: string, different: Section = {}): Difference => ({
    judge: {
      small_model: { ...world.model, name: 'small-judge', base_url: judgeUrl(world, `small-${name}`), ...different },
    },
  });
  const different: Readonly<Record<string, Section | null>> = {
    alone: null,
    sure: {},
    grave: {},
    moved: { base_url: judgeUrl(world, 'small-elsewhere') },
    keyed: { api_key: 'another-key' },
    keyless: { api_key: '' },
    renamed: { name: 'tiny-judge' },
    hasty: { timeout: '300ms' },
    trusting: { base_url: tls('trusting'), ca_files: [world.originCa.certFile] },
    distrusting: { base_url: tls('distrusting') },
    inside: { allow_addresses: [] },
  };
  const cases = Object.entries(different).map(([name, section]) => [
    name,
    section === null ? {} : withSmall(name, section),
  ]);
  running = await world.start({ config: judgesOf(world, Object.fromEntries(cases)) });
  const late = Promise.withResolvers<void>();
  answerLate = late.resolve;
  model.script = ({ judge }) => (judge === 'small-hasty' ? { wait: late.promise } : {});
});
afterAll(async () => {
  answerLate?.();
  await world?.close();
});

it('a small model that is sure answers alone', async () => {
  expect(await judged('sure')).toMatchObject({
    state: 'scored',
    judge: { model: 'small-judge', escalated_from: null },
  });
  expect(small('sure')).toHaveLength(1);
  expect(model.to('sure')).toEqual([]);
  expect(await judged('alone')).toMatchObject({ judge: { model: 'test-judge', escalated_from: null } });
});

it('what it finds grave the model is asked about', async () => {
  const verdict = await judged('grave', 'STRICTLY CONFIDENTIAL: the merger');
  expect(verdict).toMatchObject({
    state: 'scored',
    overall: { label: 'violation' },
    judge: { model: 'test-judge', escalated_from: 'small-judge' },
  });
  expect([small('grave').length, model.to('grave').length]).toEqual([1, 1]);
});

it('small_model.base_url: is asked there', async () => {
  await judged('moved');
  expect(small('elsewhere')).toHaveLength(1);
  expect(small('moved')).toEqual([]);
});

it('small_model.api_key: is shown to it, and without one only the model is asked', async () => {
  await judged('keyed');
  expect(small('keyed')[0]?.seen.headers.authorization).toBe('Bearer another-key');
  expect(await judged('keyless')).toMatchObject({
    state: 'scored',
    judge: { model: 'test-judge', escalated_from: null },
  });
  expect(small('keyless')).toEqual([]);
});

it('small_model.name: is asked for', async () => {
  expect(await judged('renamed')).toMatchObject({ judge: { model: 'tiny-judge' } });
  expect(small('renamed')[0]?.model).toBe('tiny-judge');
});

it('small_model.timeout: is not waited for any longer, and the model answers', async () => {
  expect(await judged('hasty')).toMatchObject({
    state: 'scored',
    judge: { model: 'test-judge', escalated_from: 'small-judge' },
  });
  expect(small('hasty')).toHaveLength(1);
});

it('small_model.ca_files: are trusted for it, and nobody else is', async () => {
  expect(await judged('trusting')).toMatchObject({ judge: { model: 'small-judge', escalated_from: null } });
  expect(await judged('distrusting')).toMatchObject({ judge: { model: 'test-judge', escalated_from: 'small-judge' } });
  expect(small('distrusting')).toEqual([]);
});

it('small_model.allow_addresses: an address that is not public has to be listed', async () => {
  expect(await judged('inside')).toMatchObject({ judge: { model: 'test-judge', escalated_from: 'small-judge' } });
  expect(small('inside')).toEqual([]);
});
