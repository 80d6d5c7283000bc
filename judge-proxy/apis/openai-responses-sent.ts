/** What a client has got of a Responses stream, so that the stream can be ended behind it. */

import type { Block } from './block.ts';
import { isObject, type Json, type JsonObject, own } from './json.ts';
import { ResponseEvents, refusedEnd, refusedResponse, responseErrorEvent } from './openai-responses-block.ts';
import { type OpenItem, type OpenPart, ResponseAssembler } from './openai-responses-stream.ts';

const TERMINAL: ReadonlySet<Json | undefined> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
]);
/** Only these can end in the middle; half of any other item would be taken for a whole call. */
const CUTTABLE: ReadonlySet<Json | undefined> = new Set(['message', 'reasoning']);

export class ResponseSent {
  readonly #model: string | null;
  readonly #assembler = new ResponseAssembler();
  #base: JsonObject | null = null;
  #sequence = -1;
  #isOver = false;

  /** @param model as asked for, for a stream of which nothing was sent */
  constructor(model: string | null) {
    this.#model = model;
  }

  add(event: Json): void {
    if (!isObject(event)) return;
    this.#assembler.add(event);
    const response = own(event, 'response');
    if (isObject(response)) this.#base = response;
    const sequence = own(event, 'sequence_number');
    if (typeof sequence === 'number' && Number.isSafeInteger(sequence))
      this.#sequence = Math.max(this.#sequence, sequence);
    if (TERMINAL.has(own(event, 'type'))) this.#isOver = true;
  }

  block(block: Block): string {
    if (this.#isOver) return '';
    const next = this.#sequence + 1;
    if (block.style === 'error') return responseErrorEvent(block, next);
    if (this.#base === null) return refusedResponse(block, this.#model);
    const events = new ResponseEvents(next);
    const closed = this.#assembler
      .open()
      .filter(isCuttable)
      .map((open) => close(events, open));
    const output = [...this.#assembler.done(), ...closed].sort((a, b) => a.index - b.index);
    const items = output.map(({ item }) => item);
    return refusedEnd(events, block, this.#base, items, this.#assembler.nextIndex());
  }
}

/** An output item as the client has it. */
interface Sent {
  readonly index: number;
  readonly item: JsonObject;
}

function isCuttable(open: OpenItem): boolean {
  return CUTTABLE.has(own(open.item, 'type'));
}

/** Closes an item as the API closes one that ends early: its texts, its parts, itself. */
function close(events: ResponseEvents, open: OpenItem): Sent {
  const item: JsonObject = { ...open.item, status: 'incomplete' };
  for (const part of open.parts) closePart(events, open, part);
  events.send('response.output_item.done', { output_index: open.index, item });
  return { index: open.index, item };
}

const TEXT_DONE: ReadonlyMap<Json | undefined, string> = new Map([
  ['output_text', 'response.output_text.done'],
  ['refusal', 'response.refusal.done'],
  ['reasoning_text', 'response.reasoning_text.done'],
  ['summary_text', 'response.reasoning_summary_text.done'],
] as const);

function closePart(events: ResponseEvents, open: OpenItem, { list, index, field, part, isTextDone }: OpenPart): void {
  const type = own(part, 'type');
  const position = list === 'summary' ? { summary_index: index } : { content_index: index };
  const at = { item_id: own(open.item, 'id') ?? '', output_index: open.index, ...position };
  const done = TEXT_DONE.get(type);
  const logprobs = type === 'output_text' ? { logprobs: [] } : {};
  if (!isTextDone && done !== undefined) events.send(done, { ...at, [field]: own(part, field) ?? '', ...logprobs });
  const group = list === 'summary' ? 'response.reasoning_summary_part.done' : 'response.content_part.done';
  events.send(group, { ...at, part });
}
