/** The admin server with the handlers of exchanges, review, quality and exports, over a real ledger and a real index. */

import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { AdminAnswer, AdminSession } from '../../../test/support/admin-session.ts';
import { type Answer, type Body, ENDPOINTS, type EndpointName, type GivenQuery } from '../../contract/endpoints.ts';
import { problem } from '../../contract/responses.ts';
import type { JudgeInput } from '../../judge/input.ts';
import type { Content, Ledger, Sealed } from '../../ledger/ledger.ts';
import { openReadModel } from '../../ledger/read-model/read-model.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict, Verdict } from '../../ledger/records.ts';
import { KeptLog, sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from '../../ledger/sample-records.ts';
import { newId, systemClock } from '../../telemetry/clock.ts';
import { createErasureHandlers } from '../erasures/handlers.ts';
import { createExchangeHandlers } from '../exchanges/handlers.ts';
import { createExportHandlers } from '../exports/handlers.ts';
import type { Handlers } from '../handlers.ts';
import { createLiveHandlers } from '../live/handlers.ts';
import { createOverviewHandlers } from '../overview/handlers.ts';
import { createHealthHandlers } from '../overview/health-handlers.ts';
import { createQualityHandlers } from '../quality/handlers.ts';
import { createReviewHandlers } from '../review/handlers.ts';
import { AdminRig } from './admin-rig.ts';

export interface DataOptions {
  readonly control_rate?: number;
  readonly opinions?: number;
}

/** What is asked, with the parameters of the path as they are. */
export interface Asked<N extends EndpointName> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: GivenQuery<N>;
  readonly body?: Partial<Body<N>>;
}

export interface Recorded {
  readonly opened?: Partial<ExchangeOpened>;
  readonly completed?: Partial<ExchangeCompleted>;
  /** null for none. */
  readonly verdict?: Partial<NewVerdict> | null;
  /** What was judged: its text, the document itself, or null when nothing was kept. */
  readonly content?: string | JudgeInput | null;
  readonly sealed?: Sealed;
}

export class DataRig implements AsyncDisposable {
  readonly rig: AdminRig;
  readonly readModel: ReadModel;
  readonly url: string;
  /** Set by a test, as the files of checkpoints would. */
  checkpointSize: number | null = null;

  private constructor(rig: AdminRig, readModel: ReadModel, url: string) {
    this.rig = rig;
    this.readModel = readModel;
    this.url = url;
  }

  static async start({ control_rate = 1, opinions = 1 }: DataOptions = {}): Promise<DataRig> {
    const made: { readModel?: ReadModel; url?: string; data?: DataRig } = {};
    const rig = await AdminRig.start({
      handlersOf: ({ ledger, url, clock }) => {
        const readModel = openReadModel({
          ...{ url, clock: systemClock, log: new KeptLog() },
          onCommit: (listener) => ledger.onCommit(listener),
        });
        Object.assign(made, { readModel, url });
        const checkpointSize = () => made.data?.checkpointSize ?? null;
        return handlersOf({ ledger, readModel, url, clock, checkpointSize, review: { control_rate, opinions } });
      },
    });
    const { readModel, url } = made;
    if (readModel === undefined || url === undefined) throw new Error('the rig made no handlers');
    made.data = new DataRig(rig, readModel, url);
    return made.data;
  }

  get ledger(): Ledger {
    return this.rig.ledger;
  }

  /** The answer, held against its schema; fails for any other status than that of success. */
  async ask<N extends EndpointName>(session: AdminSession, name: N, asked: Asked<N> = {}): Promise<Answer<N>> {
    const { status, body } = await this.call(session, name, asked);
    expect(body).not.toHaveProperty('code');
    expect(status).toBe(ENDPOINTS[name].status);
    return ENDPOINTS[name].response.parse(body) as Answer<N>;
  }

  /** The code of the problem that it answers with, and its detail. */
  async refused<N extends EndpointName>(session: AdminSession, name: N, asked: Asked<N> = {}) {
    const { status, body } = await this.call(session, name, asked);
    expect(status).toBeGreaterThanOrEqual(400);
    return problem.parse(body);
  }

