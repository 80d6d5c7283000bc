/**
 * Contract: whatever traffic and the judge model say stays text on every page that shows it. No script runs, nothing is
 * loaded from elsewhere, no link leads anywhere, the content policy has nothing to stop; what cannot be seen is made
 * visible, and bidirectional marks turn nothing around.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { ConsoleWorld, HOSTILE } from '../support/console-world.ts';
import { requireChromium } from '../support/require-chromium.ts';

requireChromium();

describe.runIf(hasChromium)('hostile text', () => {
  let world: ConsoleWorld;
  let id: string;

  beforeAll(async () => {
    world = await ConsoleWorld.start({
      script: () => ({
        kind: 'reply',
        text: HOSTILE,
        toolCall: { name: 'img_src', arguments: JSON.stringify({ x: HOSTILE }) },
      }),
    });
    // The judge says it, too, and quotes it.
    world.judge.script = () => ({
      tamper: (answer) => ({
        ...answer,
        criteria: (answer.criteria as Record<string, unknown>[]).map((criterion) => ({
          ...criterion,
          analysis: HOSTILE,
          evidence: [{ place: 'request.messages[1].content', quote: '<script>alert(1)</script>' }],
        })),
      }),
    });
    await world.send({
      model: '<img src=x onerror=alert(9)>',
      path: '/v1/chat/completions?q=%3Cscript%3Ealert(8)%3C/script%3E',
      headers: ['x-request-id: <svg/onload=alert(7)>'],
      messages: [
        { role: 'system', content: HOSTILE },
        { role: 'user', content: HOSTILE },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'fetch', arguments: HOSTILE } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: HOSTILE },
        { role: 'user', content: `And again: ${HOSTILE}` },
      ],
      more: {
        tools: [
          {
            type: 'function',
            function: { name: 'fetch', description: HOSTILE, parameters: { type: 'object', title: HOSTILE } },
          },
        ],
        user: HOSTILE,
      },
    });
    ({ exchange_id: id } = await world.chain.verdict());
    await world.readable();
  });
  afterEach(() => world?.browser.closePages());
  afterAll(async () => {
    await world?.close();
  });

  it('is text on the page of its exchange, in the conversation and raw', async () => {
    const { page, faults } = await world.open();
    for (const path of [`/exchanges/${id}`, `/exchanges/${id}?view=raw`]) {
      await page.goto(path);
      await page.getByRole('heading', { name: /^Exchange / }).waitFor();
      const main = page.getByRole('main');
      await main.getByText('onerror="alert(2)"').or(main.getByText('onerror=\\"alert(2)\\"')).first().waitFor();
      expect(
        await main.locator('script, iframe, svg[onload], img, a[href^="javascript"], a[href*="evil"]').count(),
      ).toBe(0);
      const links = await main.getByRole('link').evaluateAll((found) => found.map((link) => link.getAttribute('href')));
      expect(links.every((href) => href?.startsWith('/') === true && !href.startsWith('//'))).toBe(true);
    }
    expectNoFaults(faults);
  });

  it('shows what cannot be seen', async () => {
    const { page, faults } = await world.open();
    await page.goto(`/exchanges/${id}`);
    const message = page.getByRole('article').first();
    await message.getByTitle('U+202E RIGHT-TO-LEFT OVERRIDE').waitFor();
    await message.getByTitle('U+200B ZERO WIDTH SPACE').waitFor();
    await message.getByTitle('terminal control sequence').first().waitFor();
    expect(await message.textContent()).not.toMatch(/[\p{Cf}\p{Cc}]/u);
    expectNoFaults(faults);
  });

  it.each(['/exchanges', '/exchanges?q=onerror', '/', '/clients', '/connections', '/queue'])(
    'is text on %s',
    async (path) => {
      const { page, faults } = await world.open();
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
      if (path.startsWith('/exchanges')) await page.getByRole('row').nth(1).getByText('<img').first().waitFor();
      expect(await page.getByRole('main').locator('script, iframe, img, svg[onload]').count()).toBe(0);
      expectNoFaults(faults);
    },
  );
});
