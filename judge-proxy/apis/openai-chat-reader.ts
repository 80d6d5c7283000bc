/** Chat Completions as it streams: the pieces of every choice, at the places of the whole reading. */

import type { PartKind, Role } from '../exchange/transcript.ts';
import type { Block } from './block.ts';
import { isEndMark, RESPONSE } from './body.ts';
import { readPart, roleOf } from './content.ts';
import { isArray, isObject, type Json, type JsonObject, own } from './json.ts';
import { LiveEvents } from './live-event.ts';
import { ChatCalls } from './openai-chat-calls.ts';
import { QUIET_RESPONSE } from './openai-chat-read.ts';
import { ChatSent } from './openai-chat-sent.ts';
import { outline } from './outline.ts';
import { type At, inside, PartList } from './part-list.ts';
import type { SseEvent } from './sse.ts';
import { StreamDeltas } from './stream-deltas.ts';
import type { StreamReader, StreamStep } from './stream-reader.ts';
import { readError } from './wire-error.ts';

interface Choice {
  readonly place: string;
  role: Role;
  /** Parts of a content that is a list. */
  parts: number;
  annotations: number;
  readonly calls: ChatCalls;
}

/** Padding, counts, and what is read by itself. */
const READ: ReadonlySet<string> = new Set(['obfuscation', 'object', 'choices', 'usage', 'error', 'model']);
const QUIET_CHOICE: ReadonlySet<string> = new Set(['logprobs', 'content_filter_results']);
const QUIET_MESSAGE: ReadonlySet<string> = new Set(['id', 'tool_call_id', 'prefix', 'cache_control']);
const QUIET_AUDIO: ReadonlySet<string> = new Set(['id', 'data', 'expires_at', 'format']);
const TEXTS: ReadonlyMap<string, PartKind> = new Map([
  ['name', 'other'],
  ['refusal', 'refusal'],
  ['reasoning_content', 'reasoning'],
  ['reasoning', 'reasoning'],
] as const);

export class ChatReader implements StreamReader {
  readonly #out = new StreamDeltas();
  readonly #events = new LiveEvents();
  readonly #choices = new Map<number, Choice>();
  /** Choices with a call that is not complete. */
  readonly #calling = new Set<Choice>();
  readonly #sent: ChatSent;

  /** @param model as asked for */
  constructor(model: string | null = null) {
    this.#sent = new ChatSent(model);
  }

  read(event: SseEvent): StreamStep {
    const value = this.#events.read(this.#out, event);
    if (value !== undefined) this.#addChunk(asError(event, value));
    const ended = isEndMark(event);
    if (ended) for (const choice of this.#calling) this.#finish(choice);
    return this.#out.step(this.#calling.size > 0, ended);
  }

  released(event: SseEvent): void {
    const value = this.#events.valueOf(event);
    if (value !== undefined) this.#sent.add(asError(event, value));
    else if (isEndMark(event)) this.#sent.end();
  }

  block(block: Block): string {
    return this.#sent.block(block);
  }

  #addChunk(chunk: Json): void {
    if (!isObject(chunk)) {
      this.#out.event(chunk);
      return;
    }
    for (const [key, value] of Object.entries(chunk)) {
      if (READ.has(key)) continue;
      this.#out.repeated(RESPONSE, key, value, QUIET_RESPONSE.has(key));
    }
    const error = own(chunk, 'error') ?? null;
    if (error !== null) {
      const parts = new PartList();
      readError(parts, inside(RESPONSE, 'error'), error);
      this.#out.whole(parts.finish());
    }
    const choices = own(chunk, 'choices');
    if (isArray(choices)) for (const choice of choices) this.#addChoice(choice);
    else if (choices !== undefined) this.#out.repeated(RESPONSE, 'choices_not_a_list', choices, false);
  }

