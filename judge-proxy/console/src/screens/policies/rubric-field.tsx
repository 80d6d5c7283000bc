import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { PolicyCheck } from '../../../../contract/responses.ts';
import { useApi } from '../../api/hooks.ts';
import { styleNonce } from '../../app/style-nonce.ts';
import classes from './policies.module.css';
import { rubricExtensions } from './rubric-editor.ts';
import type { Schema } from './schema-hints.ts';

interface Props {
  readonly label: string;
  readonly value: string;
  readonly readOnly?: boolean;
  readonly schema: Schema | null;
  readonly onChange: (yaml: string) => void;
  readonly onChecked?: (checked: PolicyCheck) => void;
  readonly onSave?: () => void;
}

/** The editor of a rubric. Its text is the editor's own while it is written; `value` replaces it when it differs. */
export function RubricField(props: Props) {
  const { label, value, readOnly = false } = props;
  const api = useApi();
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const first = useRef(value);
  useEffect(() => {
    if (parent.current === null) return undefined;
    const check = async (yaml: string): Promise<PolicyCheck> => {
      if (yaml.trim() === '') return EMPTY;
      const checked = await api.call('check_policy', { body: { yaml } });
      latest.current.onChecked?.(checked);
      return checked;
    };
    const made = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: first.current,
        extensions: rubricExtensions({
          ...{ label, readOnly, nonce: styleNonce(), check: readOnly ? null : check },
          schema: () => latest.current.schema,
          onChange: (yaml) => latest.current.onChange(yaml),
          onSave: () => latest.current.onSave?.(),
        }),
      }),
    });
    view.current = made;
    return () => {
      first.current = made.state.doc.toString();
      made.destroy();
      view.current = null;
    };
  }, [api, label, readOnly]);
  useEffect(() => {
    const now = view.current;
    if (now === null || now.state.doc.toString() === value) return;
    now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value } });
  }, [value]);
  return <div className={classes.editor} ref={parent} />;
}

const EMPTY: PolicyCheck = {
  ok: false,
  rubric_hash: null,
  findings: [{ line: 1, column: 1, path: '', message: 'a rubric needs a name, a version and criteria', fix: null }],
};
