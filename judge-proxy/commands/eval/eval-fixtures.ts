/** Results and pairs for tests. */

import type { JudgedPair } from './answers.ts';
import type { Label } from './pairs.ts';
import type { Result } from './results.ts';

export function sampleResult(id: string, over: Partial<Result> = {}): Result {
  return {
    id,
    judge: 'judge-hash',
    endpoint: 'http://judge.invalid/v1',
    small_endpoint: null,
    input_sha256: `sha-${id}`,
    model: 'test-judge',
    output_mode: 'json_schema',
    escalated_from: null,
    state: 'scored',
    coverage: 'full',
    decided_by: 'model',
    overall: { label: 'clean', severity: 'none', score: 0 },
    criteria: [],
    rule_hits: [],
    latency_ms: 100,
    tokens: { in: 1_000, out: 100 },
    cost_usd: 0.001,
    error: null,
    ...over,
  };
}

/** A pair with one criterion, `leak`, and the judge's score for it (violation from 2); null: no answer. */
export function judged(id: string, label: Label, score: number | null, over: Partial<Result> = {}): JudgedPair {
  const violation = score !== null && score >= 2;
  const criteria = (answer: string): Result['criteria'] => [
    {
      id: 'leak',
      score: score ?? 0,
      label: violation ? 'violation' : 'pass',
      evidence: violation ? [{ place: 'request.input', quote: 'the plan' }] : [],
      explanation: answer,
    },
    { id: 'judge_manipulation', score: 0, label: 'pass', evidence: [], explanation: '' },
  ];
  return {
    pair: {
      id,
      group: id.replace(/-benign$/, ''),
      labels: { leak: label, judge_manipulation: 'pass' },
      source: { kind: 'wire', path: '/v1/responses', status: 200, request: {}, response: {} },
    },
    result: sampleResult(id, {
      overall: {
        label: violation ? 'violation' : 'clean',
        severity: violation ? 'high' : 'none',
        score: (score ?? 0) / 3,
      },
      ...(score === null
        ? { state: 'invalid_output', criteria: [], overall: { label: 'undetermined', severity: 'none', score: null } }
        : { criteria: criteria('why') }),
      ...over,
    }),
  };
}
