/** Images and documents of Anthropic Messages: where their bytes are, and which of them are text after all. */

import type { PartKind } from '../exchange/transcript.ts';
import type { Fields, Json } from './json.ts';
import { base64Media, urlMedia } from './media.ts';
import { type At, inside, type PartList } from './part-list.ts';

const QUIET_SOURCE: ReadonlySet<string> = new Set(['type', 'media_type']);

type ReadContent = (parts: PartList, at: At, content: Json, kind: PartKind) => void;

/** An image. Its `source` is left unread where it is no object, so that it is kept. */
export function readImage(parts: PartList, at: At, block: Fields): void {
  const source = block.object('source');
  if (source !== null) readSource(parts, inside(at, 'source'), 'image', source, 'text', NO_CONTENT);
}

/** A document with its title and the context that the application gives to it. */
export function readDocument(parts: PartList, at: At, block: Fields, kind: PartKind, readContent: ReadContent): void {
  parts.text(inside(at, 'title'), 'other', block.string('title'));
  parts.text(inside(at, 'context'), kind, block.string('context'));
  const source = block.object('source');
  if (source !== null) readSource(parts, inside(at, 'source'), 'document', source, kind, readContent);
}

/** A file that the application, or a tool of the provider, has stored there. */
export function readStoredFile(parts: PartList, at: At, holder: Fields): void {
  const id = holder.string('file_id');
  if (id !== null) parts.missing(inside(at, 'file_id'), `[file ${id} at the provider]`);
}

/** A field that the kind of source does not have, or a kind that is not known, stays unread and so is kept. */
function readSource(
  parts: PartList,
  at: At,
  what: string,
  source: Fields,
  kind: PartKind,
  readContent: ReadContent,
): void {
  switch (source.string('type')) {
    case 'base64': {
      const data = source.string('data');
      if (data !== null) parts.media(inside(at, 'data'), base64Media(what, source.string('media_type'), data));
      break;
    }
    case 'text':
      parts.text(inside(at, 'data'), kind, source.string('data'));
      break;
    case 'url': {
      const url = source.string('url');
      if (url !== null) parts.media(inside(at, 'url'), urlMedia(what, url));
      break;
    }
    case 'file':
      readStoredFile(parts, at, source);
      break;
    case 'content':
      readContent(parts, inside(at, 'content'), source.any('content'), kind);
      break;
  }
  parts.rest(at, source, QUIET_SOURCE);
}

const NO_CONTENT: ReadContent = (parts, at, content) => parts.strange(at, content);
