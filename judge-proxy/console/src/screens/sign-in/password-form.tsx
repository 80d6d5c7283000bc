import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Me } from '../../../../contract/responses.ts';
import { useAct } from '../../api/hooks.ts';
import { ApiError } from '../../api/problem.ts';
import { counted } from '../../shared/format.ts';

/** As changePassword of contract/requests.ts has it. */
const SHORTEST = 15;

/** The password now, and a new one twice. Other sessions of the user end. */
export function PasswordForm({ onChanged }: { onChanged: (me: Me) => void }) {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const change = useAct('change_password', {
    quiet: true,
    onDone: (me) => {
      setCurrent('');
      setPassword('');
      setAgain('');
      onChanged(me);
    },
  });
  const isShort = password !== '' && password.length < SHORTEST;
  const differs = again !== '' && again !== password;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isShort && again === password) change.mutate({ body: { current, password } });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <PasswordInput
          label="Password now"
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          autoComplete="current-password"
          required
          withAsterisk={false}
        />
        <PasswordInput
          label="New password"
          description={`At least ${SHORTEST} characters; a sentence is good.`}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={isShort ? `${counted(SHORTEST - password.length, 'character')} more` : null}
          autoComplete="new-password"
          minLength={SHORTEST}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label="New password again"
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
          error={differs ? 'This is not the same' : null}
          autoComplete="new-password"
          required
          withAsterisk={false}
        />
        {change.error !== null && (
          <Alert color="red" role="alert" py="xs">
            {reasonOf(change.error)}
          </Alert>
        )}
        <Button type="submit" mt="xs" loading={change.isPending} disabled={isShort || differs}>
          Change password
        </Button>
      </Stack>
    </form>
  );
}

function reasonOf(error: Error): string {
  if (error instanceof ApiError && error.status === 401) return 'The password that you have now is another one.';
  return error.message;
}
