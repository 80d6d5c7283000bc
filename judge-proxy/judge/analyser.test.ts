/**
 * The analyser answers for every capture, exactly once, whatever its thread does: many at a time, a backlog that is
 * full, a thread that hangs, one that dies of a document. What it lost is recorded as not analysed.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type AnalyserOptions, createAnalyser, type StartedAnalyser } from './analyser.ts';
import { failedAnalysis } from './analysis-messages.ts';
import type { JudgeInput } from './input.ts';
import { bodyOf, captureOf } from './testing/captures.ts';

const open: StartedAnalyser[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((analyser) => analyser.close()));
});

async function start(over: Partial<AnalyserOptions> = {}): Promise<StartedAnalyser> {
  const analyser = createAnalyser({
    limits: { decoded_copy: 64 * 2 ** 20, decode_time: 10_000 },
    judges: { strict: { rules: ['secrets', 'personal_data', 'judge_manipulation'] }, lax: { rules: [] } },
    hmacKey: Buffer.alloc(32, 1),
    ...over,
  });
  open.push(analyser);
  await analyser.ready;
  return analyser;
}

const KEY = ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');

function windowOf(text: string, judge: string | null = 'strict') {
  const part = {
    side: 'response',
    place: 'response.choices[0].message.content',
    role: 'assistant',
    kind: 'text',
  } as const;
  return { exchangeId: 'exchange-1', judge, parts: [{ ...part, text }] };
}

describe('a window of a stream', () => {
  it('is read by the rules of the judge and redacted with the tokens of its exchange', async () => {
    const analyser = await start();
    const text = `The key is ${KEY}, keep it.`;
    const reading = await analyser.readWindow(windowOf(text));
    expect(reading).toMatchObject({ complete: true, rule_hits: [{ rule: 'secrets', severity: 'critical' }] });
    const [part] = reading?.parts ?? [];
    expect(part?.text).not.toContain(KEY.slice(0, 12));
    const { content } = await analyser.analyse(captureOf({ answer: text }), 'strict');
    expect(content?.json).toContain(JSON.stringify(part?.text).slice(1, -1));
    expect((await analyser.readWindow(windowOf(text, 'lax')))?.rule_hits).toEqual([]);
  });

  it('is redacted with what its request was found to hold, until the exchange is over', async () => {
    const redaction = {
      patterns: [],
      json_paths: [
        { name: 'customer', path: '$.metadata.customer' },
        { name: 'aside', path: '$.aside' },
      ],
    };
    const analyser = await start({ redaction });
    const request = bodyOf(
      JSON.stringify({
        model: 'm',
        messages: [{ role: 'user', content: 'hi' }],
        metadata: { customer: 'Quillfeather' },
      }),
    );
    const secretHeaders = [['x-api-key', 'velvet-marmalade']] as const;
    await analyser.analyse(
      captureOf({ request, secretHeaders, requestOnly: true, beforeWindows: true, response: bodyOf('') }),
      'strict',
    );
    const text = 'Ask Quillfeather, velvet-marmalade or crimson-gondola.';
    const task = { ...windowOf(text), afterRequest: true };
    const shown = async (over = {}) => (await analyser.readWindow({ ...task, ...over }))?.parts[0]?.text;
    expect(await shown()).toMatch(
      /^Ask \[REDACTED:customer:\w+\], \[REDACTED:header_x_api_key:\w+\] or crimson-gondola\.$/,
    );
    // An event of the stream says what else is secret, in two pieces.
    const events = ['{"aside":"crimson-"}', '{"aside":"gondola"}'];
    expect(await shown({ events })).toMatch(/ or \[REDACTED:aside:\w+\]\.$/);
    expect(await shown()).toMatch(/ or \[REDACTED:aside:\w+\]\.$/);
    expect(await shown({ recording: 'full' })).toBe(text);
    expect(await analyser.readWindow({ ...task, recording: 'metadata' })).toMatchObject({ parts: [], complete: true });
    await analyser.analyse(captureOf({ request }), 'strict');
    // Nobody knows any more what was secret: nothing may be shown.
    expect(await analyser.readWindow(task)).toBeNull();
  });

  it('goes before captures that wait', async () => {
    const analyser = await start();
    const order: string[] = [];
    const captures = Array.from({ length: 50 }, async () => {
      await analyser.analyse(captureOf(), 'strict');
      order.push('capture');
    });
    await analyser.readWindow(windowOf('Rivers.')).then(() => order.push('window'));
    await Promise.all(captures);
    expect(order.indexOf('window')).toBeLessThan(20);
  });

  it('that could not be read is null', async () => {
    const analyser = await start({ backlog: 0 });
    expect(await analyser.readWindow(windowOf('Rivers.'))).toBeNull();
  });
});

/** JSON of `mib` that is many times as large once it is parsed. */
function dense(mib: number) {
  return captureOf({ request: bodyOf(`{"messages":[${'{},'.repeat((mib * 2 ** 20) / 3)}{}]}`) });
}

