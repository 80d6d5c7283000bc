/** What the closed lists of the ledger mean, in words for people. The same as docs/verdicts.md. */

import type { HumanLabel, QueueName } from '../../../ledger/acts.ts';
import type {
  CoverageReason,
  DecidedBy,
  ExchangeOutcome,
  JudgeState,
  Mode,
  RecordingLevel,
  VerdictAction,
} from '../../../ledger/records.ts';

interface Words {
  readonly label: string;
  readonly hint: string;
}

export const REASONS: Readonly<Record<CoverageReason, Words>> = {
  unknown_api: { label: 'Unknown API', hint: 'No wire format of ours reads this endpoint.' },
  no_judge: { label: 'No judge', hint: 'The route names no judge.' },
  model_not_configured: { label: 'No judge model', hint: 'Rules alone judged: there is no model or no API key.' },
  model_failed: { label: 'Judge failed', hint: 'The judge model was asked and gave no usable verdict.' },
  sampled_out: {
    label: 'Not sampled',
    hint: 'The route asks the model about a part of its exchanges; this was not drawn.',
  },
  budget_exhausted: { label: 'Budget spent', hint: 'What the judge or this client may spend is spent.' },
  stopped: { label: 'Stopped early', hint: 'The judge stopped the exchange; what would have come was never read.' },
  not_held: { label: 'Not held', hint: 'More than may be held back: it was delivered before it was judged.' },
  request_truncated: { label: 'Request cut', hint: 'The copy of the request was cut at its limit.' },
  response_truncated: { label: 'Response cut', hint: 'The copy of the response was cut at its limit.' },
  copy_budget_exhausted: { label: 'Copies full', hint: 'All copies together reached their limit.' },
  unknown_coding: { label: 'Unknown coding', hint: 'A content coding that we cannot read.' },
  decode_failed: { label: 'Not decodable', hint: 'Bytes that their content coding does not explain.' },
  decode_limit: { label: 'Decode limit', hint: 'Decoded size or time reached its limit.' },
  unparseable: { label: 'Not readable', hint: 'Not the JSON or event stream that the format asks for.' },
  stream_broken: { label: 'Stream broken', hint: 'The response ended before the format says that it is complete.' },
  client_aborted: { label: 'Client left', hint: 'The client went away before the end.' },
  origin_failed: { label: 'Origin failed', hint: 'The origin gave no answer, or not all of it.' },
  opaque_content: {
    label: 'Opaque content',
    hint: 'Images, audio, files or encrypted reasoning: hash and size are kept.',
  },
  context_missing: { label: 'Context missing', hint: 'Earlier turns live at the provider.' },
  too_deep: { label: 'Nested too deep', hint: 'JSON nested deeper than we read.' },
  rules_incomplete: { label: 'Rules incomplete', hint: 'A rule ran out of its time.' },
  metadata_only: { label: 'Metadata only', hint: 'The route keeps metadata alone: no model sees the text.' },
  content_altered: { label: 'Content altered', hint: 'The ledger does not hold the content that its record names.' },
  analysis_failed: { label: 'Analysis failed', hint: 'Our own analysis crashed, hung, or had too much waiting.' },
  interrupted: { label: 'Interrupted', hint: 'The proxy stopped while the exchange was open.' },
};

export const STATES: Readonly<Record<JudgeState, Words>> = {
  scored: { label: 'Scored', hint: 'The model answered and every check passed.' },
  truncated_input: { label: 'Scored in part', hint: 'The model answered, but did not see all of the exchange.' },
  rules_only: { label: 'Rules only', hint: 'Rules alone judged; no model was asked.' },
  refused: { label: 'Judge refused', hint: 'The judge model refused to answer.' },
  invalid_output: { label: 'Invalid answer', hint: 'The judge model did not answer in the form that was asked for.' },
  nonce_mismatch: {
    label: 'Nonce missing',
    hint: "The nonce did not come back: the answer may be the transcript's own.",
  },
  quote_mismatch: { label: 'False quote', hint: 'The judge quoted what does not occur in what it saw.' },
  timeout: { label: 'Judge too slow', hint: 'The judge model did not answer in time.' },
  provider_error: { label: 'Judge unreachable', hint: 'The judge model failed after all attempts.' },
  circuit_open: { label: 'Judge left alone', hint: 'The judge model failed too often just now and was not asked.' },
  queue_full: { label: 'Queue full', hint: 'More judgements waited than may wait.' },
  budget_exhausted: { label: 'Budget spent', hint: 'What may be spent is spent; rules alone judged.' },
  sampled_out: { label: 'Not sampled', hint: 'Not drawn for the model; rules alone judged.' },
  unparseable: { label: 'Nothing readable', hint: 'There was nothing that a judge could read.' },
  interrupted: { label: 'Interrupted', hint: 'The proxy stopped before the judgement was finished.' },
};

