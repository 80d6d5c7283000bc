/**
 * Contract: what is judged again is exactly what was judged, or it is named and not judged at all; and what is decided is
 * what live traffic would have met: held exchanges as held ones, hits of the day's rules as they were.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExchangeView } from '../ledger/ledger.ts';
import type { ExchangeCompleted, ExchangeOpened, RuleHit, Verdict } from '../ledger/records.ts';
import { sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from '../ledger/sample-records.ts';
import { notAsked } from './consult.ts';
import type { ModelOutcome } from './decide.ts';
import { createJudge } from './judges.ts';
import type { JudgeModel } from './model.ts';
import { replayCase, replayVerdict, replayWithoutModel } from './replay.ts';
import { goodAnswer, INPUT, RUBRIC } from './testing/judgements.ts';

const CONTENT = sampleContent(INPUT);
const ID = 'exchange-1';
const model: JudgeModel = { name: 'm', ask: () => Promise.reject(new Error('a replay decides without sockets')) };
const judge = createJudge({ name: 'default', rubric: RUBRIC, rules: [], model });
const HIT: RuleHit = { rule: 'secrets', version: '1', place: 'request.input', preview: 'key', severity: 'critical' };

interface Parts {
  readonly opened?: Partial<ExchangeOpened>;
  readonly completed?: Partial<ExchangeCompleted>;
  readonly content?: string | null;
  readonly request_content?: string | null;
  /** null: none. */
  readonly verdict?: Partial<Verdict> | null;
}

function view({ opened, completed, content = CONTENT.json, request_content = null, verdict = {} }: Parts = {}) {
  const known = { input_sha256: CONTENT.sha256, mode: opened?.mode ?? 'observe' } as const;
  const chained = { seq: 3, prev_hash: '', hash: '' };
  return {
    ...{ opened_seq: 1, completed_seq: 2, content, request_content, judged: verdict !== null, job: null },
    opened: sampleOpened(ID, opened),
    completed: sampleCompleted(ID, { content_sha256: CONTENT.sha256, ...completed }),
    verdicts: verdict === null ? [] : [{ ...sampleVerdict(ID, { ...known, ...verdict }), ...chained }],
  } satisfies ExchangeView;
}

function caseOf(parts: Parts = {}) {
  const replay = replayCase(view(parts));
  if (replay === null) throw new Error('under way');
  return replay;
}

function decided(parts: Parts, outcome: ModelOutcome, onFailure: 'allow' | 'block' | 'review' = 'review') {
  const consultation = notAsked(outcome);
  return replayVerdict(caseOf(parts), { judge, outcome, consultation, onFailure, verdictId: 'v', ts: 'now' });
}

describe('what is judged', () => {
  it('is the recorded document, whose hash the verdict has, then and now', () => {
    const replay = caseOf();
    expect(replay).toMatchObject({ document: CONTENT.json, input: INPUT, unusable: null });
    const verdict = decided({}, { state: 'scored', answer: goodAnswer() });
    expect(verdict.input_sha256).toBe(replay.before?.input_sha256);
  });

  it('is nothing else: any other text in its place is altered', () => {
    const other = fc.oneof(
      fc.string(),
      fc.nat(CONTENT.json.length - 1).map((at) => `${CONTENT.json.slice(0, at)}${CONTENT.json.slice(at + 1)}`),
      fc.string({ minLength: 1 }).map((more) => `${CONTENT.json}${more}`),
    );
    fc.assert(
      fc.property(other, (content) => {
        expect(caseOf({ content })).toMatchObject({ unusable: 'content_altered', document: null, input: null });
      }),
    );
  });

  it.each<[string, Parts, unknown]>([
    ['the ledger no longer has it', { content: null }, 'content_missing'],
    ['the verdict names another one', { verdict: { input_sha256: 'f'.repeat(64) } }, 'input_differs'],
    ['the verdict names none', { verdict: { input_sha256: null } }, 'input_differs'],
    ['the record names none, the verdict does', { completed: { content_sha256: null } }, 'input_differs'],
    ['a route without a judge', { verdict: null }, null],
    ['without a judge, altered', { verdict: null, content: '{}' }, 'content_altered'],
    [
      'nothing was recorded',
      { completed: { content_sha256: null }, verdict: { input_sha256: null }, content: null },
      null,
    ],
  ])('%s', (_, parts, unusable) => expect(caseOf(parts).unusable).toBe(unusable));

  it('is no document of another form', () => {
    const odd = sampleContent({ version: 9 });
    const parts = {
      content: odd.json,
      completed: { content_sha256: odd.sha256 },
      verdict: { input_sha256: odd.sha256 },
    };
    expect(caseOf(parts)).toMatchObject({ unusable: 'unreadable', input: null });
  });

  it('is nothing while the exchange is under way', () => {
    expect(replayCase({ ...view(), completed: null })).toBeNull();
  });
});