  #addChoice(value: Json): void {
    const index = isObject(value) ? (own(value, 'index') ?? 0) : undefined;
    if (!isObject(value) || typeof index !== 'number') {
      this.#out.repeated(RESPONSE, 'choices_without_index', value, false);
      return;
    }
    const choice = this.#choice(index);
    const at = { ...RESPONSE, place: choice.place };
    let ends = false;
    for (const [key, field] of Object.entries(value)) {
      if (key === 'index') continue;
      // Some servers send the whole message in one chunk.
      if ((key === 'delta' || key === 'message') && isObject(field)) this.#addDelta(choice, field);
      else if (key === 'finish_reason' && typeof field === 'string') ends = field !== '';
      else this.#out.stray(at, key, field, QUIET_CHOICE.has(key));
    }
    if (choice.calls.isOpen) this.#calling.add(choice);
    if (ends) this.#finish(choice);
  }

  #finish(choice: Choice): void {
    choice.calls.finish();
    this.#calling.delete(choice);
  }

  #addDelta(choice: Choice, delta: JsonObject): void {
    const word = own(delta, 'role');
    const message = { ...RESPONSE, place: `${choice.place}.message` };
    if (typeof word === 'string' && word !== '') choice.role = roleOf(word, choice.role);
    const at = { ...message, role: choice.role };
    // A role that the format does not have is content, not a role.
    if (choice.role === 'unknown') this.#out.repeated(at, 'role', word ?? null, false);
    for (const [key, value] of Object.entries(delta)) {
      const kind = TEXTS.get(key);
      if (value === null || key === 'role') continue;
      if (kind !== undefined && typeof value === 'string') this.#out.add(inside(at, key), kind, value);
      else if (key === 'content') this.#addContent(choice, value);
      else if (key === 'annotations' && isArray(value)) this.#addAnnotations(choice, at, value);
      else if (key === 'tool_calls' && isArray(value)) for (const call of value) choice.calls.add(at, call);
      else if (key === 'function_call' && isObject(value)) choice.calls.addLegacy(at, value);
      else if (key === 'audio' && isObject(value)) this.#addAudio(choice, value);
      else this.#out.stray(at, key, value, QUIET_MESSAGE.has(key));
    }
  }

  #addContent(choice: Choice, content: Json): void {
    const at = { ...RESPONSE, role: choice.role, place: `${choice.place}.message.content` };
    const kind = choice.role === 'tool' ? 'tool_result' : 'text';
    if (typeof content === 'string') this.#out.add(at, kind, content);
    else if (isArray(content)) {
      const parts = new PartList();
      for (const part of content) readPart(parts, inside(at, choice.parts++), part, kind);
      this.#out.whole(parts.finish());
    } else this.#out.strange(at, content);
  }

  #addAnnotations(choice: Choice, at: At, annotations: readonly Json[]): void {
    for (const annotation of annotations) {
      const here = inside(inside(at, 'annotations'), choice.annotations++);
      this.#out.add(here, 'other', outline(annotation));
    }
  }

  /** Sound itself is not read: the whole reading describes it. */
  #addAudio(choice: Choice, audio: JsonObject): void {
    const at = { ...RESPONSE, role: choice.role, place: `${choice.place}.message.audio` };
    for (const [key, value] of Object.entries(audio)) {
      if (key === 'transcript' && typeof value === 'string') this.#out.add(inside(at, key), 'text', value);
      else if (!(key === 'data' && typeof value === 'string')) this.#out.stray(at, key, value, QUIET_AUDIO.has(key));
    }
  }

  #choice(index: number): Choice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const place = `response.choices[${index}]`;
    const choice: Choice = { place, role: RESPONSE.role, parts: 0, annotations: 0, calls: new ChatCalls(this.#out) };
    this.#choices.set(index, choice);
    return choice;
  }
}

/** Under `event: error` the official clients take the data itself for the error when it has no `error` field. */
function asError(event: SseEvent, value: Json): Json {
  return event.event === 'error' && isObject(value) && own(value, 'error') === undefined ? { error: value } : value;
}
