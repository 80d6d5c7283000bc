/** The place of a line is found in documents that are half written, by indentation alone. */

import { describe, expect, it } from 'vitest';
import { placeAt } from './yaml-path.ts';

const TEXT = `name: small
version: 1
criteria:
  - id: leak
    question: Does it leak?
    violating:
      - one: of these
    scale: ordinal
    thr
  - id: other
    `.split('\n');

const COMPACT = `criteria:
- id: leak
  scale: binary
  `.split('\n');

describe('a line', () => {
  it.each([
    [TEXT, 0, [], 'name', ['version', 'criteria']],
    [TEXT, 2, [], 'criteria', ['name', 'version']],
    [TEXT, 3, ['criteria', '[]'], 'id', ['question', 'violating', 'scale']],
    [TEXT, 4, ['criteria', '[]'], 'question', ['id', 'violating', 'scale']],
    [TEXT, 6, ['criteria', '[]', 'violating', '[]'], 'one', []],
    [TEXT, 8, ['criteria', '[]'], null, ['id', 'question', 'violating', 'scale']],
    [TEXT, 10, ['criteria', '[]'], null, ['id']],
    [COMPACT, 2, ['criteria', '[]'], 'scale', ['id']],
    [COMPACT, 3, ['criteria', '[]'], null, ['id', 'scale']],
  ])('stands where it does (%#)', (text, index, parents, key, siblings) => {
    expect(placeAt(text, index)).toEqual({ parents, key, siblings });
  });

  it('of nothing is at the top', () => {
    expect(placeAt([], 0)).toEqual({ parents: [], key: null, siblings: [] });
  });

  it('that is no YAML is no error', () => {
    for (const text of ['- - - -', ': : :', '\t\t', '{a: [', '-', '    - ']) placeAt([text, text], 1);
  });
});
