/** What was said in an exchange, from what the ledger kept of it, and an honest word when there is nothing. Pure. */

import { hash } from 'node:crypto';
import type { Conversation, ConversationPart, ExchangeDetail } from '../../contract/responses.ts';
import type { Part } from '../../exchange/transcript.ts';
import type { JudgeInput } from '../../judge/input.ts';
import { keptInput } from '../../judge/kept-input.ts';
import type { ExchangeView } from '../../ledger/ledger.ts';
import type { ExchangeRow } from '../../ledger/read-model/rows.ts';

export type Content = Pick<ExchangeDetail, 'content' | 'conversation'>;

/** @param erased the tier that an erasure took, null when there was none: what is missing without one was not erased by us */
export function contentOf(view: ExchangeView, erased: ExchangeRow['erased']): Content {
  const { json, sha256 } = keptOf(view);
  if (sha256 === null) return nothing(withoutContent(view));
  if (json === null) return nothing(erased === null || erased === 'sealed' ? 'altered' : 'erased');
  if (hash('sha256', json) !== sha256) return nothing('altered');
  const input = keptInput(json);
  return input === null ? nothing('unreadable') : { content: 'kept', conversation: conversationOf(input) };
}

/** Of a request that was refused there is at least what was judged of it. */
function keptOf({ completed, content, request_content, verdicts }: ExchangeView) {
  const ofPair = completed?.content_sha256 ?? null;
  if (ofPair !== null) return { json: content, sha256: ofPair };
  const onRequest = verdicts.find(({ subject }) => subject === 'request')?.input_sha256 ?? null;
  return { json: request_content, sha256: onRequest };
}

function withoutContent({ completed }: ExchangeView): ExchangeDetail['content'] {
  if (completed === null) return 'open';
  return completed.recording === 'metadata' ? 'metadata_only' : 'none';
}

function nothing(content: ExchangeDetail['content']): Content {
  return { content, conversation: null };
}

/** What is kept was checked for its parts alone (judge/kept-input.ts): the rest may be another version's, or missing. */
function conversationOf({ context, transcript, decoded = [] }: JudgeInput): Conversation {
  const { finish = [], unknown_items = 0 }: Partial<JudgeInput['transcript']> = transcript;
  const ids = context?.exchanges.map(({ exchange_id }) => exchange_id) ?? [];
  const earlier = context?.parts.map((part) => partOf(part, exchangeOf(part.place, ids))) ?? [];
  return {
    parts: [...earlier, ...transcript.parts.map((part) => partOf(part))],
    decoded: decoded.map(({ place, coding, text }) => ({ place, coding, text })),
    ...{ finish, unknown_items },
  };
}

/** Field by field: what a later version keeps beside them is not handed out by chance. */
function partOf({ side, place, role, kind, name, text }: Part, exchange?: string): ConversationPart {
  return {
    ...{ side, place, role, kind, text },
    ...(name === undefined ? {} : { name }),
    ...(exchange === undefined ? {} : { of_exchange: exchange }),
  };
}

/** Places of earlier turns begin with `context[EXCHANGE_ID].`; one that names none of them is still not of this exchange. */
function exchangeOf(place: string, ids: readonly string[]): string {
  return ids.find((id) => place.startsWith(`context[${id}].`)) ?? '';
}
