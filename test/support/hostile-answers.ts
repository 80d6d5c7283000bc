/** What a hostile origin and a hostile judge model answer. */

import type http from 'node:http';
import { sent } from './hostile-fields.ts';
import type { OriginHandler } from './origin.ts';
import type { JudgeScript } from './scripted-judge.ts';

/** The origin: an answer by the model that was asked for, and bytes of no format where it was asked for none. */
export const hostileOrigin: OriginHandler = ({ url, body }, response) => {
  response.statusMessage = sent('reason_phrase');
  if (url.startsWith('/v1/responses')) return json(response, 200, responsesAnswer());
  if (!url.startsWith('/v1/chat/completions')) {
    response.writeHead(200, { 'content-type': sent('content_type'), 'content-encoding': sent('content_encoding') });
    return void response.end(sent('unread_body'));
  }
  const { model } = JSON.parse(body.toString('utf8')) as { model: string };
  if (model === 'hostile-error') return json(response, 400, errorOf('error'));
  if (model !== sent('model_requested')) return json(response, 200, plainAnswer(model));
  response.setHeader('x-request-id', sent('origin_request_id'));
  json(response, 200, chatAnswer());
};

/** A judge model that answers nothing but errors. */
export const failingJudge: OriginHandler = (_seen, response) => json(response, 400, errorOf('judge_error'));

/** Words of the judge on every criterion, and its quote where it has one: of the exchange that can be quoted. */
export const hostileJudge: JudgeScript = ({ parts }) => {
  if (!parts.some(({ text }) => text.includes(sent('judge_quote')))) return {};
  return { tamper: judgeSays };
};

const judgeSays = (answer: Record<string, unknown>) => ({
  ...answer,
  criteria: (answer.criteria as { evidence: object[] }[]).map((criterion) => ({
    ...criterion,
    analysis: sent('judge_reason'),
    evidence: criterion.evidence.map(() => ({ place: sent('judge_place'), quote: sent('judge_quote') })),
  })),
  unreadable: [sent('judge_unreadable')],
});

/** The same of a shadow judge. */
export const shadowSays = (answer: Record<string, unknown>) => ({
  ...answer,
  criteria: (answer.criteria as object[]).map((criterion) => ({ ...criterion, analysis: sent('shadow_reason') })),
});

function errorOf(whose: 'error' | 'judge_error'): object {
  const param = sent('error_param');
  return {
    error: { message: sent(`${whose}_message`), type: sent(`${whose}_type`), code: sent(`${whose}_code`), param },
  };
}

function chatAnswer(): object {
  const call = {
    ...{ id: sent('answered_call_id'), type: 'function' },
    function: { name: sent('answered_tool'), arguments: JSON.stringify({ of: sent('answered_arguments') }) },
  };
  const citation = { type: 'url_citation', url_citation: { title: sent('source_title'), url: 'https://source.test/' } };
  const message = {
    ...{ role: 'assistant', content: sent('answer'), refusal: sent('refusal') },
    ...{ reasoning_content: sent('reasoning'), annotations: [citation], tool_calls: [call] },
  };
  return {
    ...{ id: sent('chat_id'), object: 'chat.completion', model: sent('model_returned') },
    choices: [{ index: 0, message, finish_reason: sent('finish_reason') }],
  };
}

function plainAnswer(model: string): object {
  const message = { role: 'assistant', content: 'Something.' };
  return { id: 'chatcmpl-1', model, choices: [{ index: 0, message, finish_reason: 'stop' }] };
}

function responsesAnswer(): object {
  return {
    ...{ id: sent('response_id'), object: 'response', model: 'hostile-responses', status: 'incomplete' },
    incomplete_details: { reason: sent('incomplete') },
    output: [{ type: sent('odd_item'), id: 'item_1' }],
  };
}

function json(response: http.ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
