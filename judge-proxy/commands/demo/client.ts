/**
 * The program in the demo that "only sets HTTPS_PROXY": the openai SDK and nothing of ours. Started as a child process
 * with HTTPS_PROXY, NODE_USE_ENV_PROXY and NODE_EXTRA_CA_CERTS; prints one JSON line an exchange.
 */

import process from 'node:process';
import OpenAI, { APIError } from 'openai';
import { HOSTS, SCENARIOS, type Scenario } from './scenarios.ts';

async function send(scenario: Scenario): Promise<string> {
  const client = new OpenAI({
    apiKey: 'demo-key-that-no-origin-checks',
    baseURL: `https://${HOSTS[scenario.mode ?? 'observe']}/v1`,
    maxRetries: 0,
    timeout: 20_000,
  });
  switch (scenario.endpoint) {
    case 'chat':
      return await chat(client, scenario);
    case 'responses':
      return await responses(client, scenario);
    case 'embeddings':
      await client.embeddings.create({ model: 'text-embedding-3-small', input: scenario.user });
      return 'vector';
  }
}

async function chat(client: OpenAI, scenario: Scenario): Promise<string> {
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

async function responses(client: OpenAI, scenario: Scenario): Promise<string> {
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

/** What the program saw when an exchange failed: the SDK's own error class, and the status where one came. */
function describe(error: unknown): string {
  if (error instanceof APIError && error.status !== undefined) {
    const code = typeof error.code === 'string' ? ` ${error.code}` : '';
    return `${error.constructor.name}: ${error.status}${code}`;
  }
  return error instanceof Error ? `${error.constructor.name}: ${error.message}` : 'failed';
}

for (const scenario of SCENARIOS) {
  const outcome = await send(scenario).catch(describe);
  process.stdout.write(`${JSON.stringify({ title: scenario.title, outcome })}\n`);
}
