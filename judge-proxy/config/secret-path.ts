/** JSON paths that the operator names (RFC 9535), kept to those whose time does not outgrow a body. */

import { FunctionExpressionType, JSONPathEnvironment, type JSONPathQuery } from 'json-p3';
import { RE2JS } from 're2js';

/** As deep as bodies are read (`apis/json.ts`), and some. */
const MOST_DEPTH = 200;
const LONGEST_EXPRESSION = 200;
const MOST_INSTRUCTIONS = 1_000;

const environment = new JSONPathEnvironment({ maxRecursionDepth: MOST_DEPTH });
// The library's own run a backtracking engine over text of the traffic (RFC 9535 §2.4.6 and §2.4.7 ask for I-Regexp,
// of which RE2 is a superset).
environment.functionRegister.set('match', regexpFunction('matches'));
environment.functionRegister.set('search', regexpFunction('find'));

/**
 * @throws {Error} whose message says what is wrong with it
 */
export function compileSecretPath(path: string): JSONPathQuery {
  const query = compile(path);
  const bare = path.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, '');
  if (bare.split('..').length > 2) throw new Error('more than one `..` takes the square of a body');
  if (bare.lastIndexOf('$') > 0) throw new Error('a filter may start from `@`, not from `$`');
  return query;
}

function compile(path: string): JSONPathQuery {
  try {
    return environment.compile(path);
  } catch (error) {
    throw new Error(`not a JSON path (${error instanceof Error ? error.message : 'unreadable'})`, { cause: error });
  }
}

function regexpFunction(how: 'matches' | 'find') {
  const known = new Map<string, RE2JS | null>();
  return {
    argTypes: [FunctionExpressionType.ValueType, FunctionExpressionType.ValueType],
    returnType: FunctionExpressionType.LogicalType,
    call: (text: unknown, expression: unknown): boolean => {
      if (typeof text !== 'string' || typeof expression !== 'string' || expression.length > LONGEST_EXPRESSION) {
        return false;
      }
      let compiled = known.get(expression);
      if (compiled === undefined) {
        compiled = compiledOrNull(expression);
        // An expression may come from the traffic: few are kept.
        if (known.size < 100) known.set(expression, compiled);
      }
      return compiled?.matcher(text)[how]() ?? false;
    },
  };
}

/** RFC 9535: what is no expression matches nothing. */
function compiledOrNull(expression: string): RE2JS | null {
  try {
    const compiled = RE2JS.compile(expression);
    return compiled.programSize() > MOST_INSTRUCTIONS ? null : compiled;
  } catch {
    return null;
  }
}
