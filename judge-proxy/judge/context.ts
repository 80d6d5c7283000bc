/**
 * Earlier turns that a request only names. A request with `previous_response_id` or `conversation` sends what is new;
 * the model reads all that came before. What the ledger kept of it becomes the context of the judge's input: it is
 * redacted already, it is stored and hashed with the rest, so the judge still sees exactly what the ledger keeps.
 *
 * One step back is enough: the earlier exchange was given its own context in the same way, so a chain of any length is
 * one lookup, and cannot be a circle. Rules do not read a context again: they judged each part in its own exchange.
 */

import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Part } from '../exchange/transcript.ts';
import type { EarlierExchange, LedgerReader } from '../ledger/ledger.ts';
import type { Coverage, ExchangeCompleted, ExchangeOpened, RecordingLevel } from '../ledger/records.ts';
import type { Analysis, DecodedText, JudgeContext, JudgeInput } from './input.ts';
import { TRANSCRIPT_CHARACTERS, trimParts } from './trim.ts';

/** Exchanges of one context; agents that go on longer are judged on the latest. */
const MOST_EXCHANGES = 100;
/** A client may wait for its last byte meanwhile: a lookup takes about a millisecond, and one that hangs is given up. */
const LOOKUP_MS = 1_000;

/** The origin and the client whose earlier exchanges may be shown: nobody else's. */
export type ContextScope = Pick<ExchangeOpened, 'client' | 'host' | 'port'>;

/**
 * Adds what the ledger saw of the earlier turns. An analysis that names none comes back as it is, and so does one whose
 * earlier turns the ledger did not see: its coverage says `context_missing` already.
 *
 * A chain of answers that was kept whole makes the coverage whole. A conversation never does: items are added to it by
 * calls that carry no answer, by other clients and at the provider's own pages, so what we saw of it is not all of it.
 * @param lookupMs after so many milliseconds it goes on without
 * @param recording of this exchange: what was kept as it came is no context of one that is redacted
 * @returns never rejects
 */
export async function resolveContext(
  analysis: Analysis,
  scope: ContextScope,
  ledger: Pick<LedgerReader, 'earlier'>,
  lookupMs: number = LOOKUP_MS,
  recording: RecordingLevel = 'redacted',
): Promise<Analysis> {
  const { links, content } = analysis;
  const named = links === undefined ? null : namedBy(links);
  if (named === null || content === null) return analysis;
  const { client, host, port } = scope;
  const earlier = await withinTime(ledger.earlier({ client, host, port, ...named }), lookupMs);
  if (earlier === null || (earlier.recording === 'full' && recording !== 'full')) return analysis;
  return withContext(analysis, earlier, named.kind === 'response' && earlier.unique && links?.only_previous === true);
}

function namedBy({ previous_response_id, conversation_id }: NonNullable<Analysis['links']>) {
  if (previous_response_id !== null) return { kind: 'response', id: previous_response_id } as const;
  return conversation_id === null ? null : ({ kind: 'conversation', id: conversation_id } as const);
}

/** null when the lookup fails or takes too long: the ledger logs its own failures, and the coverage stays as it is. */
async function withinTime(lookup: Promise<EarlierExchange | null>, lookupMs: number): Promise<EarlierExchange | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, lookupMs, null);
  });
  try {
    return await Promise.race([lookup.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param mayBeWhole the earlier exchange is all that was missing
 * @returns the analysis with another content; coverage without `context_missing` when nothing is missing any more
 */
export function withContext(analysis: Analysis, earlier: EarlierExchange, mayBeWhole: boolean): Analysis {
  const { content } = analysis;
  // The keys of canonical JSON are sorted, and `context` comes just before `coverage`: the document, which can be large,
  // need not be parsed to be given one.
  const before = coverageText(analysis.coverage);
  if (content === null || !content.json.startsWith(`{${before}`)) return analysis;
  const context = contextFrom(earlier, TRANSCRIPT_CHARACTERS - content.json.length, mayBeWhole);
  const coverage = context.complete ? withoutContextMissing(analysis.coverage) : analysis.coverage;
  const json = `{"context":${JSON.stringify(context)},${coverageText(coverage)}${content.json.slice(before.length + 1)}`;
  return { ...analysis, coverage, content: { json, sha256: hash('sha256', json) } };
}

function coverageText(coverage: Coverage): string {
  return `"coverage":${canonicalize(coverage)}`;
}

function withoutContextMissing(coverage: Coverage): Coverage {
  const reasons = coverage.reasons.filter((reason) => reason !== 'context_missing');
  return { level: reasons.length === 0 ? 'full' : coverage.level, reasons };
}

/** Keys in the order of canonical JSON, as those of the parts are. */
function contextFrom(earlier: EarlierExchange, characters: number, mayBeWhole: boolean): JudgeContext {
  const input = JSON.parse(earlier.content) as JudgeInput;
  const { exchange_id, input_sha256 } = earlier;
  const all = [...(input.context?.exchanges ?? []), { exchange_id, input_sha256 }];
  const exchanges = all.slice(-MOST_EXCHANGES);
  const own = [...input.transcript.parts, ...(input.decoded ?? []).map(asPart)]
    .filter(goesOn)
    .map((part) => ({ ...part, place: placeIn(exchange_id, part.place) }));
  const forgotten = all.slice(0, -MOST_EXCHANGES).map((gone) => placeIn(gone.exchange_id, ''));
  const inherited = (input.context?.parts ?? []).filter(
    ({ place }) => !forgotten.some((beginning) => place.startsWith(beginning)),
  );
  const { parts, cut } = trimParts([...inherited, ...own], Math.max(characters, 0));
  const complete = mayBeWhole && input.coverage.level === 'full' && cut.size === 0 && forgotten.length === 0;
  return { complete, exchanges, parts };
}

/** What a text said without its disguise: the earlier text may be asked for now. Keys in canonical order. */
function asPart({ place, text }: DecodedText): Part {
  return { kind: 'other', place, role: 'unknown', side: place.startsWith('response') ? 'response' : 'request', text };
}

/** Evidence names the exchange where it stands, and the place there. */
function placeIn(exchangeId: string, place: string): string {
  return `context[${exchangeId}].${place}`;
}

/**
 * What the model reads again: input items and output. Instructions of an earlier response are not carried over (OpenAI's
 * description of `instructions`), tools and formats are given with each request, labels no model reads.
 */
const STAYS =
  /^(?:request|response)\.(?:instructions|tools|text|error|(?:previous_response_)?id|conversation|metadata|user|safety_identifier|prompt_cache_key)\b/;

function goesOn({ place, kind }: Part): boolean {
  return kind !== 'tool_definition' && !STAYS.test(place);
}

/** The ids by which the completing record can be found, or says what it continues. */
export function recordedLinks({
  links,
}: Pick<Analysis, 'links'>): Pick<ExchangeCompleted, 'response_id' | 'previous_response_id' | 'conversation_id'> {
  const { response_id = null, previous_response_id = null, conversation_id = null } = links ?? {};
  return {
    ...(response_id === null ? {} : { response_id }),
    ...(previous_response_id === null ? {} : { previous_response_id }),
    ...(conversation_id === null ? {} : { conversation_id }),
  };
}
