/**
 * Contract: a program that continues an answer of the Responses API by its id sends only what is new, and is judged on
 * all that the model reads: the earlier turns stand in what the judge sees and in what the ledger keeps, in every mode,
 * streamed or not, as soon as the program has the earlier answer. What another client said is nobody's context.
 */

import { hash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import OpenAI from 'openai';
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JudgeInput } from '../../judge-proxy/judge/input.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { Chain } from '../support/chain.ts';
import { curl } from '../support/clients.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import { response, responseEvents } from '../support/openai-shapes.ts';
import type { OriginHandler } from '../support/origin.ts';

const ROUTES = {
  observe: { mode: 'observe' },
  window: { mode: 'window', window: { release: 'cleared', tokens: 50, rules_tokens: 10, overlap_tokens: 20 } },
  hold: { mode: 'hold' },
  request: { mode: 'observe', hold_request: true },
} as const;
type RouteName = keyof typeof ROUTES;
const hostOf = (route: RouteName) => `${route}.context.test`;

/**
 * Answers each request with an id of its own. A stream that is judged window by window ends when the judge was asked
 * about one: else it would be over before its first window is.
 * @param asked resolves with the next question to the judge
 */
function numberedOrigin(asked: () => Promise<unknown>): OriginHandler {
  let answers = 0;
  return async (seen, out) => {
    answers += 1;
    const id = `resp_${answers}${'0'.repeat(40)}`;
    const { model, stream, input } = JSON.parse(seen.body.toString('utf8')) as {
      model: string;
      stream?: boolean;
      input: string;
    };
    const reply = { model, text: `About ${input}: ${'it is well known. '.repeat(20)}`, deltaLength: 20 };
    if (stream !== true) {
      out.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...response(reply), id }));
      return;
    }
    out.writeHead(200, { 'content-type': 'text/event-stream' });
    const question = seen.headers.host === hostOf('window') ? asked() : null;
    for (const event of responseEvents(reply)) {
      const numbered = 'response' in event ? { ...event, response: { ...(event.response as object), id } } : event;
      if (event.type === 'response.output_text.done') await question;
      out.write(`event: ${event.type}\ndata: ${JSON.stringify(numbered)}\n\n`);
    }
    out.end();
  };
}

