/**
 * How an endpoint wants to be asked: strict schema, else any JSON object, else nothing but the prompt. Found out by
 * asking, once for an endpoint, and kept as long as the process lives. The prompt is the same in all modes and carries
 * the schema: there are servers that take a form and ignore it (ggml-org/llama.cpp #24097, LiteLLM's `drop_params`).
 */

import { OUTPUT_MODES, type OutputMode } from '../ledger/records.ts';

/** What a request may hold beside model and messages. */
export interface OutputForm {
  readonly mode: OutputMode;
  /** Whether the temperature is set to 0. */
  readonly temperature: boolean;
}

/** The form of one endpoint, shared by all that ask it. */
export class EndpointForm {
  #form: OutputForm;

  /** @param model name as configured: reasoning models refuse any temperature but their own */
  constructor(model: string) {
    this.#form = { mode: OUTPUT_MODES[0], temperature: !/(?:^|\/)(?:gpt-5|o\d)/.test(model) };
  }

  get current(): OutputForm {
    return this.#form;
  }

  /** A form that was answered. Kept only when it is plainer than the one that is known: calls overlap. */
  settle(form: OutputForm): void {
    const plainer = OUTPUT_MODES.indexOf(form.mode) > OUTPUT_MODES.indexOf(this.#form.mode);
    this.#form = {
      mode: plainer ? form.mode : this.#form.mode,
      temperature: this.#form.temperature && form.temperature,
    };
  }
}

/** An error answer, as far as it tells which part of the request was not liked. */
export interface FormRefusal {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  /** Free text of the endpoint: decides how we ask and nothing else, and is kept nowhere. */
  readonly message: string;
}

/**
 * The next form to try when the answer says that this one is not supported; null for any other error, and when there is
 * nothing plainer.
 */
export function plainerForm(form: OutputForm, refusal: FormRefusal): OutputForm | null {
  if (!STATUSES.has(refusal.status) || refusesContent(refusal)) return null;
  if (form.temperature && names(refusal, TEMPERATURE)) return { ...form, temperature: false };
  const next = OUTPUT_MODES[OUTPUT_MODES.indexOf(form.mode) + 1];
  if (next === undefined) return null;
  const grammar = form.mode === 'json_schema' && GRAMMAR.test(shown(refusal));
  return grammar || names(refusal, FORMAT) ? { ...form, mode: next } : null;
}

/** 400 nearly everywhere; 422 of FastAPI; 404 of gateways; 500 and 501 of older llama.cpp servers. */
const STATUSES: ReadonlySet<number> = new Set([400, 404, 422, 500, 501]);

const FORMAT = /response_?format|json_?schema|json_?object|json mode|structured.?outputs?|guided_json/i;
const TEMPERATURE = /temperature/i;
/** llama.cpp turns the schema into a grammar and may fail at it. */
const GRAMMAR = /\b(?:failed to (?:parse|initiali[sz]e)|invalid|unsupported|cannot compile)\b.{0,40}\bgrammar\b/i;
const UNSUPPORTED = new RegExp(
  [
    'unsupported|unrecogni[sz]ed|unknown|unexpected|unavailable|unimplemented|invalid|extra[_ ](?:inputs|forbidden)',
    'literal_error|not (?:yet )?(?:be )?(?:support|available|allow|permit|implement|recogni|valid|enabled)',
    "n['’]t (?:yet )?support|does not exist|must be|should be|only support|supported values|not one of|leave it unset",
  ].join('|'),
  'i',
);

/** An error about what was said, or how much, is none about the form. */
function refusesContent({ code }: FormRefusal): boolean {
  return code !== null && /content|context_length|safety|moderation|too_long|too_large|not_found|quota/i.test(code);
}

function names(refusal: FormRefusal, what: RegExp): boolean {
  const text = shown(refusal);
  if (refusal.param !== null && what.test(refusal.param)) return true;
  return what.test(text) && UNSUPPORTED.test(text);
}

/** Servers that repeat the request do it at the end: what the transcript says must not choose the form. */
const MESSAGE_CHARACTERS = 400;

function shown({ message }: FormRefusal): string {
  return message.slice(0, MESSAGE_CHARACTERS);
}
