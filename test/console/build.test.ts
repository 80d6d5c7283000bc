/**
 * Contract: the console is built once for its sources; its page has neither inline script nor inline style, asks nobody
 * but its own server, and has the place where the server writes the nonce for styles. What every page loads first stays
 * small enough to be there at once.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../judge-proxy/console/build.ts';
import { builtConsole } from '../support/browser.ts';

const DIST = join(import.meta.dirname, '../../judge-proxy/console/dist');
/** Measured when it was written: 290 kB. Charts and the editor come with the pages that need them. */
const MOST_FIRST_BYTES = 340_000;

describe('the built console', () => {
  beforeAll(builtConsole, 200_000);
  const page = () => readFileSync(join(DIST, 'index.html'), 'utf8');

  it('is as its sources are, and is not built again', async () => {
    const lines: string[] = [];
    expect(await ensureConsole({ progress: (line) => lines.push(line) })).toEqual({ folder: DIST, built: false });
    expect(lines).toEqual([]);
  }, 200_000);

  it('has a page without inline script or style, and with a place for the nonce', () => {
    const scripts = [...page().matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes, content] of scripts)
      expect([attributes, content]).toEqual([expect.stringMatching(/src="\//), '']);
    expect(page()).not.toMatch(/<style|\sstyle=|\son[a-z]+=|https?:\/\//);
    expect(page()).toContain('<meta name="csp-nonce"');
  });

  it('loads little before it shows something', () => {
    const first = [...page().matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, file]) => join(DIST, file ?? ''));
    const bytes = first.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
    expect(bytes).toBeLessThan(MOST_FIRST_BYTES);
    expect(first.some((file) => /charts|editor/.test(file))).toBe(false);
    expect(readdirSync(join(DIST, 'assets')).some((file) => file.startsWith('charts-'))).toBe(true);
  });
});
