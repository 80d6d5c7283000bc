/**
 * From the copy of one exchange to what the judge sees and the ledger keeps: undo content codings → read → rules →
 * decode what is disguised → redact → cut → canonical JSON. Everything here meets hostile bytes; whatever they are, there
 * is an answer that says what was read.
 *
 * An endpoint that no format reads is recorded with the sizes and types of its bodies, and the rules run on their text,
 * but the text itself is not kept: where structure is unknown, so is what stands in it.
 */

import { createHmac } from 'node:crypto';
import type { Reading } from '../apis/api.ts';
import { findApi } from '../apis/registry.ts';
import type { Capture, CapturedBody } from '../exchange/capture.ts';
import { type DecodedBody, decodeBody } from '../exchange/decode.ts';
import { placedTexts } from '../exchange/free-strings.ts';
import type { KnownLiterals } from '../exchange/known-literals.ts';
import type { KnownSecret } from '../exchange/known-secret.ts';
import type { Finding } from '../exchange/redact.ts';
import { headerSecrets } from '../exchange/secret-headers.ts';
import type { Part, Side, Transcript } from '../exchange/transcript.ts';
import type { Coverage, CoverageReason, LlmError } from '../ledger/records.ts';
import { asKnown, type Detectors } from './detectors.ts';
import type { Analysis, JudgeInput } from './input.ts';
import { JsonSecrets } from './json-secrets.ts';
import { classifyLlmError, codeWord } from './llm-error.ts';
import { NameCleaner } from './name-cleaner.ts';
import { type KnownSecrets, readTexts } from './read-texts.ts';
import { nearEmptyResponse } from './rules/near-empty-response.ts';
import { Budget, type RuleName } from './rules/rule.ts';
import type { RuleText, RunOptions } from './rules/run-rules.ts';
import type { ScanCache } from './rules/scan-cache.ts';
import { type Seal, sealedOriginal } from './seal.ts';
import { analysisOf } from './summary.ts';
import { trimTranscript } from './trim.ts';

export interface AnalysisSettings {
  /** Rules of the judge of this exchange. Secrets are redacted in any case. */
  readonly rules: readonly RuleName[];
  /** Most bytes of a copy after its content coding is undone. */
  readonly decodedCopy: number;
  /** Milliseconds to undo the content coding of one copy. */
  readonly decodeMs: number;
  /** Milliseconds for each rule. */
  readonly ruleMs: number;
  /** Keys the tokens that stand for secrets: equal secrets of one exchange are seen to be equal, and no more. */
  readonly hmacKey: Uint8Array;
  /** What the operator calls a secret beside the rules. */
  readonly detectors?: Detectors;
  /** Encrypts originals; without it none is sealed. */
  readonly seal?: Seal;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Of the thread; without it every text is read. */
  readonly cache?: ScanCache;
  /** Of the thread; without it the forms of values of headers are made for each exchange. */
  readonly literals?: KnownLiterals;
}

/** API name of exchanges that no format reads. */
export const UNKNOWN_API = 'unknown';

/** @returns the analysis, as its level has it; never rejects for what the capture contains */
export async function analyseCapture(capture: Capture, settings: AnalysisSettings): Promise<Analysis> {
  return (await analyseWithSecrets(capture, settings)).analysis;
}

