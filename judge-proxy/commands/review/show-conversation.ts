/** What the judge saw of one exchange, as text, with the evidence marked where it stands. */

import type { Part, Transcript } from '../../exchange/transcript.ts';
import type { JudgeContext, JudgeInput } from '../../judge/input.ts';
import type { ExchangeView } from '../../ledger/ledger.ts';
import { manyLines, oneLine } from '../terminal-text.ts';
import { indent } from './indent.ts';
import { notJudgedLine, type Paint } from './paint.ts';
import type { Section } from './show-verdict.ts';

export function conversationSections(view: ExchangeView, paint: Paint): Section[] {
  // An exchange whose request was refused has at least what was judged of it.
  const content = view.content ?? view.request_content;
  const title = 'CONVERSATION (redacted, as the judge saw it)';
  if (content === null) return [[title, notJudgedLine(whyNoContent(view), paint)]];
  const input = JSON.parse(content) as JudgeInput;
  const evident = evidentPlaces(view);
  return [
    ...(input.context === undefined ? [] : [earlierSection(input.context, evident, paint)]),
    [title, conversation(input, evident, paint)],
  ];
}

/** The record names by its hash what was there. */
function whyNoContent({ completed }: ExchangeView): string {
  return (completed?.content_sha256 ?? null) === null ? 'no content is kept' : 'the content was erased';
}

function evidentPlaces({ verdicts }: ExchangeView): ReadonlySet<string> {
  return new Set(
    verdicts.flatMap(({ criteria, rule_hits }) => [
      ...criteria.flatMap(({ evidence }) => evidence.map(({ place }) => place)),
      ...rule_hits.map(({ place }) => place),
    ]),
  );
}

function earlierSection(
  { exchanges, parts, complete }: JudgeContext,
  evident: ReadonlySet<string>,
  paint: Paint,
): Section {
  const ids = exchanges.map(({ exchange_id }) => oneLine(exchange_id)).join('\n');
  const shown = partTexts(parts, evident, paint);
  return [`EARLIER TURNS (${complete ? 'whole' : 'not all are known'})`, [ids, ...shown].join('\n\n')];
}

function conversation({ transcript, decoded = [] }: JudgeInput, evident: ReadonlySet<string>, paint: Paint): string {
  const hidden = decoded.map(
    ({ place, coding, text }) =>
      `${paint('cyan', `decoded · ${oneLine(coding)}`)}  ${placeOf(place, evident, paint)}\n${indent(manyLines(text))}`,
  );
  const texts = [...partTexts(transcript.parts, evident, paint), ...hidden, ending(transcript)];
  return texts.filter((text) => text !== '').join('\n\n') || 'empty';
}

function partTexts(parts: readonly Part[], evident: ReadonlySet<string>, paint: Paint): string[] {
  return parts.map(({ side, role, kind, name, place, text }) => {
    const what =
      kind === 'text' ? role : `${role}, ${kind.replaceAll('_', ' ')}${name === undefined ? '' : ` ${oneLine(name)}`}`;
    return `${paint('cyan', `${side} · ${what}`)}  ${placeOf(place, evident, paint)}\n${indent(manyLines(text))}`;
  });
}

function placeOf(place: string, evident: ReadonlySet<string>, paint: Paint): string {
  const mark = evident.has(place) ? `  ${paint(['red', 'bold'], '◀ evidence')}` : '';
  return `${paint('dim', oneLine(place))}${mark}`;
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
