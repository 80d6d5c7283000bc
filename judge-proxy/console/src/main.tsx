/** The review console: parts wired, page mounted. */

import '@mantine/core/styles.css';
import '@mantine/charts/styles.css';
import '@mantine/notifications/styles.css';
import './app/global.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { Api } from './api/client.ts';
import { ApiContext } from './api/hooks.ts';
import { createQueryClient } from './api/query-client.ts';
import { createAppRouter } from './app/router.tsx';
import { forget } from './app/session.ts';
import { styleNonce } from './app/style-nonce.ts';
import { cssVariables, theme } from './app/theme.ts';
import { KeysProvider } from './shared/keys.tsx';

// Without it zod asks whether it may compile, which the content security policy refuses and reports.
z.config({ jitless: true });

const nonce = styleNonce();
const colorScheme = localStorageColorSchemeManager({ key: 'judge-proxy-color-scheme' });
const queryClient = createQueryClient();
const api = new Api(() => {
  forget({ api, queryClient });
  void router.invalidate();
});
const router = createAppRouter({ api, queryClient });

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={colorScheme}
      {...(nonce !== undefined && { getStyleNonce: () => nonce })}
    >
      <QueryClientProvider client={queryClient}>
        <ApiContext value={api}>
          <KeysProvider>
            <Notifications position="bottom-right" limit={4} />
            <RouterProvider router={router} />
          </KeysProvider>
        </ApiContext>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
