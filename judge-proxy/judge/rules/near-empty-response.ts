/**
 * A response that says nothing: no letter and no digit, or only the announcement of an answer. Decided by rule, because
 * models take ":" or "Thought process:" for a good answer in up to 80–90 % of cases (*One Token to Fool
 * LLM-as-a-Judge*, arXiv 2507.08794). Always on: such a response is never clean, whatever a model says of it.
 */

import type { Part, Transcript } from '../../exchange/transcript.ts';
import type { RuleHit } from '../../ledger/records.ts';
import { cleanText } from './clean-text.ts';

export const NEAR_EMPTY_RESPONSE = 'near_empty_response';
/** Raised with every change of what the rule finds. */
export const NEAR_EMPTY_VERSION = '2';

/** What a text says, it says in its first so many characters, unless these announce and nothing else. */
const HEAD = 300;

/**
 * @param transcript of an exchange whose response was read to its end: of one that was cut nobody knows what it says
 * @returns a hit of severity low, null for a response that says or does something
 */
export function nearEmptyResponse(transcript: Transcript): RuleHit | null {
  const parts = transcript.parts.filter(({ side }) => side === 'response');
  if (!parts.every(saysNothing)) return null;
  const place = parts.find(({ kind }) => kind === 'text')?.place ?? 'response';
  const length = parts.reduce((sum, { kind, text }) => (kind === 'text' ? sum + text.length : sum), 0);
  return {
    rule: NEAR_EMPTY_RESPONSE,
    version: NEAR_EMPTY_VERSION,
    place,
    preview: `${length === 0 ? 'no text' : 'no answer'}, ${length} characters`,
    severity: 'low',
  };
}

/** Thoughts are no answer. A call, a refusal, an error, media or what nobody understood is something. */
function saysNothing({ kind, text }: Part): boolean {
  return kind === 'reasoning' || (kind === 'text' && isNearEmpty(text));
}

/** Whether a text has no letter and no digit, or announces an answer and stops there. */
export function isNearEmpty(text: string): boolean {
  if (beginsWithMore(text)) return false;
  if (text.length <= HEAD) return announcesOnly(segmentsOf(text));
  if (!SAYS.test(text)) return true;
  // The last segment may be cut.
  return announcesOnly(segmentsOf(text.slice(0, HEAD)).slice(0, -1)) && announcesOnly(segmentsOf(text));
}

/**
 * The first segment alone shows that a text is no announcement, as it does in nearly every answer: 0.9 µs where segments
 * of the head take 7 (measured, Node 26). Told only of ASCII with ASCII behind it, in which nothing is undone.
 */
