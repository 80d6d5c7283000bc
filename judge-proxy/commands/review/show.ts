/** `review show ID`: everything that the ledger knows of one exchange, as text. */

import type { Part, Transcript } from '../../exchange/transcript.ts';
import type { JudgeInput } from '../../judge/input.ts';
import type { ExchangeView } from '../../ledger/ledger.ts';
import type { CriterionVerdict, ExchangeCompleted, Verdict } from '../../ledger/records.ts';
import { manyLines, oneLine } from '../terminal-text.ts';
import { clockTime, coverageLine, notJudgedLine, type Paint, painted, verdictMark } from './paint.ts';
import { whyUnjudged } from './why-unjudged.ts';

/** The page, ended by a line break. */
export function showExchange(view: ExchangeView, paint: Paint): string {
  const sections = [
    ['EXCHANGE', header(view)],
    ...(view.verdicts.length === 0 ? [['VERDICT', noVerdict(view, paint)]] : []),
    ...view.verdicts.flatMap((verdict) => verdictSections(verdict, paint)),
    ['CONVERSATION (redacted, as the judge saw it)', conversation(view, paint)],
    ['CHAIN', chain(view)],
  ] as const;
  return sections.map(([title, text]) => `${paint('bold', title ?? '')}\n${indent(text ?? '')}\n`).join('\n');
}

function header({ opened, completed }: ExchangeView): string {
  return fields([
    ['id', opened.exchange_id],
    ['request', opened.request_id],
    ['opened', `${clockTime(opened.ts)} UTC`],
    ['client', opened.client],
    ['route', `${opened.route}, mode ${opened.mode}, judge ${opened.judge ?? 'none'}`],
    ['target', `${opened.method} ${opened.host}:${opened.port}${opened.path}`],
    ...(completed === null ? [['outcome', 'under way'] as const] : outcome(completed)),
  ]);
}

function outcome(completed: ExchangeCompleted): [string, string][] {
  const { api, streamed, tokens_in, tokens_out, cost_usd, first_byte_ms, duration_ms, llm_error } = completed;
  const error = completed.error_code === null ? '' : `, ${completed.error_code}`;
  return [
    ['outcome', `${completed.outcome}${error}, status ${completed.status ?? '—'}${streamed ? ', streamed' : ''}`],
    ['format', `${api}, model ${completed.model_requested ?? '—'} → ${completed.model_returned ?? '—'}`],
    ['tokens', `${tokens_in ?? '—'} in, ${tokens_out ?? '—'} out${cost_usd === null ? '' : `, $${cost_usd}`}`],
    ['bytes', `${completed.request_bytes} up, ${completed.response_bytes} down`],
    [
      'time',
      `${first_byte_ms === null ? '' : `first byte ${Math.round(first_byte_ms)} ms, `}all ${Math.round(duration_ms)} ms`,
    ],
    ...(llm_error === null
      ? []
      : [['error', `${llm_error.source}: ${llm_error.class} ${llm_error.code ?? ''}`] as [string, string]]),
  ];
}

function noVerdict({ opened, completed, job }: ExchangeView, paint: Paint): string {
  const why = notJudgedLine(whyUnjudged({ opened, completed, waiting: job !== null }), paint);
  return job === null ? why : `${why}\ntries so far ${job.attempt}, next not before ${clockTime(job.not_before)} UTC`;
}

function verdictSections(verdict: Verdict, paint: Paint): [string, string][] {
  const { judge, overall, rule_hits } = verdict;
  const facts: [string, string][] = [
    ['verdict', `${painted(verdictMark(verdict), paint)}${overall.score === null ? '' : `, score ${overall.score}`}`],
    ['action', verdict.action],
    ['coverage', coverageLine(verdict.coverage, paint)],
    ['decided by', `${verdict.decided_by}, state ${verdict.state}`],
    ['judge', judge === null ? 'none' : `${judge.name}, model ${judge.model ?? 'none'}, ${judge.hash.slice(0, 12)}`],
    [
      'made',
      `${clockTime(verdict.ts)} UTC${verdict.latency_ms === null ? '' : `, model took ${Math.round(verdict.latency_ms)} ms`}`,
    ],
  ];
  const hits = rule_hits.map(
    (hit) => `${paint('bold', hit.severity)}  ${oneLine(hit.rule)}  ${oneLine(hit.place)}  ${oneLine(hit.preview)}`,
  );
  return [
    // The marks carry colours of ours, so these fields were made safe where text went in.
    ['VERDICT', facts.map(([name, text]) => `${name.padEnd(12)}${text}`).join('\n')],
    [
      'CRITERIA',
      verdict.criteria.map((criterion) => criterionText(criterion, paint)).join('\n') || 'none: no model judged',
    ],
    ['RULE HITS', hits.join('\n') || 'none'],
  ];
}

function criterionText(criterion: CriterionVerdict, paint: Paint): string {
  const { id, score, threshold, label, severity, evidence, explanation } = criterion;
  const mark = label === 'violation' ? paint('red', `violation · ${severity}`) : 'pass';
  const quotes = evidence.map(({ place, quote }) => `  evidence  ${oneLine(place)}  “${oneLine(quote)}”`);
  return [
    `${oneLine(id)}  score ${score} (threshold ${threshold})  ${mark}`,
    ...quotes,
    ...(explanation === '' ? [] : [`  ${oneLine(explanation)}`]),
  ].join('\n');
}

function conversation(view: ExchangeView, paint: Paint): string {
  if (view.content === null) return notJudgedLine('no content is kept', paint);
  const { transcript } = JSON.parse(view.content) as JudgeInput;
  const evident = new Set(
    view.verdicts.flatMap(({ criteria, rule_hits }) => [
      ...criteria.flatMap(({ evidence }) => evidence.map(({ place }) => place)),
      ...rule_hits.map(({ place }) => place),
    ]),
  );
  const parts = transcript.parts.map((part) => partText(part, evident.has(part.place), paint));
  return [...parts, ending(transcript)].filter((text) => text !== '').join('\n\n') || 'empty';
}

function partText({ side, role, kind, name, place, text }: Part, evident: boolean, paint: Paint): string {
  const what =
    kind === 'text' ? role : `${role}, ${kind.replaceAll('_', ' ')}${name === undefined ? '' : ` ${oneLine(name)}`}`;
  const mark = evident ? `  ${paint(['red', 'bold'], '◀ evidence')}` : '';
  return `${paint('cyan', `${side} · ${what}`)}  ${paint('dim', oneLine(place))}${mark}\n${indent(manyLines(text))}`;
}

function ending({ finish, unknown_items, error }: Transcript): string {
  return [
    ...(finish.length === 0 ? [] : [`finish: ${finish.map(oneLine).join(', ')}`]),
    ...(error === null
      ? []
      : [`error: ${oneLine([error.type, error.code].filter((word) => word !== null).join(' '))}`]),
    ...(unknown_items === 0 ? [] : [`${unknown_items} items of unknown kind`]),
  ].join(' · ');
}

function chain({ opened_seq, completed_seq, verdicts, completed }: ExchangeView): string {
  return [
    `opened     #${opened_seq}`,
    ...(completed_seq === null ? [] : [`completed  #${completed_seq}  content ${completed?.content_sha256 ?? 'none'}`]),
    ...verdicts.map(
      ({ seq, prev_hash, hash }) => `verdict    #${seq}  hash ${hash}\n${' '.repeat(11)}after ${prev_hash}`,
    ),
  ].join('\n');
}

function fields(rows: readonly (readonly [name: string, text: string])[]): string {
  return rows.map(([name, text]) => `${name.padEnd(12)}${oneLine(text)}`).join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
