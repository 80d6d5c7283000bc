import { describe, expect, test } from 'vitest';
import { ERRORS } from '../errors.ts';
import { configReference, errorReference } from './reference.ts';
import { leaves, nodeAt } from './schema-tree.ts';

describe('docs/configuration.md', () => {
  const page = configReference();

  test('has one row for every key of the schema, with what it means', () => {
    for (const { path, node } of leaves()) {
      const rows = page.split('\n').filter((line) => line.startsWith(`| \`${path}\` |`));
      expect(rows, path).toHaveLength(1);
      expect(node.description, `${path} has no description`).toMatch(/\S/);
    }
  });

  test.each([
    ['| `listen.proxy.port` | whole number 0–65535 | `8888` |'],
    ['| `listen.plain.port` | whole number 0–65535 | required |'],
    ['| `routes[].ports` | list of whole number 1–65535 | `[443]` |'],
    ['| `routes[].action` | `tunnel`, `terminate`, `deny` | required |'],
    ['| `routes[].judge` | text | none |'],
    ['| `routes[].hold_request` | `true`, `false` | `false` |'],
    ['| `judges.*.model.api_key` | text, secret | `""` |'],
    ['| `judges.*.model.timeout` | duration | `30s` |'],
    ['| `limits.header_block` | size | `64KiB` |'],
    ['| `limits.tunnels` | whole number ≥ 1 | `10000` |'],
    ['| `upstream.connect_to` | map of text | `{}` |'],
    ['| `prices.*.input` | number ≥ 0 | required |'],
  ])('%s', (row) => {
    expect(page).toContain(row);
  });

  test('says how routes and judges are chosen', () => {
    expect(page).toContain('## routes\n\nFirst matching route wins');
  });

  test('is well-formed: every row of a table has as many cells as its head', () => {
    for (const text of [page, errorReference()]) {
      for (const table of text.split(/\n\n/).filter((block) => block.startsWith('| '))) {
        const widths = table
          .trim()
          .split('\n')
          .map((line) => line.replaceAll('\\|', '').split('|').length);
        expect(new Set(widths).size).toBe(1);
      }
    }
  });
});

test('docs/errors.md has one row for every code', () => {
  const page = errorReference();
  for (const [code, entry] of Object.entries(ERRORS)) {
    expect(page).toContain(`| \`${code}\` | ${entry.status} | ${entry.message} | ${entry.remedy} |`);
  }
});

describe('nodeAt', () => {
  test.each([
    [['limits', 'headers'], 'duration'],
    [['judges', 'any', 'model', 'timeout'], 'duration'],
    [['routes', 3, 'ports', 0], undefined],
  ])('%j', (path, unit) => {
    expect(nodeAt(path)).toBeDefined();
    expect(nodeAt(path)?.unit).toBe(unit);
  });

  test.each([[['nothing']], [['limits', 'constructor']], [['limits', 0]], [['log', 'level', 'x']]])(
    '%j is not in the schema',
    (path) => {
      expect(nodeAt(path)).toBeUndefined();
    },
  );
});
