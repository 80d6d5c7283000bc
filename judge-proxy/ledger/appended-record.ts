/** Records of people and of the program, as the writer takes them: body and words, both as they are stored. */

import { hash } from 'node:crypto';
import { ProxyError } from '../errors.ts';
import type { LabelRecord, NewRecord } from './acts.ts';
import { canonicalJson } from './chain.ts';
import type { AppendedRecord } from './thread-protocol.ts';
import { splitVerdict } from './verdict-words.ts';

/** @throws ProxyError `internal` for a note that the record does not name */
export function appendedRecord(appended: NewRecord): AppendedRecord {
  switch (appended.kind) {
    case 'label':
      return ['label', canonicalJson(appended.record), noteText(appended.record, appended.note)];
    case 'shadow_verdict': {
      const { body, text } = splitVerdict(appended.record);
      return ['shadow_verdict', body, text];
    }
    case 'act':
    case 'export_gap':
      return [appended.kind, canonicalJson(appended.record), null];
    default:
      return appended satisfies never;
  }
}

/** What stands in `texts` beside a label. Its record names the hash of the note itself. */
function noteText({ note_sha256 }: LabelRecord, note: string | null): string | null {
  if ((note === null ? null : hash('sha256', note)) !== note_sha256) {
    throw new ProxyError('internal', { reason: 'note_hash' });
  }
  return note === null ? null : canonicalJson({ note });
}
