/**
 * Text from traffic, made harmless for a terminal. Control characters and escape sequences could move the cursor, rename
 * the window or paste commands; bidirectional marks and invisible characters could make a line read as another one.
 */

/**
 * Cc control, Cf format (bidi marks, zero-width and tag characters), Zl and Zp separators, Co private use, Cs lone
 * surrogates, and the variation selectors that can smuggle bytes.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|[\u{e0100}-\u{e01ef}]/gu;

/** Visible on one line: line breaks become ⏎, tabs spaces. */
export function oneLine(text: string): string {
  return visible(text.replaceAll(/\r\n|\n/g, ' ⏎ ').replaceAll('\t', ' '));
}

/** Visible with its line breaks; tabs become spaces. */
export function manyLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => visible(line.replaceAll('\t', '    ')))
    .join('\n');
}

/** The beginning of a text on one line, with … when it was cut. Counts characters, so that none is cut in two. */
export function preview(text: string, length: number): string {
  // No character that is shown is shorter than one code unit: more than this is never needed.
  const characters = [...oneLine(text.slice(0, length * 2))];
  const whole = characters.length <= length && text.length <= length * 2;
  return whole ? characters.join('') : `${characters.slice(0, length - 1).join('')}…`;
}

/** Characters that terminals draw two columns wide: East Asian scripts, full-width forms, emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

/** Lines of at most `width` columns; broken at a space where there is one in the second half of the line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let columns = 0;
  for (const character of text) {
    const columnsOfCharacter = WIDE.test(character) ? 2 : 1;
    if (columns + columnsOfCharacter > width && line !== '') {
      const space = line.lastIndexOf(' ');
      const [head, rest] = space > line.length / 2 ? [line.slice(0, space), line.slice(space + 1)] : [line, ''];
      lines.push(head);
      line = rest;
      columns = columnsOf(rest);
    }
    line += character;
    columns += columnsOfCharacter;
  }
  return [...lines, line];
}

function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

function visible(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    // Control Pictures (U+2400) has a sign for each C0 control and for DEL.
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '␡';
    return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}
