// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax under test
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { substitute } from './substitute.ts';

const ENV = { SET: 'value', EMPTY: '', NESTED: '${SET}', URL: 'https://a.example:8443/v1', ODD: '}: {#' };

describe('substitute', () => {
  test.each([
    ['plain', 'plain', false],
    ['', '', false],
    ['$SET', '$SET', false],
    ['$$', '$$', false],
    ['a } b', 'a } b', false],
    ['${SET}', 'value', true],
    ['a-${SET}-b', 'a-value-b', true],
    ['${SET}${SET}', 'valuevalue', true],
    ['${EMPTY}', '', true],
    ['${SET:-other}', 'value', true],
    ['${EMPTY:-other}', 'other', true],
    ['${UNSET:-other}', 'other', true],
    ['${UNSET:-}', '', true],
    ['${UNSET:-https://a.example:443/v1}', 'https://a.example:443/v1', true],
    ['${UNSET:-a:-b}', 'a:-b', true],
    ['${UNSET:-${SET}}', 'value', true],
    ['${UNSET:-${ALSO_UNSET:-inner}}', 'inner', true],
    ['${UNSET:-a${SET}b}/c', 'avalueb/c', true],
    ['${UNSET:-$${SET}}', '${SET}', true],
    ['$${SET}', '${SET}', true],
    ['$${SET} ${SET}', '${SET} value', true],
    ['${URL}', 'https://a.example:8443/v1', true],
    // What a variable holds is never substituted again, and never structure.
    ['${NESTED}', '${SET}', true],
    ['${UNSET:-${NESTED}}', '${SET}', true],
    ['${ODD}', '}: {#', true],
  ])('%s gives %s', (text, expected, changed) => {
    expect(substitute(text, ENV)).toEqual({ ok: true, text: expected, changed });
  });

  test.each([
    ['${UNSET}', /UNSET is not set/],
    ['${UNSET:-${ALSO_UNSET}}', /ALSO_UNSET is not set/],
    ['${SET', /followed by/],
    ['${SET:-', /not closed/],
    ['${UNSET:-a', /not closed/],
    ['${', /name of a variable/],
    ['${}', /name of a variable/],
    ['${1A}', /name of a variable/],
    ['${:-a}', /name of a variable/],
    // Other programs know these; silently taking them literally would start with a wrong value.
    ['${SET:default}', /followed by/],
    ['${SET-default}', /followed by/],
    ['${SET:?message}', /followed by/],
    ['${SET:=default}', /followed by/],
    ['${SET }', /followed by/],
  ])('%s is an error', (text, message) => {
    expect(substitute(text, ENV)).toMatchObject({ ok: false, message: expect.stringMatching(message) });
  });

  test('names of the prototype are not variables', () => {
    expect(substitute('${constructor}', {}).ok).toBe(false);
    expect(substitute('${toString:-none}', {})).toMatchObject({ text: 'none' });
  });

  test('no value of the environment stands in a message', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[${}A-Z:-]{0,30}$/), (text) => {
        const result = substitute(text, { A: 'planted-secret', B: 'planted-secret' });
        if (!result.ok) expect(`${result.message} ${result.fix}`).not.toContain('planted');
      }),
      { numRuns: 1_000 },
    );
  });

  test('a value comes through untouched, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        expect(substitute('<${V:-x}>', { V: value })).toMatchObject({ text: `<${value}>` });
      }),
    );
  });
});