  async call<N extends EndpointName>(
    session: AdminSession,
    name: N,
    { params = {}, query, body }: Asked<N>,
  ): Promise<AdminAnswer> {
    const { method, path } = ENDPOINTS[name];
    const filled = path.replace(/:([a-z_]+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
    const search = new URLSearchParams(Object.entries(query ?? {}).map(([key, value]) => [key, String(value)]));
    return await session.call(method, search.size === 0 ? filled : `${filled}?${search}`, body);
  }

  /** An exchange that has ended, in the ledger and in the index. */
  async record(id: string, { opened, completed, verdict = {}, content = null, sealed }: Recorded = {}): Promise<void> {
    const kept: Content | null = content === null ? null : sampleContent(documentOf(content));
    const ended = sampleCompleted(id, {
      content_sha256: kept?.sha256 ?? null,
      ...(sealed === undefined ? {} : { sealed_sha256: sealed.sha256 }),
      ...completed,
    });
    await this.ledger.open(sampleOpened(id, opened));
    if (verdict === null) await this.ledger.complete(ended, kept, null, sealed ?? null);
    else {
      const judged = sampleVerdict(id, { input_sha256: kept?.sha256 ?? null, ...verdict });
      await this.ledger.completeJudged(ended, kept, judged, sealed ?? null);
    }
    await this.indexed();
  }

  /** When lists show everything that the ledger holds. */
  async indexed(): Promise<number> {
    const seq = (await this.ledger.head())?.seq ?? 0;
    await this.readModel.caughtUp(seq);
    return seq;
  }

  /** All verdicts, oldest first. */
  async verdicts(): Promise<readonly Verdict[]> {
    return (await this.ledger.verdicts({ limit: 1_000 })).toReversed();
  }

  /** A verdict of another judge that decides nothing. */
  async shadow(id: string, changes: Partial<NewVerdict> = {}): Promise<void> {
    const verdict = sampleVerdict(id, { verdict_id: `shadow-${id}`, ...changes });
    await this.ledger.append([{ kind: 'shadow_verdict', record: { ...verdict, shadow_of: `verdict-${id}` } }]);
    await this.indexed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.readModel.close();
    await this.rig[Symbol.asyncDispose]();
  }
}

interface HandlerParts {
  readonly ledger: Ledger;
  readonly readModel: ReadModel;
  readonly url: string;
  readonly clock: AdminRig['clock'];
  readonly checkpointSize: () => number | null;
  readonly review: { readonly control_rate: number; readonly opinions: number };
}

function handlersOf(parts: HandlerParts): Partial<Handlers> {
  const common = { ...parts, newId };
  return {
    ...createExchangeHandlers(common),
    ...createOverviewHandlers(common),
    ...createLiveHandlers(common),
    ...createReviewHandlers(common),
    ...createQualityHandlers({ ...common, ledgerUrl: parts.url }),
    ...createExportHandlers({ ...common, ledgerUrl: parts.url }),
    ...createErasureHandlers(common),
    ...createHealthHandlers({
      ...common,
      health: () => ({ parts: [{ name: 'ledger', ok: true }] }),
      judgeQueue: () => 3,
      version: '0.0.0',
    }),
  };
}

/** A document of one user message. */
export function documentOf(content: string | JudgeInput): JudgeInput {
  if (typeof content !== 'string') return content;
  return {
    version: 1,
    rule_hits: [],
    coverage: { level: 'full', reasons: [] },
    transcript: {
      ...{ api: 'openai.chat_completions', model_requested: 'gpt-5-mini', model_returned: 'gpt-5-mini-2025-08-07' },
      ...{ streamed: false, finish: ['stop'], usage: { tokens_in: 1, tokens_out: 2, tokens_cached: null } },
      ...{ error: null, unknown_items: 0 },
      parts: [
        { side: 'request', place: 'request.messages[0].content', role: 'user', kind: 'text', text: content },
        {
          side: 'response',
          place: 'response.choices[0].message.content',
          role: 'assistant',
          kind: 'text',
          text: 'Yes.',
        },
      ],
    },
  };
}

/** Turns of the event loop until something holds; fails after five seconds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + 5_000;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error('it did not come to hold');
    await setTimeout(5);
  }
}
