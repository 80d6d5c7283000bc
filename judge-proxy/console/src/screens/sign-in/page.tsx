import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct, useApi } from '../../api/hooks.ts';
import { ApiError } from '../../api/problem.ts';
import { becomes } from '../../app/session.ts';
import { counted } from '../../shared/format.ts';
import { Door } from './door.tsx';
import { Provider } from './provider.tsx';
import { signInRoute } from './route.ts';

export default function SignInPage() {
  const api = useApi();
  const queryClient = useQueryClient();
  const router = useRouter();
  const { next = '/', refused } = signInRoute.useSearch();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useAct('sign_in', {
    quiet: true,
    onDone: (me) => {
      becomes({ api, queryClient }, me);
      router.history.push(next);
    },
  });
  return (
    <Door title="Sign in" about="Review what your programs say to language models.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate({ body: { name, password } });
        }}
      >
        <Stack gap="sm">
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            required
            withAsterisk={false}
          />
          <PasswordInput
            label="Password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
            required
            withAsterisk={false}
          />
          {signIn.error !== null && (
            <Alert color="red" role="alert" py="xs">
              {reasonOf(signIn.error)}
            </Alert>
          )}
          <Button type="submit" fullWidth mt="xs" loading={signIn.isPending}>
            Sign in
          </Button>
        </Stack>
      </form>
      <Provider next={next} refused={signIn.isIdle ? refused : undefined} />
    </Door>
  );
}

function reasonOf(error: Error): string {
  if (!(error instanceof ApiError)) return 'Something went wrong.';
  if (error.status === 429) {
    const wait = error.retryAfter === null ? 'later' : `in ${counted(error.retryAfter, 'second')}`;
    return `Too many attempts. Try again ${wait}.`;
  }
  // The same words for a name that is not there: nobody learns which names are.
  if (error.status === 401) return 'Name or password is wrong.';
  return error.message;
}
