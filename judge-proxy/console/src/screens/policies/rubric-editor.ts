/** What the editor of rubrics is made of: YAML, findings of the server, keys and values of the schema, colours of the page. */

import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, linter, lintGutter, lintKeymap } from '@codemirror/lint';
import { EditorState, type Extension } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  type KeyBinding,
  keymap,
  lineNumbers,
  type Tooltip,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Finding, PolicyCheck } from '../../../../contract/responses.ts';
import { keysOf, type Schema, schemaAt, typeOf, valuesOf } from './schema-hints.ts';
import { placeAt } from './yaml-path.ts';

/** A pause in writing after which the server is asked what is wrong. */
const CHECK_AFTER_MS = 400;

export interface RubricEditorParts {
  readonly label: string;
  readonly readOnly: boolean;
  readonly nonce: string | undefined;
  readonly schema: () => Schema | null;
  /** Asked after a pause; a failure to answer shows no finding. */
  readonly check: ((yaml: string) => Promise<PolicyCheck>) | null;
  readonly onChange: (yaml: string) => void;
  /** Mod-S. */
  readonly onSave: () => void;
}

/**
 * Escape, then Tab leaves the editor: whoever has no mouse must not be caught in it (WCAG 2.1.2). CodeMirror by itself gives
 * two seconds for it, which is not for everybody (WCAG 2.2.1): here it holds until another key is pressed. The last of the
 * keymap: an Escape that closes something does that alone.
 */
const LEAVE: KeyBinding = {
  key: 'Escape',
  run: (view) => {
    view.setTabFocusMode(Number.POSITIVE_INFINITY);
    return true;
  },
};

/** All of it for one editor. */
export function rubricExtensions(parts: RubricEditorParts): Extension {
  return [
    parts.nonce === undefined ? [] : EditorView.cspNonce.of(parts.nonce),
    lineNumbers(),
    foldGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of('  '),
    bracketMatching(),
    highlightActiveLine(),
    yaml(),
    syntaxHighlighting(HIGHLIGHT),
    EditorView.lineWrapping,
    EditorState.readOnly.of(parts.readOnly),
    EditorView.editable.of(!parts.readOnly),
    EditorView.contentAttributes.of({
      'aria-label': parts.label,
      // Said for axe, too, which does not count what is editable as reached by key.
      tabindex: '0',
      ...(parts.readOnly && { 'aria-readonly': 'true' }),
    }),
    THEME,
    autocompletion({ override: [(context) => complete(context, parts.schema())], icons: false }),
    hoverTooltip((view, position) => hover(view, position, parts.schema()), { hoverTime: 250 }),
    parts.check === null ? [] : [lintGutter(), linter(lint(parts.check), { delay: CHECK_AFTER_MS })],
    EditorView.updateListener.of((update) => {
      if (update.docChanged) parts.onChange(update.state.doc.toString());
    }),
    keymap.of([
      {
        key: 'Mod-s',
        run: () => {
          parts.onSave();
          return true;
        },
      },
      ...completionKeymap,
      ...defaultKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...lintKeymap,
      indentWithTab,
      LEAVE,
    ]),
  ];
}

function lint(check: (yaml: string) => Promise<PolicyCheck>) {
  return async (view: EditorView): Promise<readonly Diagnostic[]> => {
    const checked = await check(view.state.doc.toString()).catch(() => null);
    return checked === null ? [] : checked.findings.map((finding) => diagnostic(view.state, finding));
  };
}

/** A finding names a line and a column; what it marks is the rest of that line. */
function diagnostic(state: EditorState, { line, column, message, fix }: Finding): Diagnostic {
  const at = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
  return { from, to: at.to, severity: 'error', message: fix === null ? message : `${message}. ${fix}` };
}

function complete(context: CompletionContext, schema: Schema | null): CompletionResult | null {
  if (schema === null) return null;
  const lines = context.state.doc.toString().split('\n');
  const line = context.state.doc.lineAt(context.pos);
  const place = placeAt(lines, line.number - 1);
  const before = line.text.slice(0, context.pos - line.from);
  const value = /^.*?:\s+\[?(?:[\w-]+, *)*(?<word>[\w-]*)$/.exec(before);
  const word = value?.groups?.word ?? /(?<word>[\w-]*)$/.exec(before)?.groups?.word ?? '';
  if (word === '' && !context.explicit && before.trim() !== '' && value === null) return null;
  const from = context.pos - word.length;
  if (value !== null || (place.key === null && isListItem(before))) {
    const key = value !== null && place.key !== null ? [...place.parents, place.key] : place.parents;
    const found = schemaAt(schema, key);
    const values = found === null ? [] : valuesOf(found);
    if (value !== null || values.length > 0) return { from, options: values.map((label) => ({ label, type: 'enum' })) };
  }
  const mapping = schemaAt(schema, place.parents);
  if (mapping === null) return null;
  const taken = new Set(place.siblings);
  const options = keysOf(schema, mapping)
    .filter(({ key }) => !taken.has(key))
    .map(({ key, required, type, says }) => ({
      ...{ label: key, apply: `${key}: `, type: 'property', detail: required ? 'required' : 'optional' },
      info: says === null ? type : `${type}\n${says}`,
      boost: required ? 1 : 0,
    }));
  return { from, options };
}

const isListItem = (before: string): boolean => /^\s*-\s+[\w-]*$/.test(before);

function hover(view: EditorView, position: number, schema: Schema | null): Tooltip | null {
  if (schema === null) return null;
  const line = view.state.doc.lineAt(position);
  const place = placeAt(view.state.doc.toString().split('\n'), line.number - 1);
  if (place.key === null) return null;
  const start = line.from + line.text.indexOf(place.key);
  if (position < start || position > start + place.key.length) return null;
  const found = schemaAt(schema, [...place.parents, place.key]);
  if (found === null) return null;
  const says = typeof found.description === 'string' ? found.description : null;
  const text = [`${place.key}: ${typeOf(found)}`, ...(says === null ? [] : [says])].join('\n');
  return { pos: start, end: start + place.key.length, above: true, create: () => ({ dom: plain(text) }) };
}

function plain(text: string): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'rubric-hint';
  dom.textContent = text;
  return dom;
}

const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: tags.comment, color: 'var(--text-dim)', fontStyle: 'italic' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--tone-medium)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--tone-low)' },
  { tag: [tags.punctuation, tags.separator], color: 'var(--text-dim)' },
]);

const THEME = EditorView.theme({
  '&': {
    height: '100%',
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    fontSize: '0.8125rem',
  },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55' },
  '.cm-gutters': { backgroundColor: 'var(--surface-sunken)', color: 'var(--text-dim)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 26%, transparent)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--text-dim)', fontStyle: 'normal' },
  '.cm-completionInfo, .rubric-hint': { padding: '6px 10px', maxWidth: '26rem', whiteSpace: 'pre-line' },
  '.cm-diagnostic': { padding: '6px 10px', borderLeft: '3px solid var(--tone-critical)' },
  '.cm-panels': { backgroundColor: 'var(--surface-sunken)', color: 'var(--text)' },
});