describe.each(['h2', 'h1'] as const)('context through Envoy, hop %s', (hop) => {
  let chain: Chain;
  let agent: ProxyAgent;
  /** What the judge was shown, in order. */
  const shown: JudgeInput[] = [];
  const questions = new EventEmitter();

  beforeAll(async () => {
    const judge = judgeModelHandler();
    chain = await Chain.start({
      hop,
      handler: numberedOrigin(() => once(questions, 'asked')),
      judgeHandler: (seen, out, origin) => {
        const { messages } = JSON.parse(seen.body.toString('utf8')) as {
          messages: { role: string; content: string }[];
        };
        const user = messages.find(({ role }) => role === 'user')?.content ?? '';
        shown.push(JSON.parse(user.split('\n')[1] ?? '{}') as JudgeInput);
        questions.emit('asked');
        return judge(seen, out, origin);
      },
      terminatedHosts: Object.keys(ROUTES).map((route) => hostOf(route as RouteName)),
      config: {
        routes: Object.entries(ROUTES).map(([name, route]) => ({
          ...{ name, hosts: [hostOf(name as RouteName)], action: 'terminate', judge: 'default' },
          ...route,
        })),
      },
    });
    agent = new ProxyAgent({ uri: chain.proxyUrl, requestTls: { ca: await readFile(chain.caFile, 'utf8') } });
  });
  afterAll(async () => {
    await agent?.close();
    await chain?.stop();
  });

  let turns = 0;

  /** One turn as a program takes it, and the verdict on it. */
  async function turn(route: RouteName, input: string, previous: string | null, stream: boolean) {
    turns += 1;
    const model = `model-${turns}`;
    const { responses } = new OpenAI({
      apiKey: 'sk-test',
      baseURL: `https://${hostOf(route)}/v1`,
      fetch: (url: unknown, init: unknown) =>
        undiciFetch(url as string, { ...(init as object), dispatcher: agent }) as unknown as Promise<Response>,
    });
    const params = { model, input, ...(previous === null ? {} : { previous_response_id: previous }) };
    let id = '';
    if (stream) {
      for await (const event of await responses.create({ ...params, stream: true })) {
        if (event.type === 'response.completed') id = event.response.id;
      }
    } else id = (await responses.create(params)).id;
    return { id, verdict: () => verdictOf(model) };
  }

  function verdictOf(model: string, subject: Verdict['subject'] = 'exchange'): Promise<Verdict> {
    return chain.verdict((verdict) => verdict.model_requested === model && verdict.subject === subject);
  }

  const earlierTexts = ({ context }: JudgeInput) =>
    context?.parts.filter(({ side }) => side === 'request').map(({ text }) => text);

  describe.each(Object.keys(ROUTES) as RouteName[])('route %s', (route) => {
    it.each([true, false])('the earlier turns are judged with the last, streamed %s', async (stream) => {
      const words = ['the Danube', 'the Rhine', 'the Seine'].map((name) => `${name}, ${route}, ${stream}`);
      const [first = '', second = '', third = ''] = words;
      const one = await turn(route, first, null, stream);
      const two = await turn(route, second, one.id, stream);
      const three = await turn(route, third, two.id, stream);
      const verdict = await three.verdict();
      expect(verdict).toMatchObject({ state: 'scored', overall: { label: 'clean' }, coverage: { level: 'full' } });

      const reader = await chain.reader();
      const view = await reader.exchange(verdict.exchange_id);
      expect(hash('sha256', view?.content ?? '')).toBe(verdict.input_sha256);
      const kept = JSON.parse(view?.content ?? '{}') as JudgeInput;
      expect(earlierTexts(kept)).toEqual([first, second]);
      expect(kept.context?.complete).toBe(true);
      expect(view?.completed).toMatchObject({ previous_response_id: two.id, response_id: three.id });

      // Whole, window by window, or the request alone: all questions about this turn had the same past.
      const asked = shown.filter(({ transcript }) => transcript.parts.some(({ text }) => text === third));
      expect(asked.length).toBeGreaterThan(route === 'window' && stream ? 1 : 0);
      for (const input of asked) expect(earlierTexts(input)).toEqual([first, second]);
      expect(asked).toContainEqual(kept);
    });
  });

  it('a turn that nobody saw leaves a gap that is told', async () => {
    const { verdict } = await turn('hold', 'and then?', 'resp_of_long_ago', true);
    expect(await verdict()).toMatchObject({
      overall: { label: 'undetermined' },
      coverage: { level: 'partial', reasons: ['context_missing'] },
    });
  });

  it('what another client said is nobody’s context', async () => {
    const one = await turn('observe', 'a word of the first client', null, false);
    await one.verdict();
    const model = `stranger-${hop}`;
    const { code } = await curl([
      ...['--interface', '127.0.0.2', '--proxy', chain.proxyUrl, '--cacert', chain.caFile],
      ...['-H', 'content-type: application/json'],
      ...['-d', JSON.stringify({ model, input: 'what was that?', previous_response_id: one.id })],
      `https://${hostOf('observe')}/v1/responses`,
    ]);
    expect(code).toBe(0);
    const [first, second] = [await one.verdict(), await verdictOf(model)];
    expect(second.client).not.toBe(first.client);
    expect(second.coverage.reasons).toEqual(['context_missing']);
    const content = (await (await chain.reader()).exchange(second.exchange_id))?.content;
    expect(content).toContain('what was that?');
    expect(content).not.toContain('a word of the first client');
  });

  it('twenty turns in a row, each sent when the last one is read, lose nothing', async () => {
    let previous: string | null = null;
    for (let i = 0; i < 20; i += 1) {
      const { id, verdict } = await turn('request', `turn ${i} of ${hop}`, previous, true);
      previous = id;
      if (i === 19) expect(await verdict()).toMatchObject({ coverage: { level: 'full', reasons: [] } });
    }
    const last = shown.findLast(({ context }) => context !== undefined);
    expect(last?.context?.exchanges).toHaveLength(19);
  });
});
