/**
 * A real Chromium for tests of the console, driven as a person drives it: by roles and labels. Every page watches itself:
 * what the console must never do (break its content policy, open a dialog of the browser, ask another server, fail) is
 * counted, and a test says that there was none of it.
 */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type Browser, type BrowserContext, type ConsoleMessage, chromium, type Page } from 'playwright-core';
import { ensureConsole } from '../../judge-proxy/console/build.ts';

/** Where systems put it; CHROMIUM names another. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

export function findChromium(): string | null {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') return named;
  return PLACES.find((place) => existsSync(place)) ?? null;
}

/** Builds the console where it has to be built; `npm test` did. One that is there serves while its sources are being edited. */
export async function builtConsole(): Promise<void> {
  await ensureConsole({ progress: () => {} }).catch((error: unknown) => {
    if (!existsSync(join(import.meta.dirname, '../../judge-proxy/console/dist/index.html'))) throw error;
  });
}

/** How long a page waits for what must come: a hang, never a measure of speed. A test may take longer (require-chromium.ts). */
const PATIENCE_MS = 90_000;

/** Whether the tests of the console can run here. */
export const hasChromium = findChromium() !== null;

/** What a page of the console must not do. */
export interface Faults {
  /** Of the content policy, as the browser reports them. */
  readonly policy: string[];
  readonly dialogs: string[];
  /** Requests to anybody but the console's server. */
  readonly foreign: string[];
  readonly errors: string[];
}

export interface WatchedPage {
  readonly page: Page;
  readonly faults: Faults;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  /** A session that is already there: `Cookie` header of the API. */
  readonly cookie?: string;
}

export class ConsoleBrowser {
  readonly #browser: Browser;
  readonly #contexts = new Set<BrowserContext>();

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<ConsoleBrowser> {
    const executablePath = findChromium();
    if (executablePath === null) throw new Error('There is no Chromium here.');
    // In containers there is neither a sandbox for it nor much shared memory. Grey edges of letters make small pictures.
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--force-prefers-reduced-motion', '--disable-lcd-text'];
    return new ConsoleBrowser(await chromium.launch({ executablePath, args }));
  }

  /** A page in a profile of its own. `base`: the console's address. */
  async open(
    base: string,
    { width = 1280, height = 800, colorScheme = 'light', cookie }: PageOptions = {},
  ): Promise<WatchedPage> {
    const context = await this.#browser.newContext({
      baseURL: base,
      viewport: { width, height },
      colorScheme,
      reducedMotion: 'reduce',
      timezoneId: 'UTC',
      locale: 'en-GB',
    });
    this.#contexts.add(context);
    if (cookie !== undefined) await context.addCookies(cookiesOf(base, cookie));
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    return { page, faults: watch(page, base) };
  }

  /** Pages that nobody looks at any more still ask the server and take time from the next test. */
  async closePages(): Promise<void> {
    const contexts = [...this.#contexts];
    this.#contexts.clear();
    for (const context of contexts) await context.close();
  }

  async close(): Promise<void> {
    await this.closePages();
    await this.#browser.close();
  }
}

function cookiesOf(base: string, header: string) {
  return header.split('; ').map((pair) => {
    const at = pair.indexOf('=');
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url: base };
  });
}

function watch(page: Page, base: string): Faults {
  const faults: Faults = { policy: [], dialogs: [], foreign: [], errors: [] };
  page.on('dialog', (dialog) => {
    faults.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith('blob:')) faults.foreign.push(url);
  });
  page.on('pageerror', (error) => faults.errors.push(error.message));
  page.on('console', (message) => note(faults, message));
  return faults;
}

function note(faults: Faults, message: ConsoleMessage): void {
  const text = message.text();
  if (/content security policy/i.test(text)) faults.policy.push(text);
  // The browser itself reports refused questions, such as that of who is signed in before anybody is.
  else if (message.type() === 'error' && !text.startsWith('Failed to load resource')) faults.errors.push(text);
}

/** Says that the page did nothing of what it must not do. */
export function expectNoFaults(faults: Faults): void {
  assert.deepEqual(faults, { policy: [], dialogs: [], foreign: [], errors: [] });
}
