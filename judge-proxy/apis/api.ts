/** One wire format: how it is recognised and read. One file a format; `registry.ts` lists them. */

import type { Transcript } from '../exchange/transcript.ts';
import type { CoverageReason } from '../ledger/records.ts';
import type { BlockWriter } from './block.ts';
import type { ProviderLinks } from './provider-links.ts';
import type { StreamReader } from './stream-reader.ts';

/** Decoded bodies of one exchange. `null`: there is none, or it could not be decoded. */
export interface DecodedExchange {
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly request: string | null;
  readonly response: string | null;
  readonly responseContentType: string | null;
  /** The copy of the side is shorter than what passed: a parse that fails at its end is expected. */
  readonly requestCut: boolean;
  readonly responseCut: boolean;
  readonly responseEnded: boolean;
}

export interface Reading {
  readonly transcript: Transcript;
  /** What could not be read, and why. */
  readonly reasons: readonly CoverageReason[];
  /** Absent where the exchange neither has nor names an id at the provider. */
  readonly links?: ProviderLinks;
}

export interface Api {
  /** Name in config, ledger and metrics, e.g. `openai.chat_completions`. */
  readonly name: string;
  /** True when method and path (query included) belong to this format. */
  matches(method: string, path: string): boolean;
  /** Never throws on hostile input: what cannot be read becomes a coverage reason and an `other` part. */
  read(exchange: DecodedExchange): Reading;
  /** Answers a request whose exchange the judge stopped before anything was sent. */
  readonly block: BlockWriter;
  /** Reads one stream as it comes. @param model as the request asks for, for a block before the stream's first event */
  streamReader(model?: string | null): StreamReader;
}
