/**
 * The conversation of one exchange, whatever its wire format: a flat list of parts, each with the place where it stood.
 * Rules, redaction, the judge prompt and the reviewer's page all read this and nothing else.
 */

export type Side = 'request' | 'response';

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'unknown';

export type PartKind =
  | 'text'
  | 'reasoning'
  | 'refusal'
  | 'tool_call' // text is the arguments as sent
  | 'tool_result'
  | 'tool_definition' // not the user's words
  | 'media' // text is a description with hash and size
  | 'error'
  | 'other'; // kept, counted, not understood

export interface Part {
  readonly side: Side;
  /** Stable path into the wire format, e.g. `request.messages[1].content[0].text` or `response.choices[0].message.content`. */
  readonly place: string;
  readonly role: Role;
  readonly kind: PartKind;
  /** Name of the tool, where the kind has one. */
  readonly name?: string;
  readonly text: string;
}

export interface Usage {
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  /** Part of tokens_in that the provider read from its cache. */
  readonly tokens_cached: number | null;
}

export interface Transcript {
  readonly api: string;
  readonly model_requested: string | null;
  readonly model_returned: string | null;
  readonly streamed: boolean;
  /** Finish reasons or status words of the response, in order of choices. */
  readonly finish: readonly string[];
  readonly usage: Usage;
  readonly parts: readonly Part[];
  /** Error that the origin reported in the body or inside the stream: code words only. */
  readonly error: { readonly type: string | null; readonly code: string | null } | null;
  /** Unknown fields, events and item types that were kept as `other`. */
  readonly unknown_items: number;
}