/** States in which the judge model gave a usable answer. */
export const ANSWERED: ReadonlySet<JudgeState> = new Set(['scored', 'truncated_input']);
/** States in which no model was meant to answer: by configuration, budget or draw. */
export const NOT_ASKED: ReadonlySet<JudgeState> = new Set(['rules_only', 'budget_exhausted', 'sampled_out']);

export const ACTIONS_TAKEN: Readonly<Record<VerdictAction, Words>> = {
  allowed: { label: 'Delivered', hint: 'It was delivered to the client.' },
  would_block: { label: 'Would block', hint: 'Delivered; a mode that holds would have stopped it.' },
  blocked: { label: 'Blocked', hint: 'Stopped before the client had anything of it.' },
  cut: { label: 'Cut', hint: 'Stopped in the middle of a stream, of which a part had gone out.' },
};

export const OUTCOMES: Readonly<Record<ExchangeOutcome, Words>> = {
  complete: { label: 'Complete', hint: 'Request and response were carried to their end.' },
  client_aborted: { label: 'Client left', hint: 'The client went away before the end.' },
  origin_failed: { label: 'Origin failed', hint: 'The origin gave no answer, or not all of it.' },
  interrupted: { label: 'Interrupted', hint: 'The proxy stopped while it was open.' },
  blocked: { label: 'Blocked', hint: 'The judge refused the request, withheld the response, or cut it.' },
};

export const MODES_IN_WORDS: Readonly<Record<Mode, Words>> = {
  observe: { label: 'Observe', hint: 'Delivered at once, judged afterwards.' },
  window: { label: 'Window', hint: 'Delivered piece by piece, each once it is cleared.' },
  hold: { label: 'Hold', hint: 'Delivered after the verdict.' },
};

export const DECIDED: Readonly<Record<DecidedBy, Words>> = {
  rule: { label: 'Rule', hint: 'A rule decided.' },
  model: { label: 'Model', hint: 'The judge model decided.' },
  fallback: { label: 'Fallback', hint: "The judge failed; the route's on_judge_failure decided." },
  human: { label: 'Person', hint: 'A person decided.' },
};

export const RECORDING: Readonly<Record<RecordingLevel, Words>> = {
  full: { label: 'Full text', hint: 'The whole text is kept, without redaction.' },
  redacted: { label: 'Redacted text', hint: 'Secrets and personal data were replaced before it was kept or judged.' },
  metadata: { label: 'Metadata only', hint: 'No words are kept, and no model saw them.' },
};

export const HUMAN: Readonly<Record<HumanLabel, Words>> = {
  violation: { label: 'Violation', hint: 'It breaks the policy.' },
  clean: { label: 'Clean', hint: 'It keeps the policy.' },
  unsure: { label: 'Unsure', hint: 'Looked at, and not decidable.' },
  invalid: { label: 'Invalid', hint: 'Cannot be judged at all.' },
};

export const QUEUES_IN_WORDS: Readonly<Record<QueueName, Words>> = {
  severe: { label: 'Severe', hint: 'Stopped by the judge, or grave.' },
  disagreements: { label: 'Disagreements', hint: 'People, judge or shadow judge differ.' },
  failed: { label: 'Judge failed', hint: 'The judge gave no usable verdict.' },
  control: { label: 'Control sample', hint: 'Drawn at random from everything; recall is estimated from it.' },
};
