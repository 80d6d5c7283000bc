/** From the bytes of a copy to the text that a wire format reads. */

import type { CoverageReason } from '../ledger/records.ts';
import type { CapturedBody } from './capture.ts';
import { decodeText } from './charset.ts';
import { type Bounds, type CodingEnd, parseCodings, uncode } from './coding.ts';
import type { Side } from './transcript.ts';

export interface DecodeOptions {
  readonly side: Side;
  /** Most bytes after any one content coding. */
  readonly maxBytes: number;
  /** Most milliseconds for all codings together. */
  readonly maxMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface DecodedBody {
  /** null when nothing of the body could be read. */
  readonly text: string | null;
  /** Bytes after the codings were undone. */
  readonly bytes: number;
  /** The text may stop anywhere: the copy was cut, the body did not end, or decoding stopped. */
  readonly cut: boolean;
  /** Sorted, without repeats; empty when all of the body was read. */
  readonly reasons: readonly CoverageReason[];
}

/**
 * Undoes content codings and charset of a copy. Reads what is there of a damaged or cut one, and says what is missing.
 * Never rejects for what the bytes contain.
 */
export async function decodeBody(body: CapturedBody, options: DecodeOptions): Promise<DecodedBody> {
  const reasons = new Set<CoverageReason>();
  if (body.cut === 'cap') reasons.add(options.side === 'request' ? 'request_truncated' : 'response_truncated');
  if (body.cut === 'budget') reasons.add('copy_budget_exhausted');
  const copyCut = body.cut !== null || !body.ended;
  const codings = parseCodings(body.contentEncoding);
  if (codings === null) return unread(reasons.add('unknown_coding'), copyCut);

  const bounds: Bounds = { maxBytes: options.maxBytes, deadline: options.now() + options.maxMs, now: options.now };
  // The cap on decoded bytes binds uncoded copies too.
  let bytes: Uint8Array = body.bytes.subarray(0, options.maxBytes);
  let end: CodingEnd = bytes.length < body.bytes.length ? 'limit' : 'complete';
  for (const coding of codings) {
    // An empty body has no coding to undo: answers to HEAD, 204, a stream that never began.
    if (bytes.length === 0) break;
    const undone = await uncode(coding, bytes, copyCut || end !== 'complete', bounds);
    bytes = undone.bytes;
    if (end === 'complete') end = undone.end;
  }
  if (end === 'limit') reasons.add('decode_limit');
  if (end === 'damaged') reasons.add('decode_failed');
  const cut = copyCut || end !== 'complete';
  if (end === 'damaged' && bytes.length === 0) return unread(reasons, cut);

  const { text, replaced } = decodeText(bytes, body.contentType, cut);
  if (replaced) reasons.add('decode_failed');
  return { text, bytes: bytes.length, cut, reasons: [...reasons].sort() };
}

function unread(reasons: ReadonlySet<CoverageReason>, cut: boolean): DecodedBody {
  return { text: null, bytes: 0, cut, reasons: [...reasons].sort() };
}
