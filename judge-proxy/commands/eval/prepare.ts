/**
 * From labelled pairs to what the judge is asked: the analysis that traffic goes through (decoding, wire format, rules,
 * redaction, cutting), in its own thread.
 */

import type { Limits } from '../../config/schema.ts';
import type { Capture, CapturedBody } from '../../exchange/capture.ts';
import { createAnalyser } from '../../judge/analyser.ts';
import type { Analysis } from '../../judge/input.ts';
import type { RuleName } from '../../judge/rules/rule.ts';
import { analysisOf } from '../../judge/summary.ts';
import type { Pair, PairSource } from './pairs.ts';

export interface Prepared {
  readonly pair: Pair;
  readonly analysis: Analysis;
  /** SHA-256 (hex) of exactly what the judge sees. */
  readonly inputSha256: string;
}

export interface PrepareOptions {
  readonly rules: readonly RuleName[];
  readonly limits: Pick<Limits, 'decoded_copy' | 'decode_time'>;
}

/** Captures given to the analyser at one time: far below its backlog. */
const BATCH = 64;
/**
 * Keys the tokens that stand for secrets. Fixed, unlike the proxy's: the same pair has to give the same document, or a
 * run could not be resumed. Labelled data hold their secrets in the clear anyway.
 */
const TOKEN_KEY = new TextEncoder().encode('labelled pairs: the same token in every run');
const NAME = 'eval';

/** @returns one result a pair, in order */
export async function preparePairs(pairs: readonly Pair[], options: PrepareOptions): Promise<Prepared[]> {
  const analyser = createAnalyser({
    limits: options.limits,
    judges: { [NAME]: { rules: options.rules } },
    hmacKey: TOKEN_KEY,
  });
  try {
    await analyser.ready;
    const prepared: Prepared[] = [];
    for (let at = 0; at < pairs.length; at += BATCH) {
      const batch = pairs.slice(at, at + BATCH);
      prepared.push(...(await Promise.all(batch.map((pair) => prepare(pair, (c) => analyser.analyse(c, NAME))))));
    }
    return prepared;
  } finally {
    await analyser.close();
  }
}

async function prepare(pair: Pair, analyse: (capture: Capture) => Promise<Analysis>): Promise<Prepared> {
  const { source } = pair;
  const analysis = source.kind === 'input' ? recorded(source) : await analyse(captureOf(pair.id, source));
  return { pair, analysis, inputSha256: analysis.content?.sha256 ?? '' };
}

/** A document of the ledger was analysed on its day; its rule hits are those of that day. */
function recorded({ input }: Extract<PairSource, { kind: 'input' }>): Analysis {
  return analysisOf(input, 'redacted', input.transcript, { llm_error: null, analysis_ms: 0 });
}

/** The copy of the exchange, as the tap would have handed it over. */
function captureOf(id: string, source: Extract<PairSource, { kind: 'wire' }>): Capture {
  const streamed = typeof source.response === 'string';
  return {
    exchangeId: id,
    host: 'labelled.invalid',
    method: 'POST',
    path: source.path,
    status: source.status,
    request: bodyOf(JSON.stringify(source.request), 'application/json'),
    response: streamed
      ? bodyOf(String(source.response), 'text/event-stream')
      : bodyOf(JSON.stringify(source.response), 'application/json'),
    errorCode: null,
    clientAborted: false,
  };
}

function bodyOf(text: string, contentType: string): CapturedBody {
  const bytes = new TextEncoder().encode(text);
  return { bytes, total: bytes.length, cut: null, ended: true, contentType, contentEncoding: null };
}
