/** What the model is asked about a window: the request, and behind it the window, as it sees every exchange. */

import canonicalize from 'canonicalize';
import { type Matter, UNREAD } from '../judge/inline-judge.ts';
import type { JudgeInput, WindowReading } from '../judge/input.ts';
import { trimTranscript } from '../judge/trim.ts';
import type { Coverage, CoverageReason } from '../ledger/records.ts';

/** @param request read by rules and redacted; what could not be read makes the window one that cannot be judged */
export function windowMatter({ input: request }: Matter, { parts, decoded = [], rule_hits }: WindowReading): Matter {
  if (request === null) return UNREAD;
  const { transcript, cut } = trimTranscript({
    ...request.transcript,
    streamed: true,
    parts: [...request.transcript.parts, ...parts],
  });
  const input: JudgeInput = {
    ...request,
    transcript,
    ...(decoded.length === 0 ? {} : { decoded: [...(request.decoded ?? []), ...decoded] }),
    rule_hits: [...request.rule_hits, ...rule_hits],
    coverage: [...cut].reduce((coverage, side) => withReason(coverage, `${side}_truncated`), request.coverage),
  };
  return { input, document: canonicalize(input) ?? '' };
}

function withReason({ level, reasons }: Coverage, reason: CoverageReason): Coverage {
  return { level: level === 'none' ? 'none' : 'partial', reasons: [...new Set([...reasons, reason])].sort() };
}
