/**
 * A judge model that does what a test tells it: it waits for an event, fails, refuses a form of answer, names its tokens.
 * Unless told otherwise it answers by the patterns of judge-model.ts. It keeps every question as it was put.
 */

import { EventEmitter, on } from 'node:events';
import type http from 'node:http';
import { judgeModelHandler } from './judge-model.ts';
import { errorBody } from './openai-shapes.ts';
import type { OriginHandler, SeenRequest } from './origin.ts';

/** One question as it arrived. */
export interface JudgeQuestion {
  /** First folder of the URL: tests give each judge its own. */
  readonly judge: string;
  readonly model: string;
  readonly format: 'json_schema' | 'json_object' | 'text';
  readonly parts: readonly { readonly place: string; readonly side: string; readonly text: string }[];
  /** All texts of the response. */
  readonly response: string;
  readonly seen: SeenRequest;
}

/** What becomes of a question. */
export interface Instruction {
  /** Is waited for before anything else. */
  readonly wait?: Promise<unknown>;
  /** An error of the endpoint instead of an answer. */
  readonly status?: number;
  /** An error that says that this form of answer is not known here. */
  readonly refuseFormat?: boolean;
  /** The connection breaks instead of an answer. */
  readonly hangUp?: boolean;
  readonly usage?: { readonly in: number; readonly out: number };
  /** Changes the answer of the patterns. */
  readonly tamper?: (answer: Record<string, unknown>) => unknown;
}

export type JudgeScript = (question: JudgeQuestion) => Instruction;

export class ScriptedJudge {
  readonly questions: JudgeQuestion[] = [];
  /** Set by tests; is asked for each question. */
  script: JudgeScript = () => ({});
  readonly #arrived = new EventEmitter();

  /** The handler to give to `Origin.start`, or to a world as its judgement. */
  readonly handler: OriginHandler = async (seen, response, origin) => {
    const question = read(seen);
    const { wait, status, refuseFormat, hangUp, usage, tamper } = this.script(question);
    this.questions.push(question);
    this.#arrived.emit('question');
    await wait;
    if (response.destroyed) return;
    if (hangUp === true) return void response.socket?.destroy();
    if (refuseFormat === true)
      return fail(response, 400, 'response_format json_schema is not supported', 'invalid_value');
    if (status !== undefined) return fail(response, status, 'The model is not there.', null);
    await judgeModelHandler(tamper === undefined ? {} : { tamper })(seen, counted(response, usage), origin);
  };

  /** Questions put to one judge. */
  to(judge: string): JudgeQuestion[] {
    return this.questions.filter((question) => question.judge === judge);
  }

  /** Resolves with the n-th question to this judge (from 1), past or future. */
  async asked(judge: string, n = 1): Promise<JudgeQuestion> {
    const arrivals = on(this.#arrived, 'question');
    for (;;) {
      const found = this.to(judge)[n - 1];
      if (found !== undefined) {
        await arrivals.return?.();
        return found;
      }
      await arrivals.next();
    }
  }
}

function read(seen: SeenRequest): JudgeQuestion {
  const body = JSON.parse(seen.body.toString('utf8')) as {
    model: string;
    messages: { role: string; content: string }[];
    response_format?: { type: JudgeQuestion['format'] };
  };
  const user = body.messages.find(({ role }) => role === 'user')?.content ?? '';
  const document = JSON.parse(user.split('\n')[1] ?? '{}') as {
    transcript?: { parts?: { place: string; side: string; text: string }[] };
  };
  const parts = document.transcript?.parts ?? [];
  return {
    judge: seen.url.split('/')[1] ?? '',
    model: body.model,
    format: body.response_format?.type ?? 'text',
    parts,
    response: parts.flatMap(({ side, text }) => (side === 'response' ? [text] : [])).join(''),
    seen,
  };
}

function fail(response: http.ServerResponse, status: number, message: string, code: string | null): void {
  const text = JSON.stringify(errorBody(message, 'invalid_request_error', code));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** The response with other token counts in its body. */
function counted(response: http.ServerResponse, usage: Instruction['usage']): http.ServerResponse {
  if (usage === undefined) return response;
  const end = response.end.bind(response);
  const writeHead = response.writeHead.bind(response);
  return Object.assign(response, {
    writeHead: (status: number) => writeHead(status, { 'content-type': 'application/json' }),
    end: (text: string) =>
      end(
        JSON.stringify({
          ...(JSON.parse(text) as object),
          usage: { prompt_tokens: usage.in, completion_tokens: usage.out, total_tokens: usage.in + usage.out },
        }),
      ),
  });
}