/** The same, with the secrets that were found: they stay in the thread, for windows of the same exchange. */
export async function analyseWithSecrets(
  capture: Capture,
  settings: AnalysisSettings,
): Promise<{ readonly analysis: Analysis; readonly secrets: readonly KnownSecret[] }> {
  const started = settings.now();
  const { recording = 'redacted' } = capture;
  const request = await decode(capture.request, 'request', settings);
  const response = await decode(capture.response, 'response', settings);
  const reading = read(capture, request, response);
  const options = runOptions(settings);
  const token = redactionTokens(settings.hmacKey, capture.exchangeId);
  const known = knownSecrets(capture, request, response, settings);
  const texts = readTexts(reading.transcript, reading.texts, { ...options, recording, token, known });
  const trimmed = trimTranscript(texts.transcript);

  const reasons = new Set<CoverageReason>([...request.reasons, ...response.reasons, ...reading.reasons]);
  for (const reason of endings(capture)) reasons.add(reason);
  // It was broken by us: that reason says more.
  if (capture.stopped === true) reasons.delete('stream_broken');
  for (const { cut } of [trimmed, texts]) {
    if (cut.has('request')) reasons.add('request_truncated');
    if (cut.has('response')) reasons.add('response_truncated');
  }
  if (!texts.complete) reasons.add('rules_incomplete');
  if (recording === 'metadata') reasons.add('metadata_only');

  const { transcript } = trimmed;
  const coverage = coverageOf(reasons, transcript);
  const silent = isWhole(capture, reasons) ? nearEmptyResponse(transcript) : null;
  const input: JudgeInput = {
    version: 1,
    transcript,
    ...(texts.decoded.length === 0 ? {} : { decoded: texts.decoded }),
    rule_hits: [...texts.hits, ...(silent === null ? [] : [silent])],
    coverage,
  };
  const words = recording === 'full' ? texts.redactor.redactedWords() : transcript;
  const names = new NameCleaner(texts.redactor, options, token);
  const sealed = await sealedOriginal(capture, request, response, settings.seal);
  const analysis = analysisOf(input, recording, words, {
    llm_error: llmError(capture.status, words),
    ...(capture.ids === undefined ? {} : { ids: names.ids(capture.ids) }),
    ...linksOf(reading, texts.redactions, names),
    ...(sealed === null ? {} : { sealed }),
    analysis_ms: settings.now() - started,
  });
  return { analysis, secrets: texts.redactor.secrets };
}

/** What the rules need of the settings. */
export function runOptions(settings: Omit<AnalysisSettings, 'decodedCopy' | 'decodeMs'>): RunOptions {
  const { rules, ruleMs: budgetMs, now, cache, detectors } = settings;
  return { rules, budgetMs, now, ...(cache === undefined ? {} : { cache }), detector: detectors?.patterns ?? null };
}

function knownSecrets(
  capture: Capture,
  request: DecodedBody,
  response: DecodedBody,
  { detectors, ruleMs, now, literals }: AnalysisSettings,
): KnownSecrets {
  const secrets = headerSecrets(capture.secretHeaders ?? []);
  const json = new JsonSecrets(detectors?.paths ?? []);
  const budget = new Budget(now, ruleMs);
  json.body('request', request.text, capture.request.contentType, budget);
  if (capture.requestOnly !== true) json.body('response', response.text, capture.response.contentType, budget);
  return asKnown({ secrets, literals: literals ?? null }, json);
}

function decode(body: CapturedBody, side: Side, settings: AnalysisSettings): Promise<DecodedBody> {
  return decodeBody(body, { side, maxBytes: settings.decodedCopy, maxMs: settings.decodeMs, now: settings.now });
}

interface Read extends Reading {
  /** What the rules read: everything in the transcript that traffic wrote, or the bodies where no format reads them. */
  readonly texts: readonly RuleText[];
}

function read(capture: Capture, request: DecodedBody, response: DecodedBody): Read {
  const api = findApi(capture.method, capture.path);
  if (api === null) return readUnknown(capture, request, response);
  const reading = api.read({
    method: capture.method,
    path: capture.path,
    status: capture.status,
    request: request.text,
    response: capture.requestOnly === true ? null : response.text,
    responseContentType: capture.response.contentType,
    requestCut: request.cut,
    responseCut: response.cut,
    responseEnded: capture.response.ended,
  });
  return { ...reading, texts: ruleTexts(reading.transcript) };
}

function ruleTexts(transcript: Transcript): RuleText[] {
  const application = new Set(transcript.parts.filter(isOfApplication).map((part) => part.place));
  return placedTexts(transcript).map(({ place, text }) => ({ place, text, ofApplication: application.has(place) }));
}

function isOfApplication(part: Part): boolean {
  return part.kind === 'tool_definition' || part.role === 'system' || part.role === 'developer';
}