describe('a request that was judged alone', () => {
  const request = sampleContent({ ...INPUT, coverage: { level: 'partial', reasons: ['opaque_content'] } });
  const refused: Parts = {
    completed: { outcome: 'blocked', content_sha256: null, coverage: { level: 'full', reasons: [] } },
    content: null,
    request_content: request.json,
    verdict: { subject: 'request', action: 'blocked', input_sha256: request.sha256 },
  };

  it('is the whole case where it ended the exchange, and was held', () => {
    const replay = caseOf(refused);
    expect(replay).toMatchObject({ subject: 'request', document: request.json, inputSha256: request.sha256 });
    const verdict = decided(refused, { state: 'timeout' }, 'block');
    expect(verdict).toMatchObject({ subject: 'request', action: 'blocked', input_sha256: request.sha256 });
    expect(verdict.coverage.reasons).toEqual(['model_failed', 'opaque_content']);
  });

  it('is a part of the pair where it did not', () => {
    const [pair] = view().verdicts;
    const [alone] = view({ ...refused, content: CONTENT.json }).verdicts;
    const verdicts = [alone, pair].flatMap((one) => one ?? []);
    expect(replayCase({ ...view(), verdicts, request_content: request.json })).toMatchObject({
      ...{ subject: 'exchange', document: CONTENT.json, before: { subject: 'exchange' } },
    });
  });
});

describe('whether the model is asked', () => {
  it.each<[string, Parts, ModelOutcome | null]>([
    ['about a document', {}, null],
    [
      'not without one',
      { completed: { content_sha256: null }, content: null, verdict: null },
      { state: 'unparseable' },
    ],
    ['not of what the proxy died over', { completed: { outcome: 'interrupted' } }, { state: 'interrupted' }],
    ['where a rule has a hit and nothing waited', { verdict: { rule_hits: [HIT] } }, null],
    [
      'not where a rule stops what is held, as live',
      { opened: { mode: 'hold' }, verdict: { rule_hits: [HIT] } },
      { state: 'rules_only', reason: 'stopped' },
    ],
    [
      'where it was held and a hit is mild',
      { opened: { mode: 'hold' }, verdict: { rule_hits: [{ ...HIT, severity: 'medium' }] } },
      null,
    ],
  ])('%s', (_, parts, outcome) => expect(replayWithoutModel(caseOf(parts), judge)).toEqual(outcome));

  it('never without a model', () => {
    const alone = createJudge({ name: 'default', rubric: RUBRIC, rules: [], model: null });
    expect(replayWithoutModel(caseOf(), alone)).toEqual({ state: 'rules_only', reason: 'model_not_configured' });
  });
});

describe('what is decided', () => {
  const cut = { coverage: { level: 'partial', reasons: ['response_truncated'] } } as const;
  const unsure: ModelOutcome = { state: 'truncated_input', answer: goodAnswer() };

  it.each<[string, Parts, string]>([
    ['observe delivers what was cut', { completed: cut }, 'allowed'],
    ['hold does not, when failures block', { opened: { mode: 'hold' }, completed: cut }, 'blocked'],
    ['nor does window', { opened: { mode: 'window' }, completed: cut }, 'blocked'],
    [
      'what could not be held was delivered',
      {
        opened: { mode: 'hold' },
        completed: { coverage: { level: 'partial', reasons: ['not_held', 'response_truncated'] } },
      },
      'allowed',
    ],
  ])('%s', (_, parts, action) => expect(decided(parts, unsure, 'block').action).toBe(action));

  it('the hits of the day count, those of windows too', () => {
    const verdict = decided({ verdict: { rule_hits: [HIT] } }, { state: 'scored', answer: goodAnswer() });
    expect(verdict).toMatchObject({
      ...{ rule_hits: [HIT], action: 'would_block', decided_by: 'rule' },
      overall: { label: 'violation', severity: 'critical' },
    });
  });

  it('and those of the input where there was no verdict', () => {
    const content = sampleContent({ ...INPUT, rule_hits: [HIT] });
    const parts = { verdict: null, content: content.json, completed: { content_sha256: content.sha256 } };
    expect(decided(parts, { state: 'scored', answer: goodAnswer() }).decided_by).toBe('rule');
  });
});
