/** HTML in which every value is escaped unless it was made here: text of traffic can be shown and cannot act. */

/** Markup that was made by `html`. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | null | Markup | readonly Markup[];

/** Tagged template: values become text, Markup stays what it is. Attributes must stand in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.reduce((out, piece, index) => `${out}${rendered(values[index - 1] ?? '')}${piece}`));
}

function rendered(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return (value as readonly Markup[]).map((item) => item.text).join('');
  return escapeHtml(String(value));
}

/**
 * For element content and attributes in double quotes. Control and bidirectional characters are shown as their code:
 * they could make a line read as another one.
 */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}]|[\u{e0100}-\u{e01ef}]/gu, (character) => {
      return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
    });
}
