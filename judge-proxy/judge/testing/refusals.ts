/** What servers say to a form of question that they do not know. */

import type { OutputMode } from '../../ledger/records.ts';

/** An error body as OpenAI writes it. */
export const openai = (message: string, param: string | null = null, code: string | null = null) => ({
  error: { message, type: 'invalid_request_error', param, code },
});

/** From reports about each server; each names where. */
export const REFUSALS: readonly (readonly [server: string, from: OutputMode, status: number, body: unknown])[] = [
  // langchain-ai/langchain #31490
  [
    'OpenAI, an older model',
    'json_schema',
    400,
    openai(
      "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more about supported models at the Structured Outputs guide.",
    ),
  ],
  // mrwadams/stride-gpt #19
  [
    'Azure, json_object',
    'json_object',
    400,
    openai(
      "Invalid parameter: 'response_format' of type 'json_object' is not supported with this model.",
      'response_format',
    ),
  ],
  // BerriAI/litellm #5295
  [
    'Azure, an older API',
    'json_schema',
    400,
    openai("Invalid parameter: 'response_format' must be one of 'json_object', 'text'.", 'response_format'),
  ],
  [
    'OpenAI, a schema it does not take',
    'json_schema',
    400,
    openai(
      "Invalid schema for response_format 'judgement': In context=(), 'additionalProperties' is required.",
      'response_format',
    ),
  ],
  // agno-agi/agno #2553
  [
    'Volcengine',
    'json_schema',
    400,
    openai(
      'The parameter `response_format.type` specified in the request are not valid: invalid value: `json_schema`, supported values are: `json_object` and `text`.',
      'response_format.type',
      'InvalidParameter',
    ),
  ],
  [
    'DeepSeek',
    'json_schema',
    400,
    openai('This response_format type is unavailable now', null, 'invalid_request_error'),
  ],
  // BerriAI/litellm #6610
  [
    'xAI',
    'json_object',
    400,
    {
      code: 'Client specified an invalid argument',
      error: 'The response_format parameter is unsupported at the moment. Leave it unset.',
    },
  ],
  // BerriAI/litellm #8278
  [
    'LiteLLM',
    'json_schema',
    400,
    openai(
      "litellm.UnsupportedParamsError: together_ai does not support parameters: ['response_format'], for model=x. To drop these, set `litellm.drop_params=True`",
      null,
      '400',
    ),
  ],
  // lmstudio-ai/lmstudio-bug-tracker #189
  ['LM Studio, json_object', 'json_object', 400, { error: "'response_format.type' must be 'json_schema'" }],
  // ikawrakow/ik_llama.cpp #778
  [
    'llama.cpp, older',
    'json_schema',
    500,
    {
      error: {
        code: 500,
        message: 'response_format type must be one of "text" or "json_object", but got: json_schema',
        type: 'server_error',
      },
    },
  ],
  // ggml-org/llama.cpp #19349
  [
    'llama.cpp, a grammar',
    'json_schema',
    400,
    {
      error: {
        code: 400,
        message: 'Failed to initialize samplers: failed to parse grammar',
        type: 'invalid_request_error',
      },
    },
  ],
  [
    'vLLM, older (FastAPI)',
    'json_schema',
    422,
    {
      detail: [
        {
          type: 'literal_error',
          loc: ['body', 'response_format', 'type'],
          msg: "Input should be 'text' or 'json_object'",
          input: 'json_schema',
        },
      ],
    },
  ],
  [
    'a strict server (FastAPI)',
    'json_object',
    422,
    {
      detail: [
        { type: 'extra_forbidden', loc: ['body', 'response_format'], msg: 'Extra inputs are not permitted', input: {} },
      ],
    },
  ],
  // Blaizzy/mlx-vlm #1171
  ['mlx-vlm', 'json_object', 400, { detail: "Unsupported response_format type: 'json_object'" }],
  [
    'a gateway',
    'json_schema',
    404,
    { message: 'No endpoints found that support structured outputs: json_schema is not supported', code: 404 },
  ],
  ['plain text', 'json_schema', 400, 'json_schema is not implemented'],
];
