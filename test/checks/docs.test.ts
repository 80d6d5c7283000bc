/**
 * Contract: what the documents name exists. Every npm script they mention is in package.json, every linked file and
 * heading is there, every setting is in the schema; every state, reason and field of the code stands in docs/verdicts.md,
 * and what docs/judging.md says of failures and blocks is what the code does.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Block } from '../../judge-proxy/apis/block.ts';
import { blockChat } from '../../judge-proxy/apis/openai-chat-block.ts';
import { parseConfig } from '../../judge-proxy/config/load.ts';
import { configSchema } from '../../judge-proxy/config/schema.ts';
import { leaves } from '../../judge-proxy/config/schema-tree.ts';
import { isFailure } from '../../judge-proxy/judge/decide.ts';
import {
  COVERAGE_REASONS,
  JUDGE_STATES,
  type JudgeState,
  MODES,
  OUTPUT_MODES,
  VERDICT_FIELDS,
} from '../../judge-proxy/ledger/records.ts';
import { createMetrics } from '../../judge-proxy/telemetry/metrics.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('the documents', () => {
  it.each(PAGES)('%s names npm scripts that exist', (page) => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    const named = [...read(page).matchAll(/npm run ([a-z][a-z:-]*)/g)].map((match) => match[1]);
    for (const name of named) expect(scripts).toContain(name);
  });

  it.each(PAGES)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    for (const link of links) expect(existsSync(join(ROOT, dirname(page), link)), link).toBe(true);
  });

  it('verdicts.md has every field, state and reason', () => {
    const text = read('docs/verdicts.md');
    for (const word of [...VERDICT_FIELDS, ...JUDGE_STATES, ...COVERAGE_REASONS])
      expect(text, word).toMatch(new RegExp(`\`${word}(\\[\\])?\``));
  });

  it.each(PAGES)('%s links to headings that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
    for (const [, file = '', heading = ''] of links) {
      const text = read(file === '' ? page : join(dirname(page), file));
      const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title));
      expect(headings, `${file}#${heading}`).toContain(heading);
    }
  });

  it.each(PAGES)('%s shows configurations that load', (page) => {
    for (const [, yaml = ''] of read(page).matchAll(/```yaml\n([\s\S]*?)```/g)) {
      const shown = parse(yaml) as Record<string, unknown>;
      const routes = [{ name: 'rest', hosts: ['*'], action: 'tunnel' }];
      const judges = { default: { rubric: 'config/rubrics/default.yaml' } };
      const environment = { OIDC_CLIENT_SECRET: 'of the provider' };
      expect(() => parseConfig(stringify({ routes, judges, ...shown }), page, environment), yaml).not.toThrow();
    }
  });

  it.each(PAGES)('%s names settings that exist', (page) => {
    const known = leaves().map(({ path }) => path);
    const sections = new Set(known.map((path) => path.split('.')[0]));
    const inRoute = ['window', 'block'];
    const inJudge = ['cache', 'budget', 'model', 'small_model'];
    const named = [...read(page).matchAll(/`([a-z_]+(?:\.[a-z_]+)+)(?::[^`]*)?`/g)].map(([, path = '']) => path);
    for (const path of named) {
      const [first = ''] = path.split('.');
      const full = inRoute.includes(first) ? `routes[].${path}` : inJudge.includes(first) ? `judges.*.${path}` : path;
      if (!sections.has(first) && full === path) continue;
      expect(
        known.some((one) => one === full || one.startsWith(`${full}.`) || one.startsWith(`${full}[]`)),
        path,
      ).toBe(true);
    }
  });
});

describe('metrics', () => {
  it.each(PAGES)('%s names those that are there', async (page) => {
    const metrics = createMetrics();
    for (const name of ['judge_queue', 'judge_inline_waiting', 'held_bytes'] as const) metrics.gauge(name, () => 0);
    const known = [...(await metrics.render()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    for (const [name] of read(page).matchAll(/\bjudge_proxy_[a-z_]+(?=`)/g)) expect(known).toContain(name);
  });
});

describe('judging.md', () => {
  const text = read('docs/judging.md');

  it('has every mode, and every way of asking', () => {
    for (const word of [...MODES, 'cleared', 'eager', 'subject: request', 'subject: exchange'])
      expect(text, word).toContain(`\`${word}`);
    expect(OUTPUT_MODES).toEqual(['json_schema', 'json_object', 'text']);
    expect(text).toMatch(/Strict JSON schema .* else any JSON object, else plain text/s);
  });

  it('lists as failures what the code takes for one', () => {
    const sentence = /^Failures are ([\s\S]*?); in `window` and `hold` ([\s\S]*?), too\./m.exec(text);
    const listed = (part = '') => [...part.matchAll(/`([a-z_]+)`/g)].map(([, state = '']) => state).toSorted();
    const failing = (enforcement: 'none' | 'before_first_byte') =>
      JUDGE_STATES.filter((state: JudgeState) => isFailure({ state } as never, enforcement)).toSorted();
    expect(listed(sentence?.[1])).toEqual(failing('none'));
    expect(listed(`${sentence?.[1]} ${sentence?.[2]}`)).toEqual(failing('before_first_byte'));
    const none = /\*\*No failures\*\* are ([\s\S]*?):/.exec(text)?.[1];
    const held = failing('before_first_byte');
    expect(listed(none)).toEqual(
      JUDGE_STATES.filter((state) => state !== 'scored' && !held.includes(state)).toSorted(),
    );
  });

  it('shows the block that is sent', () => {
    const { message, status, headers } = configSchema.shape.routes.element.shape.block.parse(undefined);
    const ids = { requestId: /x-judge-request-id: (\S+)/, verdictId: /x-judge-verdict-id: (\S+)/ };
    const block: Block = {
      ...{ code: 'blocked_by_judge', status, message, style: 'error', headers, reveal: null },
      requestId: ids.requestId.exec(text)?.[1] ?? '',
      verdictId: ids.verdictId.exec(text)?.[1] ?? '',
    };
    const sent = blockChat(block, { streamed: false, model: null });
    expect(text).toContain(sent.body);
    expect(text).toContain(`HTTP/1.1 ${sent.status}`);
    for (let i = 0; i < sent.headers.length; i += 2) {
      const line = `${sent.headers[i]}: ${sent.headers[i + 1]}`;
      if (!/^(?:content-length|cache-control):/.test(line)) expect(text).toContain(line);
    }
  });

  it('names the defaults of what happens when the judge fails', () => {
    const { observe, window, hold } = configSchema.shape.on_judge_failure.parse(undefined);
    expect(text).toContain(`on_judge_failure: { observe: ${observe}, window: ${window}, hold: ${hold} }`);
  });
});

/** As GitHub makes it. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');
}
