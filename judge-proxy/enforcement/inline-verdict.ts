/** Verdicts that a client waits for: built from what was asked, committed with their record, told to the client. */

import { fallbackBlock } from '../apis/fallback-block.ts';
import { findApi } from '../apis/registry.ts';
import { buildVerdict, type Held } from '../judge/build-verdict.ts';
import { InlineJudge, type Matter, type StopCode, UNREAD } from '../judge/inline-judge.ts';
import type { Analysis, InputSummary, JudgeInput } from '../judge/input.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict, RuleHit, Verdict } from '../ledger/records.ts';
import type { Subject } from '../policy/failure-policy.ts';
import { blockOrder, type StoppedExchange } from './block-order.ts';
import type { EnforcedParts } from './enforce.ts';
import type { EnforcedGate } from './enforced-gate.ts';
import { noteCommitted, noteGap } from './exchange-records.ts';
import type { Ending } from './gate.ts';
import type { ExchangeStart } from './recorder.ts';

/** What is decided of an exchange, or of its request. */
export interface Decided {
  readonly judge: InlineJudge;
  readonly record: ExchangeCompleted;
  readonly analysis: Analysis;
  /** Why it is stopped, null when it is not. */
  readonly stop: StopCode | null;
  /** null for a request on its own. */
  readonly gate: EnforcedGate | null;
}

export class InlineVerdicts {
  readonly #parts: EnforcedParts;
  readonly #start: ExchangeStart;
  readonly #opened: ExchangeOpened;

  constructor(parts: EnforcedParts, start: ExchangeStart, opened: ExchangeOpened) {
    this.#parts = parts;
    this.#start = start;
    this.#opened = opened;
  }

  newJudge(subject: Subject): InlineJudge {
    const { judges, consultant, onFailure } = this.#parts.enforce;
    const { route } = this.#start;
    return new InlineJudge({
      consultant,
      judge: judges.get(this.#opened.judge ?? '') ?? null,
      opened: this.#opened,
      sampling: route.sampling,
      metadataOnly: route.recording === 'metadata',
      asItCame: route.recording === 'full',
      onFailure: onFailure(route, subject),
    });
  }

  /** Appends the verdict on a request. @returns how the client is answered, null when the request may be sent */
  async appendForRequest(decided: Decided): Promise<Ending | null> {
    const { ledger, counted } = this.#parts.enforce;
    const verdict = this.#verdict(decided);
    const committed = await this.#committed(() => ledger.verdict(verdict, decided.analysis.content));
    if (committed !== null) {
      this.#parts.log.verdict({ ...committed });
      counted(committed);
    }
    return this.#ending(decided, committed);
  }

  /** Commits record and verdict in one transaction. @returns how the client is answered, null when it is delivered */
  async commit(decided: Decided): Promise<Ending | null> {
    const { ledger, counted } = this.#parts.enforce;
    const { record, analysis } = decided;
    const verdict = this.#verdict(decided);
    const committed = await this.#committed(() =>
      ledger.completeJudged(record, analysis.content, verdict, analysis.sealed),
    );
    if (committed !== null) {
      noteCommitted(this.#parts, this.#opened, record, committed);
      counted(committed);
    }
    return this.#ending(decided, committed);
  }

  /** What a client is told of a stop. */
  block(stop: Pick<StoppedExchange, 'code' | 'verdict'>, analysis: Analysis, gate: EnforcedGate | null): Ending {
    const { route, requestId, method, path } = this.#start;
    const block = blockOrder(route.block, { ...stop, requestId });
    const request = { streamed: analysis.streamed, model: analysis.model_requested };
    const write = findApi(method, path)?.block ?? fallbackBlock;
    return { kind: 'block', whole: write(block, request), tail: gate?.tail(block) ?? null };
  }

  async #committed(commit: () => Promise<Verdict>): Promise<Verdict | null> {
    try {
      return await commit();
    } catch {
      noteGap(this.#parts, this.#opened);
      return null;
    }
  }

  /** A verdict that nobody can find again is none: the route's `on_judge_failure` has the word then, too. */
  #ending({ judge, stop, analysis, gate }: Decided, committed: Verdict | null): Ending | null {
    const code = stop ?? (committed === null && judge.onFailure === 'block' ? 'judge_unavailable' : null);
    return code === null ? null : this.block({ code, verdict: committed }, analysis, gate);
  }

  #verdict({ judge, record, analysis, stop, gate }: Decided): NewVerdict {
    const consultation = judge.together();
    const held = this.#held(gate);
    const { verdict } = buildVerdict({
      ...{ opened: this.#opened, completed: record, consultation, held },
      summary: withHits(analysis.summary, gate),
      judge: judge.judge,
      outcome: consultation.outcome,
      onFailure: judge.onFailure,
      verdictId: this.#parts.newId(),
      ts: record.ts,
    });
    // A gate that could hold no more, or could not read on, stops what no question was about.
    if (stop === null || verdict.action !== 'allowed') return verdict;
    return { ...verdict, action: held.enforcement === 'mid_stream' ? 'cut' : 'blocked' };
  }

  #held(gate: EnforcedGate | null): Held {
    const { route } = this.#start;
    return {
      enforcement: gate?.delivered === true ? 'mid_stream' : 'before_first_byte',
      release: route.mode === 'window' ? route.window.release : null,
      subject: gate === null ? 'request' : 'exchange',
      windows: gate?.windows ?? 0,
    };
  }
}

/** What the judge reads of an analysis. */
export function matterOf({ content, unseen }: Analysis): Matter {
  if (unseen !== undefined) return { input: unseen, document: null };
  // Our own canonical JSON.
  return content === null ? UNREAD : { input: JSON.parse(content.json) as JudgeInput, document: content.json };
}

/** What rules found in an analysis. */
export function hitsOf({ summary }: Analysis): readonly RuleHit[] {
  return summary?.rule_hits ?? [];
}

const NO_SUMMARY: InputSummary = {
  rule_hits: [],
  latest_user_message: null,
  latest_user_message_length: null,
  context_tail_preview: null,
};

/** What made the gate stop stands in the verdict also where the copy of the whole is shorter than what went through. */
function withHits(summary: InputSummary | null, gate: EnforcedGate | null): InputSummary | null {
  if (gate === null || gate.stop === null) return summary;
  const { rule_hits: found } = summary ?? NO_SUMMARY;
  const known = new Set(found.map(hitKey));
  const more = gate.hits.filter((hit) => !known.has(hitKey(hit)));
  return more.length === 0 ? summary : { ...(summary ?? NO_SUMMARY), rule_hits: [...found, ...more] };
}

function hitKey({ rule, place, preview }: RuleHit): string {
  return `${rule} ${place} ${preview}`;
}
