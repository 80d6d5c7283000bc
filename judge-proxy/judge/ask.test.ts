/**
 * One question to one model, at a real endpoint: the form that the endpoint understands is found inside the first question
 * and kept for the others, an unusable answer is asked for once more in words of ours, and all of it ends in time.
 */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import { chatCompletion } from '../../test/support/openai-shapes.ts';
import type { OriginHandler, SeenRequest } from '../../test/support/origin.ts';
import type { OutputMode } from '../ledger/records.ts';
import { type Asked, type AskOptions, askModel } from './ask.ts';
import { createJudge } from './judges.ts';
import type { JudgeModel } from './model.ts';
import { answering, completing, hanging, inTurn, startJudgeServer } from './testing/judge-server.ts';
import { goodAnswer, INPUT, RUBRIC } from './testing/judgements.ts';

const DOCUMENT = JSON.stringify(INPUT);

async function ask(model: JudgeModel, over: Partial<AskOptions> = {}): Promise<Asked> {
  const judge = createJudge({ name: 'default', rubric: RUBRIC, rules: [], model });
  const { signal } = new AbortController();
  const asked = await askModel({ judge, model, input: INPUT, document: DOCUMENT, randomBytes, signal, ...over });
  if (asked === null) throw new Error('given up');
  return asked;
}

interface Body {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly response_format?: { readonly type: string };
  readonly temperature?: number;
}

function bodyOf(seen: SeenRequest | undefined): Body {
  return JSON.parse(seen?.body.toString() ?? 'null') as Body;
}

function nonceOf({ messages }: Body): string {
  return /nonce of this question is (\w+)/.exec(messages[0]?.content ?? '')?.[1] ?? '';
}

const modesOf = (seen: readonly SeenRequest[]) => seen.map((one) => bodyOf(one).response_format?.type ?? 'text');

/** A judge that knows only some forms, and says so as servers do. */
function knowing(...modes: readonly OutputMode[]): OriginHandler {
  const judge = judgeModelHandler();
  return (seen, response, origin) => {
    const type = bodyOf(seen).response_format?.type ?? 'text';
    if ((modes as readonly string[]).includes(type)) return judge(seen, response, origin);
    const message = `Invalid parameter: 'response_format' of type '${type}' is not supported with this model.`;
    return answering(400, { error: { message, type: 'invalid_request_error', param: null, code: null } })(
      seen,
      response,
      origin,
    );
  };
}

describe('the form of a question', () => {
  it.each<[OutputMode[], OutputMode[], OutputMode]>([
    [['json_schema'], ['json_schema'], 'json_schema'],
    [['json_object', 'text'], ['json_schema', 'json_object'], 'json_object'],
    [['text'], ['json_schema', 'json_object', 'text'], 'text'],
    // LM Studio knows the schema and no other object: what it refuses first decides.
    [['json_schema', 'text'], ['json_schema'], 'json_schema'],
  ])(
    'of an endpoint that knows %j is found within the first question, and known for the next',
    async (modes, asked, mode) => {
      await using server = await startJudgeServer(knowing(...modes));
      expect(await ask(server.model)).toMatchObject({ outcome: { state: 'scored' }, outputMode: mode, error: null });
      expect(modesOf(server.origin.seen)).toEqual(asked);
      await ask(server.model);
      expect(modesOf(server.origin.seen)).toEqual([...asked, mode]);
    },
  );

  it('changes neither the messages nor their nonce', async () => {
    await using server = await startJudgeServer(knowing('text'));
    await ask(server.model);
    const [first, ...more] = server.origin.seen.map((seen) => JSON.stringify(bodyOf(seen).messages));
    expect(more).toEqual([first, first]);
    expect(bodyOf(server.origin.seen[0]).messages[0]?.content).toContain('"judge_manipulation"');
  });

  it('is found by questions that overlap', async () => {
    await using server = await startJudgeServer(knowing('text'));
    const asked = await Promise.all(Array.from({ length: 4 }, () => ask(server.model)));
    expect(asked.map(({ outputMode }) => outputMode)).toEqual(['text', 'text', 'text', 'text']);
    await ask(server.model);
    expect(modesOf(server.origin.seen).at(-1)).toBe('text');
  });

  it('loses the temperature alone', async () => {
    const judge = judgeModelHandler();
    const handler: OriginHandler = (seen, response, origin) => {
      if (bodyOf(seen).temperature === undefined) return judge(seen, response, origin);
      const message = "Unsupported value: 'temperature' does not support 0 with this model.";
      return answering(400, { error: { message, type: 'x', param: 'temperature', code: 'unsupported_value' } })(
        seen,
        response,
        origin,
      );
    };
    await using server = await startJudgeServer(handler);
    expect(await ask(server.model)).toMatchObject({ outcome: { state: 'scored' }, outputMode: 'json_schema' });
    await ask(server.model);
    expect(server.origin.seen).toHaveLength(3);
  });

  it('is not learnt from an endpoint that refuses everything', async () => {
    const refused = knowing();
    await using server = await startJudgeServer(inTurn(refused, refused, refused, judgeModelHandler()));
    expect(await ask(server.model)).toMatchObject({
      outcome: { state: 'provider_error' },
      outputMode: null,
      error: { class: 'permanent', status: 400 },
      again: null,
    });
    expect(await ask(server.model)).toMatchObject({ outputMode: 'json_schema' });
  });

  it.each<[string, OriginHandler, string]>([
    ['a refusal', completing({ message: { role: 'assistant', content: null, refusal: 'No.' } }), 'refused'],
    [
      'a content filter',
      answering(400, { error: { message: 'json_schema is not supported', code: 'content_filter' } }),
      'refused',
    ],
    ['an unusable answer', completing({}, 'json_schema is not supported'), 'invalid_output'],
    ['trouble', answering(503, { error: { message: 'json_schema is not available' } }), 'provider_error'],
  ])('stays what it is after %s', async (_, handler, state) => {
    await using server = await startJudgeServer(handler);
    expect((await ask(server.model)).outcome.state).toBe(state);
    expect(new Set(modesOf(server.origin.seen))).toEqual(new Set(['json_schema']));
  });
});

