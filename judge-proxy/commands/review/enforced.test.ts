/**
 * Contract of `npm run review` for what was enforced: how a response met its judge, which verdict was on the request
 * alone and which on the pair, who answered and at what price; and nothing of it, names of judges and models included,
 * reaches the terminal as a control.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JudgeInput } from '../../judge/input.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { KeptLog, sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from '../../ledger/sample-records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { HOSTILE, run } from './review-rig.ts';

const INPUT: JudgeInput = {
  version: 1,
  rule_hits: [],
  coverage: { level: 'full', reasons: [] },
  context: {
    complete: true,
    exchanges: [{ exchange_id: 'exchange-before', input_sha256: 'a'.repeat(64) }],
    parts: [
      {
        side: 'request',
        place: 'context[exchange-before].request.input',
        role: 'user',
        kind: 'text',
        text: `Earlier ${HOSTILE}`,
      },
    ],
  },
  decoded: [{ place: 'request.input#base64-1', coding: 'base64', text: `Hidden ${HOSTILE}` }],
  transcript: {
    api: 'openai.responses',
    model_requested: 'm',
    model_returned: 'm',
    streamed: true,
    finish: [],
    usage: { tokens_in: 1, tokens_out: 2, tokens_cached: null },
    error: null,
    unknown_items: 0,
    parts: [{ side: 'request', place: 'request.input', role: 'user', kind: 'text', text: 'Now.' }],
  },
};

let folder: string;
let url: string;
let ledger: Ledger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'review-enforced-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
  const judge = {
    ...{
      name: `strict ${HOSTILE}`,
      hash: 'f'.repeat(64),
      rubric_hash: 'e'.repeat(64),
      model: `big ${HOSTILE}`,
      output_mode: 'text' as const,
    },
    ...{ nonce_ok: true, cache_hit: true, escalated_from: `small ${HOSTILE}` },
  };
  const content = sampleContent(INPUT);
  await ledger.open(sampleOpened('exchange-both', { mode: 'window' }));
  await ledger.verdict(sampleVerdict('exchange-both', { verdict_id: 'v-request', subject: 'request', mode: 'window' }));
  await ledger.completeJudged(
    sampleCompleted('exchange-both', {
      ...{ outcome: 'blocked', content_sha256: content.sha256 },
      ...{ response_id: 'resp_2', previous_response_id: 'resp_1' },
    }),
    content,
    sampleVerdict('exchange-both', {
      ...{ judge, mode: 'window', release: 'eager', windows: 3, action: 'cut', sampling_probability: 0.25 },
      ...{ overall: { label: 'violation', severity: 'high', score: 1 }, judge_cost_usd: 0.0125 },
      criteria: [
        {
          ...{ id: 'leak', score: 1, threshold: 1, label: 'violation', severity: 'high', explanation: '' },
          evidence: [{ place: 'context[exchange-before].request.input', quote: 'Earlier' }],
        },
      ],
    }),
  );
  await ledger.open(sampleOpened('exchange-refused', { mode: 'hold' }));
  await ledger.verdict(
    sampleVerdict('exchange-refused', {
      ...{ verdict_id: 'v-refused', subject: 'request', mode: 'hold', action: 'blocked', input_sha256: content.sha256 },
      overall: { label: 'violation', severity: 'critical', score: 1 },
    }),
    content,
  );
  await ledger.complete(sampleCompleted('exchange-refused', { outcome: 'blocked', status: null }), null, null);
  await ledger.open(sampleOpened('exchange-waiting', { mode: 'hold' }));
  await ledger.verdict(
    sampleVerdict('exchange-waiting', { verdict_id: 'v-w', subject: 'request', mode: 'hold', judge_tokens: null }),
  );
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

const rows = (table: string) => table.split(/\n─+\n/);

describe('list', () => {
  it('shows both verdicts of an exchange, how each met the response, and counts the exchange once', async () => {
    const { stdout } = await run(['list', '--ledger', url]);
    const [, beforehand, open, refused, pair, request, summary] = rows(stdout);
    expect(beforehand).toMatch(/request allowed · hold/);
    expect(open).toMatch(/no verdict +NOT JUDGED[\s\S]*under way/);
    expect(refused).toMatch(/violation · critical[\s\S]*request blocked · hold/);
    expect(pair).toMatch(/violation · high[\s\S]*cut · window eager/);
    expect(request).toMatch(/clean[\s\S]*request allowed · window/);
    expect(summary).toMatch(/^3 exchanges · 2 judged in full · .* · 1 under way · 2 requests judged beforehand\n/);
  });
});

describe('show', () => {
  it('tells the verdict on the request from that on the pair, and who answered', async () => {
    const { stdout } = await run(['show', 'exchange-both', '--ledger', url]);
    for (const piece of [
      'VERDICT ON THE REQUEST ALONE\n  verdict     clean',
      'action      request allowed, mode window\n',
      'VERDICT\n  verdict     violation · high, score 1',
      'action      cut, mode window eager, 3 windows judged before\n',
      'decided by  model, state scored, drawn with probability 0.25\n',
      'as text, answer from the cache, ffffffffffff\n',
      'model took 900 ms, 500 tokens in, 80 out, $0.0125\n',
      'answer      resp_2\n  continues   resp_1\n',
      'EARLIER TURNS (whole)\n  exchange-before\n',
      'context[exchange-before].request.input  ◀ evidence\n    Earlier ',
      'decoded · base64  request.input#base64-1\n    Hidden ',
    ]) {
      expect(stdout).toContain(piece);
    }
    expect(stdout.indexOf('ON THE REQUEST ALONE')).toBeLessThan(stdout.indexOf('VERDICT\n'));
  });

  it('shows nothing as a control, whatever judges and models are called', async () => {
    const { stdout } = await run(['show', 'exchange-both', '--ledger', url]);
    expect(stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(stdout).toMatch(/judge {7}strict ␛.*, model big ␛.*, asked after small ␛/);
  });

  it('shows of a refused request what was judged, and no gap', async () => {
    const { stdout } = await run(['show', 'exchange-refused', '--ledger', url]);
    expect(stdout).toContain('action      request blocked, mode hold');
    expect(stdout).toContain('outcome     blocked');
    expect(stdout).toContain('request · user  request.input\n    Now.');
    expect(stdout).not.toContain('NOT JUDGED');
    const { stdout: json } = await run(['show', 'exchange-refused', '--ledger', url, '--json']);
    expect(JSON.parse(json)).toMatchObject({ content: null, request_content: INPUT, judged: true });
  });

  it('says that an exchange is not judged while only its request is', async () => {
    const { stdout } = await run(['show', 'exchange-waiting', '--ledger', url]);
    expect(stdout).toContain('VERDICT\n  NOT JUDGED: under way\n');
    expect(stdout).toContain('VERDICT ON THE REQUEST ALONE');
  });

  it('reads verdicts of before windows and cascades', async () => {
    const { windows, release, subject, ...old } = sampleVerdict('exchange-old');
    const { output_mode, escalated_from, ...judge } = old.judge ?? {};
    expect([windows, release, subject, output_mode, escalated_from]).toHaveLength(5);
    await ledger.open(sampleOpened('exchange-old'));
    const verdict = { ...old, judge } as unknown as ReturnType<typeof sampleVerdict>;
    await ledger.completeJudged(sampleCompleted('exchange-old'), null, verdict);
    const { stdout } = await run(['show', 'exchange-old', '--ledger', url]);
    expect(stdout).toContain('action      allowed, mode observe\n');
    expect(stdout).not.toContain('undefined');
  });
});
