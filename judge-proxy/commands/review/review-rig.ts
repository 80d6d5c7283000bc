/** What the tests of the review command share: a ledger with something of everything, and a terminal that remembers. */

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { JudgeInput } from '../../judge/input.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { ExchangeCompleted, NewVerdict } from '../../ledger/records.ts';
import {
  KeptLog,
  sampleCompleted,
  sampleConnection,
  sampleContent,
  sampleOpened,
  sampleVerdict,
} from '../../ledger/sample-records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { review } from '../review.ts';

/** Renames the window and turns the reading direction of a terminal that lets it. */
export const HOSTILE = '\u001b]0;pwned\u0007\u202e';

/** A ledger that is being written, with an exchange of each kind. */
export async function sampleLedger(url: string): Promise<Ledger> {
  const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
  await addJudged(ledger, 'exchange-clean', {});
  await addJudged(ledger, 'exchange-leak', {
    decided_by: 'rule',
    state: 'rules_only',
    action: 'would_block',
    coverage: { level: 'partial', reasons: ['model_not_configured'] },
    overall: { label: 'violation', severity: 'critical', score: 0.9 },
    latest_user_message: `My key ${HOSTILE}`,
    rule_hits: [
      {
        rule: 'secrets',
        version: '1',
        place: 'request.messages[0].content',
        preview: 'AWS key, 20',
        severity: 'critical',
      },
    ],
    criteria: [
      {
        id: 'secrets_leaving',
        score: 0.9,
        threshold: 0.5,
        label: 'violation',
        severity: 'high',
        evidence: [{ place: 'request.messages[0].content', quote: `key ${HOSTILE}` }],
        explanation: `It leaves ${HOSTILE}`,
      },
    ],
  });
  await addJudged(ledger, 'exchange-unread', {
    decided_by: 'fallback',
    state: 'unparseable',
    coverage: { level: 'none', reasons: ['unknown_api'] },
    overall: { label: 'undetermined', severity: 'none', score: null },
    latest_user_message: null,
  });
  await ledger.open(sampleOpened('exchange-recorded', { judge: null, client: `client ${HOSTILE}` }));
  await ledger.complete(
    sampleCompleted('exchange-recorded', { coverage: { level: 'none', reasons: ['no_judge'] } }),
    null,
    null,
  );
  await ledger.open(sampleOpened('exchange-open', { path: `/v1/${HOSTILE}` }));
  await ledger.connection(sampleConnection('connection-1', { host: 'tunnel.example' }));
  await ledger.connection(
    sampleConnection('connection-2', { host: 'no.example', action: 'deny', error_code: 'route_denied' }),
  );
  return ledger;
}

/** One exchange with its verdict. */
export async function addJudged(ledger: Ledger, id: string, verdict: Partial<NewVerdict>): Promise<void> {
  const content = sampleContent(judgeInput());
  const completed: ExchangeCompleted = sampleCompleted(id, { content_sha256: content.sha256, streamed: true });
  await ledger.open(sampleOpened(id));
  await ledger.complete(completed, content, { exchange_id: id, judge: 'default' });
  const [job] = await ledger.takeJobs(1, 60_000);
  await ledger.finishJob(job?.job_id ?? 0, sampleVerdict(id, verdict));
}

function judgeInput(): JudgeInput {
  const usage = { tokens_in: 1, tokens_out: 2, tokens_cached: null };
  return {
    version: 1,
    rule_hits: [],
    coverage: { level: 'full', reasons: [] },
    transcript: {
      ...{
        api: 'openai.chat_completions',
        model_requested: 'm',
        model_returned: 'm',
        streamed: true,
        finish: ['stop'],
      },
      ...{ usage, error: null, unknown_items: 1 },
      parts: [
        {
          side: 'request',
          place: 'request.messages[0].content',
          role: 'user',
          kind: 'text',
          text: `Line one\nline two ${HOSTILE}`,
        },
        {
          side: 'response',
          place: 'response.tool[0]',
          role: 'assistant',
          kind: 'tool_call',
          name: `run${HOSTILE}`,
          text: '{}',
        },
      ],
    },
  };
}

export class Terminal extends PassThrough {
  readonly isTTY: boolean;
  readonly columns = 140;
  #text = '';

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
    this.on('data', (chunk) => {
      this.#text += chunk;
    });
  }

  /** Everything that was written. */
  async text(): Promise<string> {
    this.end();
    if (!this.readableEnded) await once(this, 'end');
    return this.#text;
  }
}

/** Runs the command to its end. */
export async function run(args: readonly string[], options: { isTTY?: boolean; env?: Record<string, string> } = {}) {
  const stdout = new Terminal(options.isTTY);
  const stderr = new Terminal();
  const signal = new AbortController().signal;
  const code = await review(args, { stdout, stderr, env: options.env ?? {}, signal });
  return { code, stdout: await stdout.text(), stderr: await stderr.text() };
}
