/**
 * Contract: whatever traffic and the judge model say stays text on every page that shows it. Each field that traffic
 * controls (test/support/hostile-fields.ts) carries markup with a mark of its own: on every page exactly those marks stand
 * that are to stand there, as text. No script runs, nothing is loaded from elsewhere, no link leads anywhere, no element
 * or attribute is made of it, the content policy has nothing to stop; what cannot be seen is made visible, and
 * bidirectional marks turn nothing around.
 */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { FIELDS, type FieldName, markOf, sent } from '../support/hostile-fields.ts';
import { attributesOfTraffic, FOREIGN, SHOWN } from '../support/hostile-pages.ts';
import { CONTROLLED } from '../support/hostile-sources.ts';
import { HostileWorld } from '../support/hostile-world.ts';
import { requireChromium } from '../support/require-chromium.ts';

requireChromium();

const NAMES = Object.keys(FIELDS) as FieldName[];
/** Marks that turn a line round: they are written out. */
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const TYPED = `<img src=x id=xss-typed-x onerror=alert('xss-typed-x')>\u202e`;

describe.runIf(hasChromium)('hostile text', () => {
  let world: HostileWorld;

  beforeAll(async () => {
    world = await HostileWorld.start();
  });
  afterEach(() => world?.review.closePages());
  afterAll(() => world?.stop());

  /** Nothing of the page was made of what somebody else wrote. */
  async function expectText(page: Page): Promise<void> {
    expect(await page.locator(FOREIGN).evaluateAll((found) => found.map((element) => element.outerHTML))).toEqual([]);
    expect(await attributesOfTraffic(page)).toEqual([]);
  }

  it('is brought by every field of a record or an answer that traffic controls', () => {
    expect([...CONTROLLED].sort()).toEqual(NAMES.toSorted());
  });

  it.each(SHOWN)('is text, where it is shown and nowhere else: $name', async ({ path, there, place, inDialog }) => {
    const { page, faults } = await world.review.open(world.review.admin);
    await page.goto(path(world));
    await there(page, world);
    const text = (await page.locator(inDialog === true ? '[role="dialog"]' : 'body').textContent()) ?? '';
    const wanted = NAMES.filter((name) => place !== null && FIELDS[name].on.includes(place));
    expect(NAMES.filter((name) => text.includes(markOf(name)))).toEqual(wanted);
    expect(wanted.filter((name) => !text.includes(FIELDS[name].shown ?? markOf(name)))).toEqual([]);
    expect(text).not.toMatch(BIDIRECTIONAL);
    await expectText(page);
    expectNoFaults(faults);
  });

  it('shows what cannot be seen', async () => {
    const { page, faults } = await world.review.open(world.review.admin);
    await page.goto(`/exchanges/${world.ids.chat}`);
    const message = page.getByRole('article').filter({ hasText: 'txt.exe' });
    await message.getByTitle('U+202E RIGHT-TO-LEFT OVERRIDE').waitFor();
    await message.getByTitle('U+200B ZERO WIDTH SPACE').waitFor();
    await message.getByTitle('terminal control sequence').first().waitFor();
    expect(await message.textContent()).not.toMatch(/[\p{Cf}\p{Cc}]/u);
    expectNoFaults(faults);
  });

  it.each([
    ['an exchange', (typed: string) => `/exchanges/${typed}`],
    ['a client', (typed: string) => `/?client=${typed}`],
    ['a route', (typed: string) => `/?route=${typed}`],
  ])('is text in an address that somebody was sent: %s', async (_of, addressOf) => {
    const { page, faults } = await world.review.open(world.review.admin);
    await page.goto(addressOf(encodeURIComponent(TYPED)));
    await page.getByText('xss-typed-x').first().waitFor();
    await expectText(page);
    expectNoFaults(faults);
  });

  it('was sent, also where nothing of it is kept', async () => {
    const kept = ['user_agent', 'referer', 'query', 'content_type', 'unread_body', 'call_id', 'media_type'] as const;
    expect(kept.filter((name) => !world.reached.includes(sent(name)))).toEqual([]);
    for (const of of ['chat', 'responses', 'judge error', 'unread', 'websocket'] as const)
      expect((await world.detail(of)).row).toMatchObject({ client: 'address:127.0.0.1', outcome: 'complete' });
  });

  it('is refused or left out where a form is asked for', async () => {
    expect(world.refused).toEqual({ host: 400, method: 400 });
    const connections = await world.connections();
    expect(connections.map(({ host }) => host).sort()).toEqual([sent('tunnel_host'), sent('denied_host')]);
    for (const { client, reason } of connections) {
      expect(client).toBe('address:127.0.0.1');
      expect(reason ?? '').toMatch(/^[a-z_]*$/);
    }
    const chat = await world.detail('chat');
    const quotes = chat.verdicts.flatMap(({ criteria }) => criteria.flatMap(({ evidence }) => evidence));
    expect(quotes.map(({ place }) => place)).toEqual(['request.messages[3].content']);
    expect(chat.verdicts.map(({ judge }) => judge?.model)).toEqual(['test-judge']);
    expect(chat.shadows).toMatchObject([{ shadow: 'second', shadow_state: 'scored' }]);
    expect((await world.detail('origin error')).completed?.llm_error?.code).toBe(sent('error_type'));
    expect((await world.detail('judge error')).verdicts[0]?.llm_error?.code).toBe(sent('judge_error_type'));
    const { completed } = await world.detail('responses');
    expect(completed).toMatchObject({ response_id: sent('response_id') });
    expect(completed).not.toHaveProperty('previous_response_id');
    expect(completed).not.toHaveProperty('conversation_id');
    expect((await world.detail('websocket')).completed).not.toHaveProperty('response_id');
    const unread = (await world.detail('unread')).conversation?.parts.map(({ text }) => text);
    expect(unread).toEqual(Array(2).fill(expect.stringMatching(/^\d+ bytes, no plain content type, not read$/)));
  });
});
