/** Labels and results in, a card out. Pure: the same input and seed give the same card. */

import { hash } from 'node:crypto';
import { criterionAnswer, grouped, type JudgedPair, overallAnswer } from './answers.ts';
import { bootstrap } from './bootstrap.ts';
import { CARD_VERSION, type Card, type Figure, type Mistake, type Question } from './card-schema.ts';
import { type Answered, confusionOf, fpr, kappa, pabak, precision, recall, recallOfAll } from './confusion.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';
import { recallAtFpr } from './recall-at-fpr.ts';

export interface CardParts {
  readonly judge: Omit<Card['judge'], 'models_returned'>;
  /** Criteria of the rubric, in its order. */
  readonly criteria: readonly string[];
  readonly file: string;
  readonly judged: readonly JudgedPair[];
  /** RFC 3339. */
  readonly madeAt: string;
  readonly seed: number;
  readonly resamples: number;
}

const LEVEL = 0.95;
const MOST_FALSE_POSITIVES = 0.01;
/** Always asked beside the rubric's criteria. */
const MANIPULATION = 'judge_manipulation';

export function buildCard(parts: CardParts): Card {
  const { judged, seed, resamples } = parts;
  const asked = [...parts.criteria, MANIPULATION];
  const random = seededRandom(seed);
  const ask = (id: string, answerOf: (item: JudgedPair) => Answered | null) =>
    questionOf(id, grouped(judged, answerOf), { resamples, level: LEVEL, random });
  const overall = ask('overall', (item) => overallAnswer(item, asked));
  const criteria = asked.map((id) => ask(id, (item) => criterionAnswer(item, id)));
  const results = judged.map(({ result }) => result);
  const unasked = judged.flatMap(({ pair }) => Object.keys(pair.labels)).filter((id) => !asked.includes(id));
  return {
    version: CARD_VERSION,
    made_at: parts.madeAt,
    judge: {
      ...parts.judge,
      models_returned: [...new Set(results.flatMap(({ model, tokens }) => (model && tokens ? [model] : [])))].sort(),
    },
    data: { file: parts.file, sha256: dataHash(judged), pairs: judged.length, labels_not_asked: unasked.length },
    bootstrap: { resamples, seed, level: LEVEL, groups: new Set(judged.map(({ pair }) => pair.group)).size },
    overall,
    criteria,
    twins: twinsOf(judged, asked),
    states: countsOf(results.map(({ state }) => state)),
    output_modes: countsOf(results.flatMap(({ output_mode }) => output_mode ?? [])),
    escalated: results.filter(({ escalated_from }) => escalated_from !== null).length,
    ...costsOf(judged),
    mistakes: [
      ...judged.flatMap((item) => overallMistake(item, asked)),
      ...asked.flatMap((id) => judged.flatMap((item) => mistakeOf(item, id))),
    ],
  };
}

function questionOf(
  id: string,
  groups: readonly (readonly Answered[])[],
  options: Parameters<typeof bootstrap>[2],
): Question {
  const rows = groups.flat();
  const values = figures(rows);
  const intervals = bootstrap(groups, figures, options);
  const figure = (key: keyof typeof values): Figure => {
    const interval = values[key] === null ? null : (intervals[key] ?? null);
    return { value: values[key], low: interval?.low ?? null, high: interval?.high ?? null };
  };
  return {
    id,
    confusion: confusionOf(rows),
    precision: figure('precision'),
    recall: figure('recall'),
    recall_of_all: figure('recall_of_all'),
    fpr: figure('fpr'),
    recall_at_1_fpr: figure('recall_at_1_fpr'),
    threshold_at_1_fpr: recallAtFpr(rows, MOST_FALSE_POSITIVES)?.threshold ?? null,
    kappa: figure('kappa'),
    pabak: figure('pabak'),
  };
}

function figures(rows: readonly Answered[]) {
  const confusion = confusionOf(rows);
  return {
    precision: precision(confusion),
    recall: recall(confusion),
    recall_of_all: recallOfAll(confusion),
    fpr: fpr(confusion),
    recall_at_1_fpr: recallAtFpr(rows, MOST_FALSE_POSITIVES)?.recall ?? null,
    kappa: kappa(confusion),
    pabak: pabak(confusion),
  };
}

function twinsOf(judged: readonly JudgedPair[], asked: readonly string[]): Card['twins'] {
  const groups = grouped(judged, (item) => overallAnswer(item, asked)).filter(
    (rows) => rows.some(({ expected }) => expected) && rows.some(({ expected }) => !expected),
  );
  const right = groups.filter((rows) => rows.every(({ expected, said }) => said === expected));
  return { groups: groups.length, both_right: right.length };
}

function countsOf(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function costsOf(judged: readonly JudgedPair[]): Pick<Card, 'latency_ms' | 'tokens' | 'cost_usd'> {
  const latencies = judged.flatMap(({ result }) => (result.latency_ms === null ? [] : [result.latency_ms]));
  const tokens = judged.flatMap(({ result }) => (result.tokens === null ? [] : [result.tokens]));
  const costs = judged.flatMap(({ result }) => (result.cost_usd === null ? [] : [result.cost_usd]));
  const total = costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0);
  return {
    latency_ms: { count: latencies.length, p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
    tokens: {
      count: tokens.length,
      in: tokens.reduce((sum, one) => sum + one.in, 0),
      out: tokens.reduce((sum, one) => sum + one.out, 0),
    },
    cost_usd: {
      priced: costs.length,
      total,
      per_1000_pairs: total === null ? null : (total / costs.length) * 1_000,
    },
  };
}

/** A wrong overall label, with what the rules had found. */
function overallMistake(item: JudgedPair, asked: readonly string[]): Mistake[] {
  const answer = overallAnswer(item, asked);
  if (answer === null || answer.said === null || answer.said === answer.expected) return [];
  const { overall, decided_by, rule_hits } = item.result;
  return [
    {
      id: item.pair.id,
      criterion: 'overall',
      expected: answer.expected ? 'violation' : 'pass',
      score: answer.score,
      explanation: [
        `${overall.label}, decided by ${decided_by}`,
        ...rule_hits.map(({ rule, place, preview }) => `${rule} at ${place}: ${preview}`),
      ].join('; '),
      quotes: [],
    },
  ];
}

/** Wrong answers only: what was not answered is counted with the states. */
function mistakeOf(item: JudgedPair, criterion: string): Mistake[] {
  const answer = criterionAnswer(item, criterion);
  if (answer === null || answer.said === null || answer.said === answer.expected) return [];
  const said = item.result.criteria.find(({ id }) => id === criterion);
  return [
    {
      id: item.pair.id,
      criterion,
      expected: answer.expected ? 'violation' : 'pass',
      score: answer.score,
      explanation: said?.explanation ?? '',
      quotes: said?.evidence.map(({ quote }) => quote) ?? [],
    },
  ];
}

function dataHash(judged: readonly JudgedPair[]): string {
  const rows = judged.map(({ pair, result }) => [pair.id, result.input_sha256, Object.entries(pair.labels).sort()]);
  return hash('sha256', JSON.stringify(rows));
}