describe('an answer', () => {
  it('may stand in a code block with prose around it', async () => {
    const talkative: OriginHandler = (seen, response, origin) => {
      const nonce = nonceOf(bodyOf(seen));
      const text = `Here it is:\n\`\`\`json\n${JSON.stringify(goodAnswer({ nonce }))}\n\`\`\`\nDone.`;
      return answering(200, chatCompletion({ model: 'test-judge', text }))(seen, response, origin);
    };
    await using server = await startJudgeServer(talkative);
    expect((await ask(server.model)).outcome.state).toBe('scored');
  });
});

describe('an unusable answer', () => {
  const good = judgeModelHandler();
  it.each<[string, OriginHandler, RegExp]>([
    ['no JSON', completing({}, 'All is well.'), /could not be read/],
    [
      'criteria that were not asked',
      judgeModelHandler({ tamper: (answer) => ({ ...answer, criteria: [] }) }),
      /did not fit the rubric/,
    ],
    [
      'an invented quote',
      judgeModelHandler({
        tamper: (answer) => ({
          ...answer,
          judge_manipulation: { present: true, evidence: [{ place: 'x', quote: 'never said' }] },
        }),
      }),
      /quoted what does not stand/,
    ],
  ])('(%s) is asked for once more, saying what was wrong and nothing that the model wrote', async (_, bad, words) => {
    await using server = await startJudgeServer(inTurn(bad, good));
    expect((await ask(server.model)).outcome.state).toBe('scored');
    const [first, second] = server.origin.seen.map((seen) => bodyOf(seen).messages);
    expect(second?.[1]?.content).toMatch(words);
    expect(first?.[1]?.content).not.toMatch(words);
    expect(second?.[1]?.content).not.toMatch(/All is well|never said/);
    const nonces = server.origin.seen.map((seen) => nonceOf(bodyOf(seen)));
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it('is asked for no third time', async () => {
    await using server = await startJudgeServer(completing({}, '?'));
    expect((await ask(server.model)).outcome.state).toBe('invalid_output');
    expect(server.origin.seen).toHaveLength(2);
  });

  it('with a wrong nonce is not asked for again', async () => {
    await using server = await startJudgeServer(judgeModelHandler({ tamper: (answer) => ({ ...answer, nonce: 'x' }) }));
    expect((await ask(server.model)).outcome.state).toBe('nonce_mismatch');
    expect(server.origin.seen).toHaveLength(1);
  });
});

describe('the time that is given', () => {
  it.each<[string, OriginHandler[], number]>([
    ['the first call', [hanging], 1],
    ['the call in a plainer form', [knowing(), hanging], 2],
    ['the repetition', [completing({}, '?'), hanging], 2],
  ])('ends %s', async (_, handlers, calls) => {
    await using server = await startJudgeServer(inTurn(...handlers));
    const started = performance.now();
    const asked = await ask(server.model, { withinMs: 300 });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(asked).toMatchObject({ outcome: { state: 'timeout' }, again: { state: 'timeout' } });
    expect(server.origin.seen).toHaveLength(calls);
  });

  it('when it is over, nobody is asked', async () => {
    await using server = await startJudgeServer();
    expect((await ask(server.model, { withinMs: 0 })).outcome.state).toBe('timeout');
    expect(server.origin.seen).toHaveLength(0);
  });

  it('is never more than the model has', async () => {
    await using server = await startJudgeServer(hanging, { timeout: 80 });
    expect((await ask(server.model, { withinMs: 60_000 })).outcome.state).toBe('timeout');
  });
});
