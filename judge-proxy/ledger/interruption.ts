/** What the ledger knows of an exchange whose proxy died: that it was opened, and nothing else. */

import type { ExchangeCompleted, ExchangeOpened } from './records.ts';

/**
 * The record that closes such an exchange. How long it took and how much passed died with the process: they are 0.
 * @param stopped the judge had refused its request, so that no origin saw it
 * @param ts RFC 3339, when the exchange was found
 */
export function interruption(opened: ExchangeOpened, stopped: boolean, ts: string): ExchangeCompleted {
  return {
    exchange_id: opened.exchange_id,
    ts,
    outcome: stopped ? 'blocked' : 'interrupted',
    error_code: null,
    status: null,
    api: 'unknown',
    streamed: false,
    client_request_id: null,
    origin_request_id: null,
    model_requested: null,
    model_returned: null,
    tokens_in: null,
    tokens_out: null,
    cost_usd: null,
    request_bytes: 0,
    response_bytes: 0,
    first_byte_ms: null,
    duration_ms: 0,
    coverage: { level: 'none', reasons: stopped ? ['interrupted', 'stopped'] : ['interrupted'] },
    llm_error: null,
    content_sha256: null,
  };
}