it('gives each capture its own analysis', async () => {
  const analyser = await start();
  const names = Array.from({ length: 200 }, (_, index) => `question ${index}`);
  const analyses = await Promise.all(names.map((user) => analyser.analyse(captureOf({ user }), 'strict')));
  const users = analyses.map(
    ({ content }) => (JSON.parse(content?.json ?? '') as JudgeInput).transcript.parts[0]?.text,
  );
  expect(users).toEqual(names);
});

it('applies the rules of the judge; without a known one all of them', async () => {
  const analyser = await start();
  const capture = () => captureOf({ user: 'My card is 4111 1111 1111 1111.' });
  const hits = async (judge: string | null) => {
    const { content } = await analyser.analyse(capture(), judge);
    return (JSON.parse(content?.json ?? '') as JudgeInput).rule_hits.length;
  };
  expect(await hits('strict')).toBe(1);
  expect(await hits('lax')).toBe(0);
  expect(await hits(null)).toBe(1);
  expect(await hits('toString')).toBe(1);
});

it('leaves the bytes of a pool alone and takes large copies over', async () => {
  const analyser = await start();
  const pooled = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'pooled' }] }));
  const small = { ...bodyOf(''), bytes: pooled, total: pooled.length };
  const large = bodyOf(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(100_000) }] }));
  const answers = await Promise.all([
    analyser.analyse(captureOf({ request: small }), null),
    analyser.analyse(captureOf({ request: large }), null),
  ]);
  expect(answers.map(({ coverage }) => coverage.level)).toEqual(['full', 'full']);
  expect(pooled.toString()).toContain('pooled');
  expect(large.bytes.byteLength).toBe(0);
});

describe('when something is wrong', () => {
  it('a full backlog is said to be', async () => {
    const analyser = await start({ backlog: 3 });
    const analyses = await Promise.all(Array.from({ length: 10 }, () => analyser.analyse(captureOf(), null)));
    expect(analyses.filter(({ coverage }) => coverage.level === 'full')).toHaveLength(3);
    expect(analyses.filter(({ coverage }) => coverage.reasons[0] === 'analysis_failed')).toHaveLength(7);
  });

  it('a hanging thread is replaced, and what waited behind it is analysed', async () => {
    const reasons: string[] = [];
    const analyser = await start({ hangMs: 300, onRestart: (reason) => reasons.push(reason) });
    const held = Array.from({ length: 8 }, () => analyser.analyse(dense(8), null));
    const later = analyser.analyse(captureOf(), null);
    expect((await Promise.all(held))[7]).toEqual(failedAnalysis());
    expect((await later).coverage.level).toBe('full');
    expect(reasons).toEqual(['hung']);
  });

  it('a thread that dies takes what it held, and the next goes on with the rest', async () => {
    const reasons: string[] = [];
    const thread = new URL('./testing/dying-thread.ts', import.meta.url);
    const analyser = await start({ thread, onRestart: (reason) => reasons.push(reason) });
    const hosts = ['dies.invalid', ...Array.from({ length: 12 }, () => 'api.openai.com')];
    const analyses = await Promise.all(hosts.map((host) => analyser.analyse(captureOf({ host }), null)));
    expect(analyses.slice(0, 8)).toEqual(Array.from({ length: 8 }, failedAnalysis));
    expect(analyses.slice(8).map(({ api }) => api)).toEqual(Array.from({ length: 5 }, () => 'answered'));
    expect(reasons).toEqual(['crashed']);
  });

  it('what comes while no thread can start waits for the one that does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'analyser-'));
    const file = join(folder, 'dying-thread.ts');
    const source = new URL('./testing/dying-thread.ts', import.meta.url);
    const text = readFileSync(source, 'utf8').replace('../', new URL('.', import.meta.url).href);
    writeFileSync(file, text);
    const reasons: string[] = [];
    const neither = Promise.withResolvers<void>();
    const analyser = await start({
      thread: pathToFileURL(file),
      hangMs: 300,
      onRestart: (reason) => reasons.push(reason) === 2 && neither.resolve(),
    });
    rmSync(file);
    await analyser.analyse(captureOf({ host: 'dies.invalid' }), null);
    await neither.promise;
    writeFileSync(file, text);
    expect(await analyser.analyse(captureOf(), null)).toMatchObject({ api: 'answered' });
    expect(reasons).toEqual(['crashed', 'crashed']);
    rmSync(folder, { recursive: true });
  });

  it('a thread that cannot start is told to the owner', async () => {
    const analyser = createAnalyser({
      limits: { decoded_copy: 1, decode_time: 1 },
      judges: {},
      hmacKey: Buffer.alloc(32),
      thread: new URL('./no-such-thread.ts', import.meta.url),
    });
    open.push(analyser);
    await expect(analyser.ready).rejects.toThrow('does not start');
  });
});

it('closes after what it was given, and takes nothing afterwards', async () => {
  const analyser = await start();
  const given = Promise.all(Array.from({ length: 20 }, () => analyser.analyse(captureOf(), null)));
  await analyser.close();
  expect((await given).every(({ coverage }) => coverage.level === 'full')).toBe(true);
  expect(await analyser.analyse(captureOf(), null)).toEqual(failedAnalysis());
});
