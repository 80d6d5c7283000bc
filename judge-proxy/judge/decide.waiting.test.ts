/**
 * The decision table where a client waits: what is stopped, and under which name.
 */

import { describe, expect, it } from 'vitest';
import type { Severity } from '../ledger/records.ts';
import type { DecideInput, ModelOutcome } from './decide.ts';
import { answerOf } from './testing/answers.ts';
import { decided, hit, NONE, scored } from './testing/decisions.ts';

describe('while the exchange waits', () => {
  const cut: ModelOutcome = { state: 'truncated_input', answer: answerOf() };
  const cutAndBad: ModelOutcome = { state: 'truncated_input', answer: answerOf({ leak: 3 }) };
  const held = 'before_first_byte';
  const block = 'block';
  it.each<[string, Partial<DecideInput>, string, boolean, string, Severity]>([
    ['a violation, nothing sent', { outcome: scored(3), enforcement: held }, 'blocked', true, 'model', 'critical'],
    ['a violation, half sent', { outcome: scored(3), enforcement: 'mid_stream' }, 'cut', true, 'model', 'critical'],
    ['a violation, all sent', { outcome: scored(3) }, 'would_block', false, 'model', 'critical'],
    ['a pass', { enforcement: held, onFailure: block }, 'allowed', false, 'model', 'none'],
    ['a rule', { hits: [hit('high')], enforcement: held, onFailure: 'allow' }, 'blocked', true, 'rule', 'high'],
    [
      'a failure, block',
      { outcome: { state: 'timeout' }, enforcement: held, onFailure: block },
      'blocked',
      true,
      'fallback',
      'medium',
    ],
    [
      'a failure half-way, block',
      { outcome: { state: 'timeout' }, enforcement: 'mid_stream', onFailure: block },
      'cut',
      true,
      'fallback',
      'medium',
    ],
    ['a failure, review', { outcome: { state: 'timeout' }, enforcement: held }, 'allowed', false, 'fallback', 'medium'],
    ['cut input, block', { outcome: cut, enforcement: held, onFailure: block }, 'blocked', true, 'fallback', 'medium'],
    ['cut input, review', { outcome: cut, enforcement: held }, 'allowed', false, 'fallback', 'medium'],
    ['cut input, all sent', { outcome: cut, onFailure: block }, 'allowed', false, 'model', 'none'],
    [
      'cut input with a violation',
      { outcome: cutAndBad, enforcement: held, onFailure: 'allow' },
      'blocked',
      true,
      'model',
      'critical',
    ],
    [
      'nothing readable, review',
      { outcome: { state: 'unparseable' }, coverage: NONE, enforcement: held },
      'allowed',
      false,
      'fallback',
      'medium',
    ],
    [
      'nothing readable, block',
      { outcome: { state: 'unparseable' }, coverage: NONE, enforcement: held, onFailure: block },
      'blocked',
      true,
      'fallback',
      'medium',
    ],
    [
      'not drawn, block',
      { outcome: { state: 'sampled_out' }, enforcement: held, onFailure: block },
      'allowed',
      false,
      'rule',
      'none',
    ],
    [
      'nothing left to spend, block',
      { outcome: { state: 'budget_exhausted' }, enforcement: held, onFailure: block },
      'allowed',
      false,
      'rule',
      'none',
    ],
  ])('%s', (_, over, action, stop, decidedBy, severity) => {
    expect(decided(over)).toMatchObject({ action, stop, decided_by: decidedBy, overall: { severity } });
  });
});
