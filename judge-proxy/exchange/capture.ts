/** The bounded copy of one exchange, as bytes: what the tap hands to the analysis. */

import type { ErrorCode } from '../errors.ts';
import type { RecordingLevel } from '../ledger/records.ts';
import type { SecretHeader } from './known-secret.ts';

export interface CapturedBody {
  /** The copy, in order, as it was on the wire (still content-coded, already de-chunked). */
  readonly bytes: Uint8Array;
  /** Bytes that passed, copied or not. */
  readonly total: number;
  /** `cap` when the copy is shorter than what passed because of its own cap, `budget` because of the cap over all. */
  readonly cut: 'cap' | 'budget' | null;
  /** The body was received to its end. */
  readonly ended: boolean;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
}

export interface Capture {
  readonly exchangeId: string;
  readonly host: string;
  readonly method: string;
  /** With query: formats match on it; it is not stored. */
  readonly path: string;
  /** null when the origin gave no answer. */
  readonly status: number | null;
  readonly request: CapturedBody;
  readonly response: CapturedBody;
  readonly errorCode: ErrorCode | null;
  readonly clientAborted: boolean;
  /** The request alone is judged: that there is no response says nothing. */
  readonly requestOnly?: boolean;
  /** The judge stopped the exchange: what is missing of the response is missing by our own doing. */
  readonly stopped?: boolean;
  /** More came than may be held back: it was delivered before it was judged. */
  readonly notHeld?: boolean;
  /** How much of it is kept; `redacted` unless given. */
  readonly recording?: RecordingLevel;
  /** The original is sealed. */
  readonly seal?: boolean;
  /** Headers of both sides whose values are secrets: nothing else of the headers comes here, and none is kept. */
  readonly secretHeaders?: readonly SecretHeader[];
  /** Ids that others gave to the request: they stand in columns, whatever is kept of the text. */
  readonly ids?: RequestIds;
  /** Windows of the response will be read: what is secret in the request is secret there. */
  readonly beforeWindows?: boolean;
}

export interface RequestIds {
  readonly client: string | null;
  readonly origin: string | null;
}
