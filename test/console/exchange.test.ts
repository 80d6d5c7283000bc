/**
 * Contract: the page of an exchange marks what the judge quoted where it stands, and leads there; rule hits as well. A
 * person can label it and withdraw the label. No failure of the judge, and no exchange that nobody judged, has the colour
 * or the word of a pass. Erasing asks for the name, is recorded, and the page says that the words are gone.
 */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { JUDGE_STATES, type JudgeState, type Verdict } from '../../judge-proxy/ledger/records.ts';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { makePerson } from '../support/console-people.ts';
import { ConsoleWorld, HOSTS } from '../support/console-world.ts';
import { requireChromium } from '../support/require-chromium.ts';
import type { Instruction } from '../support/scripted-judge.ts';

requireChromium();

const AWS_KEY = ['AKIA', 'QYLPMN5HHHFPZAM2'].join('');
const ask = (content: string) => [{ role: 'user', content }];

/** What stands for a pass: the words, and the one green of the theme (`--tone-good`, light and dark). */
const PASS_WORDS = /\b(clean|safe to|passed|no findings|all good|ok)\b/i;
const GREENS = ['rgb(18, 112, 60)', 'rgb(111, 211, 154)'];

describe.runIf(hasChromium)('the page of an exchange', () => {
  let world: ConsoleWorld;
  let clean: Verdict;

  beforeAll(async () => {
    world = await ConsoleWorld.start({
      config: {
        routes: [
          { name: 'openai', hosts: [HOSTS.openai], ports: [443], action: 'terminate', judge: 'default' },
          { name: 'unjudged', hosts: [HOSTS.recorded], ports: [443], action: 'terminate' },
        ],
      },
    });
    clean = await world.judged({ model: 'gpt-sunrise', messages: ask('Where does the sun rise?') });
  });
  afterEach(() => world?.browser.closePages());
  afterAll(async () => {
    await world?.close();
  });

  const openExchange = async (id: string, path = '') => {
    const opened = await world.open();
    await opened.page.goto(`/exchanges/${id}${path}`);
    await opened.page.getByRole('heading', { name: /^Exchange / }).waitFor();
    return opened;
  };

  it('marks quotes and rule hits where they stand, and leads there by click and by key', async () => {
    const { exchange_id } = await world.judged({
      model: 'gpt-marks',
      messages: [
        { role: 'system', content: 'Be brief.' },
        ...ask(`The key is ${AWS_KEY}. Also STRICTLY CONFIDENTIAL: the merger with Northwind, and nothing else.`),
      ],
    });
    const { page, faults } = await openExchange(exchange_id);
    const message = page.getByRole('article').filter({ hasText: 'The key is' });
    const marks = await message.locator('mark').allTextContents();
    expect(marks.some((text) => text.startsWith('STRICTLY CONFIDENTIAL'))).toBe(true);
    expect(marks.some((text) => text.startsWith('[REDACTED:'))).toBe(true);
    expect(await page.content()).not.toContain(AWS_KEY);

    const quote = (pressed: boolean) =>
      page.getByRole('region', { name: 'Verdict' }).getByRole('button', { name: /STRICTLY CONFIDENTIAL/, pressed });
    await quote(false).click();
    await quote(true).waitFor();
    await message.locator('mark[data-chosen]').filter({ hasText: 'STRICTLY' }).first().waitFor();
    await page.keyboard.press(']');
    await quote(false).waitFor();
    expectNoFaults(faults);
  });

  it('draws scores against thresholds, and says them', async () => {
    const { exchange_id } = await world.judged({
      model: 'gpt-scores',
      messages: ask('STRICTLY CONFIDENTIAL: figures of May'),
    });
    const { page, faults } = await openExchange(exchange_id);
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByRole('img', { name: 'Score 3, threshold 2' }).waitFor();
    expect(await verdict.getByRole('img', { name: /^Score 0, threshold/ }).count()).toBeGreaterThan(2);
    expectNoFaults(faults);
  });

  it('takes a label with a note, another instead, and the withdrawal', async () => {
    const { exchange_id } = await world.judged({ model: 'gpt-label', messages: ask('Please label me') });
    const { page, faults } = await openExchange(exchange_id);
    const labels = page.getByRole('region', { name: 'Labels of people' });
    await labels.getByRole('textbox', { name: 'Note' }).fill('looked twice');
    await labels.getByRole('button', { name: 'Violation' }).click();
    await labels.getByText('looked twice').waitFor();
    await labels.getByRole('button', { name: 'Unsure' }).click();
    await labels.getByText('replaced since').waitFor();
    await labels.getByRole('button', { name: 'Withdraw my label' }).click();
    await labels.getByText('withdrew the label').waitFor();
    await labels.getByRole('button', { name: 'Unsure', pressed: false }).waitFor();
    expectNoFaults(faults);
  });

  it('keeps the note of a label that did not reach the ledger', async () => {
    const { page } = await world.open();
    // Before the page is there: see review.test.ts.
    await page.route('**/api/labels', (route) => route.abort());
    await page.goto(`/exchanges/${clean.exchange_id}`);
    const labels = page.getByRole('region', { name: 'Labels of people' });
    await labels.getByRole('textbox', { name: 'Note' }).fill('looked at it for long');
    await labels.getByRole('button', { name: 'Violation' }).click();
    await page.getByText('The server cannot be reached').waitFor();
    expect(await labels.getByRole('textbox', { name: 'Note' }).inputValue()).toBe('looked at it for long');
    await labels.getByRole('button', { name: 'Violation', pressed: false }).waitFor();
  });

  it('has word and colour of a pass where the judge found all of it clean: what is looked for below can be found', async () => {
    const { page, faults } = await openExchange(clean.exchange_id);
    expect(await passesOn(page)).toMatchObject({ words: expect.stringMatching(PASS_WORDS), isGreen: true });
    expectNoFaults(faults);
  });

  const FAILURES: readonly (readonly [JudgeState, Instruction])[] = [
    ['invalid_output', { tamper: () => 'no JSON of that form' }],
    ['nonce_mismatch', { tamper: (answer) => ({ ...answer, nonce: 'another' }) }],
    ['quote_mismatch', { tamper: (answer) => ({ ...answer, criteria: quoting(answer.criteria, 'never said') }) }],
    ['provider_error', { status: 400 }],
  ];
  it.each(FAILURES)('%s has neither word nor colour of a pass', async (state, instruction) => {
    world.judge.script = () => instruction;
    const verdict = await world.judged({ model: `gpt-${state}`, messages: ask(`An ordinary question about ${state}`) });
    world.judge.script = () => ({});
    expect(verdict.state).toBe(state);
    const { page, faults } = await openExchange(verdict.exchange_id);
    await page.getByText('Undetermined: nobody may call this safe.').waitFor();
    await expectNoPass(page);
    await page.goto(`/exchanges?model=${verdict.model_returned}`);
    await page.getByRole('row').nth(1).waitFor();
    await expectNoPass(page);
    expectNoFaults(faults);
  });

  it.each(JUDGE_STATES)('%s on a page and in a list: a pass is `scored` alone', async (state) => {
    // The real answers of the API about one exchange, in which the judging has another state.
    const { page, faults } = await world.open();
    await page.route('**/api/exchanges**', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: inState(await answer.json(), state) });
    });
    const expectIt = async () => {
      if (state !== 'scored') return await expectNoPass(page);
      expect(await passesOn(page)).toMatchObject({ words: expect.stringMatching(PASS_WORDS), isGreen: true });
    };
    await page.goto(`/exchanges/${clean.exchange_id}`);
    await page.getByRole('region', { name: 'Verdict' }).waitFor();
    await expectIt();
    await page.goto(`/exchanges?model=${clean.model_returned}`);
    await page.getByRole('row').nth(1).waitFor();
    await expectIt();
    expectNoFaults(faults);
  });

  it('an exchange that nobody judged has neither word nor colour of a pass', async () => {
    await world.send({ model: 'gpt-unjudged', host: HOSTS.recorded, messages: ask('Nobody reads this') });
    const { page, faults } = await world.open();
    await page.goto('/exchanges?route=unjudged');
    await page.getByRole('row').nth(1).getByText('Not judged').first().waitFor();
    await expectNoPass(page);
    await page.getByRole('row').nth(1).getByRole('link').click();
    await page.getByRole('region', { name: 'Coverage' }).getByText('The route names no judge.').waitFor();
    await expectNoPass(page);
    expectNoFaults(faults);
  });

  it('shows the raw record as text', async () => {
    const { exchange_id } = await world.judged({ model: 'gpt-raw', messages: ask('Show me raw') });
    const { page, faults } = await openExchange(exchange_id, '?view=raw');
    const raw = await page.getByRole('region', { name: 'Raw record' }).textContent();
    expect(JSON.parse(raw ?? '')).toMatchObject({ row: { exchange_id, model: expect.stringContaining('gpt-raw') } });
    expectNoFaults(faults);
  });

  it('is erased by whoever may, once its name was typed, and says so afterwards', async () => {
    const { exchange_id } = await world.judged({ model: 'gpt-erase', messages: ask('Forget this sentence') });
    const reviewer = await makePerson(world.url, world.admin, 'rita', 'reviewer');
    const hers = await world.open({ cookie: reviewer.cookie });
    await hers.page.goto(`/exchanges/${exchange_id}`);
    await hers.page.getByText('Forget this sentence').first().waitFor();
    expect(await hers.page.getByRole('button', { name: 'More' }).count()).toBe(0);

    const { page, faults } = await openExchange(exchange_id);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Erase' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(exchange_id).waitFor();
    expect(await dialog.getByRole('button', { name: 'Erase' }).isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: 'Type the name' }).fill(exchange_id);
    await dialog.getByRole('button', { name: 'Erase' }).click();
    await page.getByText('The words were erased').waitFor();
    expect(await page.content()).not.toContain('Forget this sentence');
    expectNoFaults(faults);
    expectNoFaults(hers.faults);
  });

  it('of which everything was erased says so, when, and by whom; nothing of it stays on the page', async () => {
    const { exchange_id } = await world.judged({ model: 'gpt-erase-all', messages: ask('Forget all of this') });
    const { page, faults } = await openExchange(exchange_id);
    await page.getByText('Forget all of this').first().waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Erase' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'Everything' }).check();
    await dialog.getByRole('textbox', { name: 'Type the name' }).fill(exchange_id);
    await dialog.getByRole('button', { name: 'Erase' }).click();
    const said = page.getByRole('alert').filter({ hasText: 'All of this exchange was erased' });
    const expectIt = async () => {
      await said.getByText(/admin erased it at \d{4}-\d\d-\d\dT[\d:.]+Z\. Record \d+ of the ledger says so/).waitFor();
      await dialog.waitFor({ state: 'detached' });
      expect(await page.content()).not.toMatch(/Forget all of this|gpt-erase-all/);
      expect(await page.getByRole('button', { name: 'More' }).count()).toBe(0);
    };
    await expectIt();
    await page.reload();
    await expectIt();
    await said.getByRole('link', { name: 'Its entries in the audit' }).click();
    await page.getByRole('button', { name: `Details of erasure.metadata exchange ${exchange_id}` }).waitFor();
    expectNoFaults(faults);
  });

  it('says of an unknown exchange that it is not there', async () => {
    const { page } = await world.open();
    await page.goto('/exchanges/01990000-0000-7000-8000-000000000000');
    await page.getByRole('alert').getByText('There is no such exchange').waitFor();
  });
});

