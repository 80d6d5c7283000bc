/**
 * Every field that traffic controls: how it is brought, what is sent, what of it the console shows, and where. Traffic is
 * client, origin and judge model. Which field of which record it becomes: hostile-sources.ts.
 */

/** Where something is shown: a page of an exchange, what the raw view of it says, a list, a dialog. */
export type Place =
  | 'chat'
  | 'raw chat'
  | 'responses'
  | 'raw responses'
  | 'origin error'
  | 'raw origin error'
  | 'judge error'
  | 'raw judge error'
  | 'websocket'
  | 'raw websocket'
  | 'unread'
  | 'raw unread'
  | 'exchanges'
  | 'search'
  | 'connections'
  | 'queue'
  | 'similar'
  | 'try';

type Exchange = 'chat' | 'responses' | 'origin error' | 'judge error' | 'websocket' | 'unread';

interface Field {
  /** How traffic brings it. */
  readonly by: string;
  readonly sent: string;
  /** As it has to stand on each of its places; null where it stands nowhere, and `by` says why. */
  readonly shown: string | null;
  readonly on: readonly Place[];
}

/** Is in what is sent for a field, once for each element or attribute that it would make, and in no other field. */
export const markOf = (field: string) => `xss-${field.replaceAll('_', '-')}-x`;

/** An image, a link and a script as HTML and Markdown have them, an address, and a mark that would turn the line round. */
const markup = (mark: string) =>
  `<img src=x id=${mark} onerror=alert('${mark}')>[x](javascript:alert('${mark}')) https://evil.test/${mark}\u202e.`;
/** The same for what holds no blank: printable ASCII alone. */
const tag = (mark: string) => `<svg/onload=alert('${mark}')>`;

/** What cannot be seen is written out (console/src/shared/visible-text.ts). */
const seen = (text: string) => text.replaceAll('\u202e', 'U+202E');

type Entry = (name: string) => Field;

/** Kept as it is. On the page of its exchange, in its raw view, and where else. */
const text =
  (of: Exchange, by: string, ...also: Place[]): Entry =>
  (name) => ({ by, sent: markup(markOf(name)), shown: seen(markup(markOf(name))), on: [of, `raw ${of}`, ...also] });
/** The same without blanks. */
const id =
  (of: Exchange, by: string, ...also: Place[]): Entry =>
  (name) => ({ by, sent: tag(markOf(name)), shown: tag(markOf(name)), on: [of, `raw ${of}`, ...also] });
