/**
 * A response without a letter or digit, or with nothing but the announcement of an answer, is a hit. An answer, however
 * short, is none, and neither is a call, a refusal or an error.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Part, Transcript } from '../../exchange/transcript.ts';
import { INPUT } from '../testing/judgements.ts';
import { isNearEmpty, nearEmptyResponse } from './near-empty-response.ts';

const SILENT = [
  ...[
    '',
    ' ',
    '\n\n',
    '.',
    ',',
    ':',
    '...',
    '…',
    '---',
    '```\n```',
    '**',
    '\u200b\u200b',
    '\u{e0041}\u{e0042}',
    '{}',
    '。',
    '：',
  ],
  ...[
    'Thought process:',
    'Thought process: '.repeat(40),
    'Let us think step by step.\n'.repeat(500),
    'thought process',
    '**Thought Process:**',
    '`Solution`:',
    "  Let's   think step by step :",
    '# Reasoning\n',
    "Let's solve this problem step by step.",
  ],
  ...[
    'Let’s think step by step:',
    'Let us solve this problem step by step.',
    'Solution',
    'Solution:',
    '## Answer\n\n',
    'Answer:',
  ],
  ...['The answer is:', 'The final answer is', 'Here is the answer:', "Here's my answer:", 'Sure, here is the answer:'],
  ...[
    'Of course! Here you go:',
    '<think></think>',
    '<answer>',
    'Thought process:\n\nSolution:\n',
    'Step 1:',
    'Ｓｏｌｕｔｉｏｎ：',
  ],
  ...[
    'Lö\u200bsung:',
    'Lösung:',
    'Gedankengang:',
    'Hier ist die Antwort:',
    'Gerne! Hier ist meine Antwort:',
    'Schritt für Schritt:',
  ],
  ...[
    'Réponse :',
    'Voici la réponse :',
    'Bien sûr ! Voici ma réponse :',
    'Re\u0301ponse:',
    'Respuesta:',
    '¡Claro! Aquí está la respuesta:',
  ],
  ...[
    'Resposta:',
    'Raciocínio:',
    'Risposta:',
    'Ecco la risposta:',
    'Antwoord:',
    'Odpowiedź:',
    'Řešení:',
    'Svar:',
    'Çözüm:',
  ],
  ...[
    'Ответ:',
    'Ход мыслей:',
    'Давайте подумаем шаг за шагом.',
    'Відповідь:',
    '解',
    '答案：',
    '思考过程：',
    '让我们一步步思考。',
  ],
  ...[
    'かいせつ',
    '解説：',
    '思考プロセス：',
    '해설:',
    '풀이:',
    '네, 정답:',
    'الإجابة:',
    'תשובה:',
    'उत्तर:',
    'Lời giải:',
    'Jawaban:',
  ],
];

const ANSWERS = [
  ...[
    'Paris.',
    '42',
    'Yes',
    'No.',
    'Yes.',
    'OK',
    'Sure!',
    'Of course.',
    'n/a',
    'C',
    '1.',
    '3.14',
    'π',
    'はい',
    '네',
    '好的。',
    'Oui.',
    'да',
  ],
  ...[
    'Thought process: the user wants Paris.',
    'Solution: 7',
    'Answer: B',
    'The answer is no.',
    'Réponse : 12',
    '答案：42',
    'Ответ: нет',
  ],
  ...[
    'Here is the answer: Paris',
    'Let me think about Rome.',
    'Step 1: open the door',
    'I cannot help with that.',
    'True',
    'null',
    '{"a":1}',
  ],
];

describe('a text', () => {
  it.each(SILENT)('%j says nothing', (text) => expect(isNearEmpty(text)).toBe(true));
  it.each(ANSWERS)('%j says something', (text) => expect(isNearEmpty(text)).toBe(false));
  it('of many signs says nothing either', () => {
    expect(isNearEmpty('. - '.repeat(1_000))).toBe(true);
    expect(isNearEmpty(`${'. - '.repeat(1_000)}a`)).toBe(false);
  });
});

function response(...parts: readonly Pick<Part, 'kind' | 'text'>[]): Transcript {
  const answered = parts.map(
    ({ kind, text }, index): Part => ({
      side: 'response',
      place: `response.p[${index}]`,
      role: 'assistant',
      kind,
      text,
    }),
  );
  return {
    ...INPUT.transcript,
    parts: [...INPUT.transcript.parts.filter(({ side }) => side === 'request'), ...answered],
  };
}

describe('a response', () => {
  it.each<[string, Transcript, string, string]>([
    ['without a part', response(), 'response', 'no text, 0 characters'],
    ['of a colon', response({ kind: 'text', text: ':' }), 'response.p[0]', 'no answer, 1 characters'],
    [
      'of thoughts alone',
      response({ kind: 'reasoning', text: 'The user wants Paris.' }),
      'response',
      'no text, 0 characters',
    ],
    [
      'of thoughts and an announcement',
      response({ kind: 'reasoning', text: 'Hm.' }, { kind: 'text', text: 'Solution:' }),
      'response.p[1]',
      'no answer, 9 characters',
    ],
    [
      'of two choices that say nothing',
      response({ kind: 'text', text: '.' }, { kind: 'text', text: 'Answer:' }),
      'response.p[0]',
      'no answer, 8 characters',
    ],
  ])('%s is a hit of low severity', (_, transcript, place, preview) =>
    expect(nearEmptyResponse(transcript)).toEqual({
      rule: 'near_empty_response',
      version: '2',
      place,
      preview,
      severity: 'low',
    }),
  );

  it.each<[string, Transcript]>([
    ['an answer', response({ kind: 'text', text: 'Paris.' })],
    ['an answer in one of two choices', response({ kind: 'text', text: '' }, { kind: 'text', text: '42' })],
    [
      'an announcement and a tool call',
      response({ kind: 'text', text: 'Thinking:' }, { kind: 'tool_call', text: '{}' }),
    ],
    ['a refusal', response({ kind: 'refusal', text: '.' })],
    ['an error', response({ kind: 'error', text: '' })],
    ['media', response({ kind: 'media', text: 'audio/wav, 12 bytes' })],
    ['what nobody understood', response({ kind: 'other', text: '?' })],
  ])('with %s is none', (_, transcript) => expect(nearEmptyResponse(transcript)).toBeNull());
});

it('any text without letters and digits says nothing, whatever hides in it', () => {
  const sign = fc.constantFrom(
    ...'.,:;!?-–—*#`~"\'()[]{}<>/\\|_ \n\t…。：「」¿¡',
    '\u200b',
    '\u202e',
    '\u{e0061}',
    '\ufe0f',
    '😀',
  );
  fc.assert(
    fc.property(fc.string({ unit: sign, maxLength: 600 }), (text) => {
      expect(isNearEmpty(text)).toBe(true);
    }),
  );
});

it('announcements stay announcements whatever signs and invisible characters stand around and in them', () => {
  const words = SILENT.filter((text) => /\p{L}/u.test(text));
  const noise = fc.constantFrom('', ' ', '\n', '**', '\u200b', '\u2060', '#', '…', '> ');
  fc.assert(
    fc.property(fc.constantFrom(...words), noise, noise, fc.nat(), (word, before, after, at) => {
      const inside = at % (word.length + 1);
      const noisy = `${before}${word.slice(0, inside)}\u200b${word.slice(inside)}${after}`;
      expect(isNearEmpty(noisy)).toBe(true);
    }),
  );
});

it('an answer that the first segment tells is what all segments say', () => {
  const piece = fc.constantFrom(
    ...SILENT,
    ...ANSWERS,
    'Sure',
    "let's",
    '`',
    "'",
    ' ',
    '.',
    '=',
    '\u0301',
    '\u0338',
    '\n',
    'x',
  );
  fc.assert(
    fc.property(fc.string({ unit: piece, maxLength: 8 }), (text) => {
      // What is not plain ASCII from the beginning is read in all its segments.
      expect(isNearEmpty(text)).toBe(isNearEmpty(`\u200b${text}`));
    }),
    { numRuns: 1_000 },
  );
});

it('a word that announces nothing makes an answer of any text', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SILENT), fc.constantFrom('Paris', '42', 'нет', '東京', 'null'), (text, answer) => {
      expect(isNearEmpty(`${text} ${answer}`)).toBe(false);
      expect(isNearEmpty(`${text}\n${answer}.`)).toBe(false);
    }),
  );
});
