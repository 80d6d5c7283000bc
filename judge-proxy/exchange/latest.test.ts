import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { head, tail } from './cut.ts';
import { contextTail, latestUserMessage } from './latest.ts';
import type { Part, Transcript } from './transcript.ts';

function of(...parts: Part[]): Transcript {
  const usage = { tokens_in: null, tokens_out: null, tokens_cached: null };
  return {
    api: 'x',
    model_requested: null,
    model_returned: null,
    streamed: false,
    finish: [],
    usage,
    parts,
    error: null,
    unknown_items: 0,
  };
}

function part(place: string, text: string, over: Partial<Part> = {}): Part {
  return { side: 'request', place, role: 'user', kind: 'text', text, ...over };
}

describe('latestUserMessage', () => {
  it('joins the parts of the last user message and nothing else', () => {
    const transcript = of(
      part('request.messages[0].content', 'first'),
      part('request.messages[1].content', 'answer', { role: 'assistant' }),
      part('request.messages[2].content[0].text', 'one'),
      part('request.messages[2].content[1]', '[image]', { kind: 'media' }),
      part('request.messages[2].content[2].text', 'two'),
      part('request.messages[3].content', 'result', { role: 'tool', kind: 'tool_result' }),
      part('response.choices[0].message.content', 'out', { side: 'response', role: 'assistant' }),
    );
    expect(latestUserMessage(transcript)).toEqual({ text: 'one\ntwo', length: 7 });
  });

  it('reads the string form of an input', () => {
    expect(latestUserMessage(of(part('request.input', 'hi')))).toEqual({ text: 'hi', length: 2 });
  });

  it('is null without a user message', () => {
    expect(latestUserMessage(of(part('request.messages[0].content', 'x', { role: 'system' })))).toEqual({
      text: null,
      length: null,
    });
  });

  it('is cut at 2,000 and keeps its length', () => {
    const { text, length } = latestUserMessage(of(part('request.input', `${'a'.repeat(1999)}👋tail`)));
    expect(text).toBe('a'.repeat(1999));
    expect(length).toBe(2005);
  });
});

describe('contextTail', () => {
  it('is the end of what the model read, tool definitions left out', () => {
    const transcript = of(
      part('request.messages[0].content', 'system', { role: 'system' }),
      part('request.messages[1].content', 'question'),
      part('request.tools[0]', 'definition', { kind: 'tool_definition' }),
      part('response.choices[0].message.content', 'out', { side: 'response' }),
    );
    expect(contextTail(transcript, 200)).toBe('system\nquestion');
    expect(contextTail(transcript, 10)).toBe('m\nquestion');
    expect(contextTail(of(), 200)).toBeNull();
  });

  it('never exceeds its limit, never splits a character, is the tail of the joined text (property)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 8 }),
        fc.nat(60),
        (texts, limit) => {
          const joined = texts.join('\n');
          const cut =
            contextTail(of(...texts.map((text, at) => part(`request.messages[${at}].content`, text))), limit) ?? '';
          expect(cut.length).toBeLessThanOrEqual(limit);
          expect(joined.endsWith(cut)).toBe(true);
          expect(cut.length).toBeGreaterThanOrEqual(Math.min(limit, joined.length) - 1);
          expect(cut.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});

it('cuts between characters (property)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(50), (text, limit) => {
      expect(head(text, limit).isWellFormed() && tail(text, limit).isWellFormed()).toBe(true);
      expect(text.startsWith(head(text, limit)) && text.endsWith(tail(text, limit))).toBe(true);
      expect(head(text, limit).length).toBeLessThanOrEqual(limit);
      expect(tail(text, limit).length).toBeLessThanOrEqual(limit);
    }),
  );
});
