/**
 * Contract: of headers nothing is kept by default but what is listed: one that nobody has heard of, in a request or in an
 * answer, with a value that no rule would call a secret, reaches the other side and is in no file, log line or question.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { curl } from '../support/clients.ts';
import { openAiHandler } from '../support/openai-origin.ts';
import { ScriptedJudge } from '../support/scripted-judge.ts';

it('a header that is not listed appears nowhere', async () => {
  const judge = new ScriptedJudge();
  const answer = openAiHandler();
  const got: string[] = [];
  await using chain = await Chain.start({
    hop: 'plain',
    judgeHandler: judge.handler,
    config: { log: { level: 'debug' } },
    handler: async (seen, response, origin) => {
      got.push(JSON.stringify(seen.headers));
      response.setHeader('x-never-heard-of-either', 'ordinary-teapot');
      await answer(seen, response, origin);
    },
  });
  const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'ordinary-words' }] });
  const { stdout } = await curl([
    ...['-i', '--proxy', chain.proxyUrl, '--cacert', chain.caFile, '-H', 'content-type: application/json'],
    ...['-H', 'x-never-heard-of: ordinary-lampshade', '-d', body, `https://${HOSTS.openai}/v1/chat/completions`],
  ]);
  await chain.verdict();
  expect(got.join()).toContain('ordinary-lampshade');
  expect(stdout).toContain('ordinary-teapot');
  const kept = readdirSync(chain.folder)
    .filter((file) => file.startsWith('ledger'))
    .map((file) => readFileSync(join(chain.folder, file), 'latin1'))
    .join();
  const asked = judge.questions.map(({ seen }) => seen.body.toString()).join();
  for (const place of [kept, asked]) expect(place).toContain('ordinary-words');
  const all = [kept, asked, JSON.stringify(chain.proxy.lines), chain.proxy.text.join()].join();
  expect(all).not.toMatch(/ordinary-(lampshade|teapot)|x-never-heard-of/);
});
