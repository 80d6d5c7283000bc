/**
 * The program in the demo that "only sets HTTPS_PROXY": the openai SDK and nothing of ours. Started as a child process
 * with HTTPS_PROXY, NODE_USE_ENV_PROXY and NODE_EXTRA_CA_CERTS; prints one JSON line an exchange.
 */

import process from 'node:process';
import OpenAI, { APIError } from 'openai';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const client = new OpenAI({ apiKey: 'demo-key-that-no-origin-checks', maxRetries: 0, timeout: 20_000 });

async function send(scenario: Scenario): Promise<string> {
  switch (scenario.endpoint) {
    case 'chat':
      return await chat(scenario);
    case 'responses':
      return await responses(scenario);
    case 'embeddings':
      await client.embeddings.create({ model: 'text-embedding-3-small', input: scenario.user });
      return 'vector';
  }
}

async function chat(scenario: Scenario): Promise<string> {
  const body = {
    model: 'gpt-5-mini',
    messages: [{ role: 'user' as const, content: scenario.user }],
    ...(scenario.tools === undefined
      ? {}
      : {
          tools: scenario.tools.map((name) => ({
            type: 'function' as const,
            function: { name, parameters: { type: 'object' } },
          })),
        }),
  };
  if (!scenario.stream) {
    const message = (await client.chat.completions.create(body)).choices[0]?.message;
    const call = message?.tool_calls?.[0];
    return call?.type === 'function'
      ? `calls ${call.function.name}(${call.function.arguments})`
      : (message?.content ?? '');
  }
  let text = '';
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

async function responses(scenario: Scenario): Promise<string> {
  const body = {
    model: 'gpt-5-mini',
    input: scenario.user,
    ...(scenario.tools === undefined
      ? {}
      : {
          tools: scenario.tools.map((name) => ({
            type: 'function' as const,
            name,
            parameters: { type: 'object' },
            strict: false,
          })),
        }),
  };
  if (!scenario.stream) return (await client.responses.create(body)).output_text;
  let text = '';
  for await (const event of await client.responses.create({ ...body, stream: true })) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (event.type === 'response.function_call_arguments.done') text += `calls a function with ${event.arguments}`;
  }
  return text;
}

/** What the program saw when an exchange failed: the SDK's own error class, never our text. */
function describe(error: unknown): string {
  if (error instanceof APIError && error.status !== undefined) return `${error.constructor.name}: ${error.status}`;
  return error instanceof Error ? `${error.constructor.name}: ${error.message}` : 'failed';
}

for (const scenario of SCENARIOS) {
  const outcome = await send(scenario).catch(describe);
  process.stdout.write(`${JSON.stringify({ title: scenario.title, outcome })}\n`);
}
