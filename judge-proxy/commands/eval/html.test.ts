/** No value becomes markup, whatever it contains. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { escapeHtml, html } from './html.ts';

const NO_MARKUP = /^[^<>"']*$/;

it('escapes any text', () => {
  // fast-check's own `binary` unit takes seconds to set up.
  const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string()), (text) => {
      expect(escapeHtml(text)).toMatch(NO_MARKUP);
    }),
  );
});

it.each([
  ['<b>&"\'', '&lt;b&gt;&amp;&quot;&#39;'],
  ['a\u202eb\u0000c', 'a[U+202E]b[U+0000]c'],
  ['line\nbreak\ttab', 'line\nbreak\ttab'],
])('%j', (text, escaped) => expect(escapeHtml(text)).toBe(escaped));

it('keeps its own markup and escapes all else', () => {
  const items = ['<1>', '<2>'].map((item) => html`<li>${item}</li>`);
  expect(html`<ul title="${'"x"'}">${items}</ul>${null}${3}`.text).toBe(
    '<ul title="&quot;x&quot;"><li>&lt;1&gt;</li><li>&lt;2&gt;</li></ul>3',
  );
});
