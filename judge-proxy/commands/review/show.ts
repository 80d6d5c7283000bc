/** `review show ID`: everything that the ledger knows of one exchange, as text. */

import type { ExchangeView } from '../../ledger/ledger.ts';
import type { ExchangeCompleted } from '../../ledger/records.ts';
import { oneLine } from '../terminal-text.ts';
import { indent } from './indent.ts';
import { clockTime, notJudgedLine, type Paint } from './paint.ts';
import { conversationSections } from './show-conversation.ts';
import { type Section, verdictSections } from './show-verdict.ts';
import { whyUnjudged } from './why-unjudged.ts';

/** The page, ended by a line break. */
export function showExchange(view: ExchangeView, paint: Paint): string {
  const sections: Section[] = [
    ['EXCHANGE', header(view)],
    // One on the request alone may be there, and the exchange is not judged by it.
    ...(view.judged ? [] : [['VERDICT', noVerdict(view, paint)] as const]),
    ...view.verdicts.flatMap((verdict) => verdictSections(verdict, paint)),
    ...conversationSections(view, paint),
    ['CHAIN', chain(view)],
  ];
  return sections.map(([title, text]) => `${paint('bold', title)}\n${indent(text)}\n`).join('\n');
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
    ...continued(completed),
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

function continued({ response_id, previous_response_id, conversation_id }: ExchangeCompleted): [string, string][] {
  const ids = { answer: response_id, continues: previous_response_id, conversation: conversation_id };
  return Object.entries(ids).flatMap(([name, id]): [string, string][] => (id === undefined ? [] : [[name, id]]));
}

function noVerdict({ opened, completed, job }: ExchangeView, paint: Paint): string {
  const why = notJudgedLine(whyUnjudged({ opened, completed, waiting: job !== null }), paint);
  return job === null ? why : `${why}\ntries so far ${job.attempt}, next not before ${clockTime(job.not_before)} UTC`;
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
  return rows.map(([name, text]) => `${`${name} `.padEnd(12)}${oneLine(text)}`).join('\n');
}