/** The same answer with verdicts in this state: `undetermined` unless it is `scored`, as the ledger has them. */
function inState(answer: unknown, state: JudgeState): unknown {
  return JSON.parse(JSON.stringify(answer), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('state' in value) || state === 'scored') return value;
    if ('overall' in value) {
      const criteria = state === 'truncated_input' && 'criteria' in value ? value.criteria : [];
      return { ...value, state, criteria, overall: { ...Object(value.overall), label: 'undetermined' } };
    }
    return 'label' in value ? { ...value, state, label: 'undetermined' } : value;
  });
}

/** Every criterion gets a quote that nobody said. */
function quoting(criteria: unknown, quote: string): unknown {
  const evidence = [{ place: 'request.messages[0].content', quote }];
  return (criteria as Record<string, unknown>[]).map((criterion) => ({ ...criterion, evidence }));
}

async function expectNoPass(page: Page): Promise<void> {
  const { words, isGreen } = await passesOn(page);
  expect(words).not.toMatch(PASS_WORDS);
  expect(isGreen).toBe(false);
}

/** The words of the page without the choices that a person has there, and whether anything on it is green. */
async function passesOn(page: Page): Promise<{ words: string; isGreen: boolean }> {
  const main = page.getByRole('main');
  const choices = await main.getByRole('button').allTextContents();
  const words = choices.reduce((text, choice) => text.replace(choice, ' '), await main.innerText());
  const colours = await main.locator('*').evaluateAll((elements) =>
    elements.flatMap((element) => {
      const style = (
        globalThis as unknown as { getComputedStyle(of: unknown): Record<string, string> }
      ).getComputedStyle(element);
      return [style.color ?? '', style.backgroundColor ?? '', style.borderLeftColor ?? ''];
    }),
  );
  return { words, isGreen: colours.some((colour) => GREENS.includes(colour)) };
}