/** Cut to a name (`word` of exchange/free-strings.ts): what is no sign of one is a question mark. */
const named =
  (of: Exchange, by: string, ...also: Place[]): Entry =>
  (name) => {
    const said = `<img src=x id=${markOf(name)} onerror="alert('${markOf(name)}')">`;
    return { by, sent: said, shown: said.replaceAll(/[<>='"]/g, '?'), on: [of, `raw ${of}`, ...also] };
  };
/** Its form lets no markup through: the worst that does pass is sent, and stands as it is. */
const word =
  (form: (mark: string) => string, by: string, ...on: Place[]): Entry =>
  (name) => ({ by, sent: form(markOf(name)), shown: form(markOf(name)), on });
/** Refused or left out, whole. */
const nowhere =
  (by: string): Entry =>
  (name) => ({ by, sent: tag(markOf(name)), shown: null, on: [] });

const ENTRIES = {
  // Of the request, Chat Completions.
  system_message: text('chat', 'content of a system message', 'queue', 'search'),
  user_message: text('chat', 'content of the last user message', 'queue', 'exchanges', 'similar', 'try'),
  assistant_turn: text('chat', 'content of an earlier assistant message', 'queue'),
  tool_result: text('chat', 'content of a tool message', 'queue'),
  unknown_role: text('chat', 'role of a message, that is none of the format', 'queue'),
  speaker: text('chat', 'name of a message', 'queue'),
  called_tool: named('chat', 'name of a function in tool_calls of the request', 'queue'),
  call_arguments: text('chat', 'arguments of a call in the request', 'queue'),
  call_id: nowhere('id of a call in the request: an id is kept when it is too long to be one'),
  long_call_id: text('chat', 'id of a call, longer than ids are', 'queue'),
  tool_name: text('chat', 'name of a tool definition', 'queue'),
  tool_about: text('chat', 'description of a tool definition', 'queue'),
  tool_schema: text('chat', 'key in the schema of a tool definition', 'queue'),
  image_url: text('chat', 'image_url of a content part', 'queue'),
  media_type: nowhere('type in a data: URL: kept where it has the form of a media type'),
  file_name: text('chat', 'filename of a file part', 'queue'),
  file_id: text('chat', 'file_id of a file part', 'queue'),
  end_user: text('chat', 'user of the body', 'queue'),
  metadata_key: text('chat', 'name of a field in metadata', 'queue'),
  unknown_field: text('chat', 'name of a field of the body that the format does not have', 'queue'),
  encoded: text('chat', 'base64 in a user message: shown decoded beside it', 'queue'),
  model_requested: named('chat', 'model of the body'),
  client_request_id: id('chat', 'header x-client-request-id'),
  // Of the answer.
  model_returned: named('chat', 'model of the answer', 'queue', 'exchanges', 'search'),
  origin_request_id: id('chat', 'header x-request-id of the answer'),
  answer: text('chat', 'content of the answer', 'queue'),
  refusal: text('chat', 'refusal of the answer', 'queue'),
  reasoning: text('chat', 'reasoning_content of the answer', 'queue'),
  source_title: text('chat', 'title of a url_citation', 'queue'),
  answered_tool: named('chat', 'name of a function that the answer calls', 'queue'),
  answered_arguments: text('chat', 'arguments of a call of the answer', 'queue'),
  answered_call_id: nowhere('id of a call of the answer'),
  finish_reason: named('chat', 'finish_reason of a choice', 'queue'),
  chat_id: nowhere('id of the answer, Chat Completions'),
  // Of the judge model.
  judge_reason: text('chat', 'analysis of each criterion', 'queue', 'try'),
  judge_quote: text('chat', 'quote of a criterion, which stands in a user message', 'queue'),
  judge_place: nowhere('place of a quote: the one where the words really stand is kept'),
  judge_unreadable: nowhere('unreadable of the answer: it is weighed and not kept'),
  judge_answer_model: nowhere('model of the answer of the judge: the one that was asked for is kept'),
  shadow_reason: nowhere('analysis by a shadow judge: its labels alone are compared'),
  // Responses.
  instructions: text('responses', 'instructions of the body'),
  previous_id: text('responses', 'previous_response_id: no id by its form, so that it is a part and no link'),
  conversation_id: text('responses', 'conversation: the same'),
  template_id: text('responses', 'id of a prompt template'),
  template_variable: text('responses', 'name of a variable of a prompt template'),
  response_id: word((mark) => `resp_${mark}`, 'id of the answer, in the form that ids have', 'raw responses'),
  incomplete: named('responses', 'reason in incomplete_details'),
  odd_item: text('responses', 'type of an output item that the format does not have'),
  // Errors.
  error_message: text('origin error', 'message of an error body of the origin'),
  error_param: nowhere('param of an error body: an enumerated word'),
  error_code: nowhere('code of an error body: no word by its form'),
  error_type: word((mark) => mark, 'type of an error body, in the form that words have', 'raw origin error'),
  judge_error_message: nowhere('message of an error body of the judge'),
  judge_error_code: nowhere('code of an error body of the judge: no word by its form'),
  judge_error_type: word((mark) => mark, 'type of an error body of the judge, in its form', 'raw judge error'),
  // Responses over WebSocket.
  lane: nowhere('stream_id: tells one response from another'),
  lane_input: text('websocket', 'input of response.create', 'exchanges', 'try'),
  lane_answer: text('websocket', 'text of an output item'),
  lane_response_id: nowhere('id of the answer: no id by its form'),
  close_reason: nowhere('reason of the close frame'),
  // What no wire format of ours reads.
  path: word(
    (mark) => `onload=alert('${mark}')>`,
    'segment of the path, after `<svg/`',
    ...(['unread', 'raw unread', 'exchanges', 'try'] as const),
  ),
  query: nowhere('query of the target: it may carry secrets'),
  user_agent: nowhere('header user-agent'),
  referer: nowhere('header referer'),
  content_type: nowhere('header content-type of request and answer: kept where it has the form of a media type'),
  content_encoding: nowhere('header content-encoding of the answer'),
  stated_client: nowhere('headers by which clients are named: the plain listener believes its socket'),
  unread_body: nowhere('bodies that no format reads'),
  reason_phrase: nowhere('reason phrase of the status line'),
  // Of connections. A host is a name of letters, digits, hyphens and underscores, or an address.
  host: word(
    (mark) => `script-alert-1-${mark}.test`,
    'host of a request that is terminated',
    ...(['chat', 'raw chat', 'exchanges', 'search'] as const),
  ),
  tunnel_host: word((mark) => `script-alert-2-${mark}.test`, 'target of CONNECT, tunnelled', 'connections'),
  denied_host: word((mark) => `script-alert-3-${mark}.test`, 'target of CONNECT, denied', 'connections'),
  no_host: nowhere('target of CONNECT with markup in it: refused, and nothing is recorded'),
  method: nowhere('method of a request: refused unless it is one that HTTP has'),
} as const satisfies Readonly<Record<string, Entry>>;

export type FieldName = keyof typeof ENTRIES;

export const FIELDS = Object.fromEntries(
  Object.entries(ENTRIES).map(([name, entry]) => [name, entry(name)]),
) as unknown as Readonly<Record<FieldName, Field>>;

/** What is sent for a field. */
export const sent = (name: FieldName): string => FIELDS[name].sent;
