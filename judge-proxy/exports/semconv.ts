/**
 * Names of the OpenTelemetry semantic conventions that we use, in one place because those for generative AI may still
 * change (status: development). Source: github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/
 * gen-ai-events.md, and semantic-conventions v1.41.1 for what is stable. Fields of our own begin with `judge_proxy.`.
 */

/** Version of this table: goes up with every name that changes. Told as the version of the instrumentation scope. */
export const SEMCONV_VERSION = '1';

export const EVENT = {
  evaluation: 'gen_ai.evaluation.result',
  exchange: 'judge_proxy.exchange',
  connection: 'judge_proxy.connection',
} as const;

export const ATTR = {
  evaluationName: 'gen_ai.evaluation.name',
  scoreValue: 'gen_ai.evaluation.score.value',
  scoreLabel: 'gen_ai.evaluation.score.label',
  explanation: 'gen_ai.evaluation.explanation',
  errorType: 'error.type',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  requestModel: 'gen_ai.request.model',
  conversationId: 'gen_ai.conversation.id',
  provider: 'gen_ai.provider.name',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  httpMethod: 'http.request.method',
  httpStatus: 'http.response.status_code',
  urlPath: 'url.path',
  serviceName: 'service.name',
} as const;