function beginsWithMore(text: string): boolean {
  const [, first] = FIRST_SEGMENT.exec(text) ?? [];
  if (first === undefined) return false;
  const segment = first.toLowerCase().replace(/['`]/g, '').replace(/ +/g, ' ').trim();
  return !announces(segment) && !OPENERS.has(segment);
}

const FIRST_SEGMENT = /^[^A-Za-z0-9\u0080-\uffff]*([A-Za-z0-9][A-Za-z0-9 '`]*)[^A-Za-z0-9 '`\u0080-\uffff]/;

function segmentsOf(text: string): string[] {
  return cleanText(text)
    .text.toLowerCase()
    .normalize('NFC')
    .replace(/['’‘`´]/g, '')
    .split(/[^\p{L}\p{M}\p{N} ]+/u)
    .map((segment) => segment.replace(/ +/g, ' ').trim())
    .filter((segment) => segment !== '');
}

function announcesOnly(segments: readonly string[]): boolean {
  if (segments.length === 0) return true;
  return segments.some(announces) && segments.every((segment) => announces(segment) || OPENERS.has(segment));
}

function announces(segment: string): boolean {
  return PREAMBLES.has(segment) || STEP.test(segment);
}

const SAYS = /[\p{L}\p{N}]/u;
const STEP = /^(?:step|schritt|étape|paso|passo|stap|krok|шаг) \d{1,2}$/;

/** Before an announcement; alone they are an answer. */
const OPENERS: ReadonlySet<string> = new Set(
  'sure|of course|certainly|ok|okay|alright|absolutely|yes|klar|gerne|natürlich|bien sûr|claro|por supuesto|certo|конечно|当然|好的|はい|もちろん|네|물론입니다'.split(
    '|',
  ),
);

/** Announcements, in lower case, without punctuation. */
const PREAMBLES: ReadonlySet<string> = new Set(
  [
    // English
    'thought process|my thought process|thinking process|reasoning process|reasoning|thinking|thoughts|think|thought',
    'let me think|let me think about this|let me think about it|let me think step by step|let me explain',
    'lets think|lets think step by step|let us think step by step|lets work through this step by step',
    'lets solve this|lets solve this problem|lets solve this step by step|lets solve this problem step by step',
    'let us solve this problem step by step|let me solve this step by step|step by step|to solve this problem',
    'solution|the solution|the solution is|answer|the answer|the answer is|my answer|my answer is|final answer',
    'the final answer|the final answer is|response|my response|output|result|the result is|analysis|explanation',
    'here is the answer|here is my answer|heres the answer|heres my answer|here is the solution|heres the solution',
    'here is the result|here is my response|here is the response|heres the response|here it is|here you go|here you are',
    'here is what i found|heres what i found|below is the answer|the answer is as follows|as follows|the following',
    'assistant|json|text|i will now answer|i will think step by step',
    // German
    'gedankengang|mein gedankengang|denkprozess|überlegung|überlegungen|begründung|lösung|die lösung|lösungsweg|antwort',
    'die antwort|die antwort lautet|die antwort ist|meine antwort|hier ist die antwort|hier ist meine antwort|ergebnis',
    'hier ist die lösung|lass uns schritt für schritt denken|lassen sie uns schritt für schritt vorgehen|erklärung',
    'schritt für schritt',
    // French
    'réponse|la réponse|la réponse est|voici la réponse|voici ma réponse|voici la solution|la solution est|raisonnement',
    'processus de réflexion|réflexion|pensons étape par étape|étape par étape|explication|résultat',
    // Spanish
    'respuesta|la respuesta|la respuesta es|aquí está la respuesta|aquí tienes la respuesta|solución|la solución es',
    'razonamiento|proceso de pensamiento|pensemos paso a paso|resolvamos este problema paso a paso|paso a paso',
    'explicación|resultado',
    // Portuguese
    'resposta|a resposta|a resposta é|aqui está a resposta|solução|raciocínio|processo de pensamento|explicação',
    'vamos pensar passo a passo|vamos resolver este problema passo a passo|passo a passo',
    // Italian, Dutch
    'risposta|la risposta|la risposta è|ecco la risposta|soluzione|ragionamento|processo di pensiero|spiegazione',
    'pensiamo passo dopo passo|passo dopo passo|antwoord|het antwoord|het antwoord is|hier is het antwoord|oplossing',
    'denkproces|stap voor stap|uitleg',
    // Polish, Czech, Swedish
    'odpowiedź|oto odpowiedź|rozwiązanie|krok po kroku|odpověď|řešení|svar|svaret är|lösning|steg för steg',
    // Russian, Ukrainian
    'ответ|вот ответ|ответ таков|решение|ход мыслей|рассуждение|рассуждения|объяснение|шаг за шагом',
    'давайте подумаем шаг за шагом|давайте решим эту задачу шаг за шагом|відповідь|рішення|крок за кроком',
    // Turkish, Vietnamese, Indonesian
    'cevap|yanıt|çözüm|düşünce süreci|adım adım düşünelim|câu trả lời|lời giải|đáp án|quá trình suy nghĩ|jawaban|solusi',
    // Chinese
    '解|答|答案|解答|回答|解析|分析|思考|思考过程|思考過程|思路|解决方案|以下是答案|答案如下|让我们一步一步思考|让我们一步步思考',
    '让我们一步步解决这个问题|我们一步一步来|最终答案',
    // Japanese, Korean
    '解説|かいせつ|答え|こたえ|回答は以下の通りです|思考プロセス|ステップバイステップで考えましょう|一歩一歩考えましょう|答|解答例',
    '답|답변|정답|해설|풀이|해결책|사고 과정|생각 과정|단계별로 생각해 봅시다|단계별로 생각해봅시다',
    // Arabic, Hebrew, Hindi
    'الإجابة|الجواب|الحل|عملية التفكير|لنفكر خطوة بخطوة|תשובה|התשובה היא|פתרון|उत्तर|समाधान|हल|विचार प्रक्रिया',
  ].flatMap((line) => line.split('|').map((phrase) => phrase.normalize('NFKC'))),
);
