/** What a client is told of a stop: the route's `block` settings and the verdict, before a format writes it. */

import type { Block } from '../apis/block.ts';
import type { RouteConfig } from '../config/schema.ts';
import type { StopCode } from '../judge/inline-judge.ts';
import type { NewVerdict } from '../ledger/records.ts';

export interface StoppedExchange {
  readonly code: StopCode;
  readonly requestId: string;
  /** null when none could be committed: then nothing of it is told either. */
  readonly verdict: NewVerdict | null;
}

/** Quotes and previews that one block shows. */
const MOST_SHOWN = 20;

/** @param settings of the route; by default nothing of rubric or evidence is told */
export function blockOrder(settings: RouteConfig['block'], { code, requestId, verdict }: StoppedExchange): Block {
  const { status, message, style, headers } = settings;
  return {
    ...{ code, status, message, style, headers, requestId },
    verdictId: verdict?.verdict_id ?? null,
    reveal: verdict === null ? null : reveal(settings.reveal, verdict),
  };
}

function reveal(what: RouteConfig['block']['reveal'], verdict: NewVerdict): Block['reveal'] {
  switch (what) {
    case 'nothing':
      return null;
    case 'criteria':
      return { violated: violatedIds(verdict), evidence: [] };
    case 'evidence':
      return { violated: violatedIds(verdict), evidence: evidenceOf(verdict) };
    default:
      return what satisfies never;
  }
}

function violatedIds(verdict: NewVerdict): string[] {
  const criteria = violatedCriteria(verdict).map(({ id }) => id);
  return [...new Set([...criteria, ...graveHits(verdict).map(({ rule }) => rule)])];
}

/** Quotes are of the redacted document, previews of rules never are the secret: neither shows more than the ledger. */
function evidenceOf(verdict: NewVerdict): { place: string; quote: string }[] {
  const quotes = violatedCriteria(verdict).flatMap(({ evidence }) => [...evidence]);
  const previews = graveHits(verdict).map(({ place, preview }) => ({ place, quote: preview }));
  return [...quotes, ...previews].slice(0, MOST_SHOWN);
}

function violatedCriteria({ criteria }: NewVerdict): readonly NewVerdict['criteria'][number][] {
  return criteria.filter(({ label }) => label === 'violation');
}

function graveHits({ rule_hits }: NewVerdict): readonly NewVerdict['rule_hits'][number][] {
  return rule_hits.filter(({ severity }) => severity === 'high' || severity === 'critical');
}