function readUnknown(capture: Capture, request: DecodedBody, response: DecodedBody): Read {
  const sides = [
    { side: 'request', body: capture.request, decoded: request },
    { side: 'response', body: capture.response, decoded: response },
  ] as const;
  const parts = sides
    .filter(({ body }) => body.total > 0)
    .map(({ side, body }): Part => {
      return {
        side,
        place: `${side}.body`,
        role: 'unknown',
        kind: 'other',
        text: `${body.total} bytes, ${mediaType(body.contentType)}, not read`,
      };
    });
  const transcript: Transcript = {
    api: UNKNOWN_API,
    model_requested: null,
    model_returned: null,
    streamed: false,
    finish: [],
    usage: { tokens_in: null, tokens_out: null, tokens_cached: null },
    parts,
    error: null,
    unknown_items: 0,
  };
  const bodies = sides.map(({ side, decoded }) => ({
    place: `${side}.body.text`,
    text: decoded.text ?? '',
    ofApplication: false,
  }));
  return { transcript, reasons: ['unknown_api'], texts: [...ruleTexts(transcript), ...bodies] };
}

/** RFC 9110 §8.3.1, without parameters: what clients write there beside is not for a record. */
function mediaType(contentType: string | null): string {
  const type = contentType?.split(';', 1)[0]?.trim() ?? '';
  return /^[a-z0-9.+-]{1,40}\/[a-z0-9.+-]{1,80}$/i.test(type) ? type : 'no plain content type';
}

/** How the exchange ended, where that means that something was never there to be read. */
function endings(capture: Capture): CoverageReason[] {
  if (capture.requestOnly === true) return [];
  const held: CoverageReason[] = capture.notHeld === true ? ['not_held'] : [];
  return [...held, ...endOf(capture)];
}

function endOf(capture: Capture): CoverageReason[] {
  if (capture.clientAborted) return ['client_aborted'];
  if (capture.stopped === true) return ['stopped'];
  if (capture.status === null || !capture.response.ended || !capture.request.ended) return ['origin_failed'];
  return [];
}

/** A response that was given and read to its end. */
function isWhole(capture: Capture, reasons: ReadonlySet<CoverageReason>): boolean {
  const { status, response } = capture;
  const answered = status !== null && status >= 200 && status < 300 && response.ended && response.total > 0;
  return answered && !UNREAD_RESPONSE.some((reason) => reasons.has(reason));
}

/** Reasons for which a response may say more than its transcript. */
const UNREAD_RESPONSE = [
  ...(['unknown_api', 'response_truncated', 'copy_budget_exhausted', 'unknown_coding', 'decode_failed'] as const),
  ...(['decode_limit', 'unparseable', 'stream_broken', 'client_aborted', 'origin_failed', 'rules_incomplete'] as const),
];

/** `none` when nothing that anyone said could be read, for whatever reason. */
function coverageOf(reasons: ReadonlySet<CoverageReason>, transcript: Transcript): Coverage {
  if (reasons.size === 0) return { level: 'full', reasons: [] };
  const readable = transcript.parts.some((part) => part.kind !== 'other');
  return { level: readable && !reasons.has('unknown_api') ? 'partial' : 'none', reasons: [...reasons].sort() };
}

function llmError(status: number | null, transcript: Pick<Transcript, 'error'>): LlmError | null {
  const failed = status !== null && status >= 400;
  if (!failed && transcript.error === null) return null;
  const code = codeWord(transcript.error?.code);
  const type = codeWord(transcript.error?.type);
  return { source: 'origin', class: classifyLlmError(status, [code, type]), status, code: code ?? type };
}

/** None where something found a secret in them: they would be stored as they are. */
function linksOf({ links }: Reading, redactions: readonly Finding[], names: NameCleaner): Pick<Analysis, 'links'> {
  if (links === undefined || redactions.some(({ place }) => LINK_PLACES.has(place))) return {};
  const { response_id, previous_response_id, conversation_id } = links;
  const secret = [response_id, previous_response_id, conversation_id].some((id) => id !== null && names.isSecret(id));
  return secret ? {} : { links };
}

const LINK_PLACES: ReadonlySet<string> = new Set(['request.previous_response_id', 'request.conversation']);

/** Eight hex digits: enough to tell the secrets of one exchange apart, too few to test guesses against. */
export function redactionTokens(key: Uint8Array, exchangeId: string): (secret: string) => string {
  return (secret) => createHmac('sha256', key).update(exchangeId).update('\0').update(secret).digest('hex').slice(0, 8);
}
