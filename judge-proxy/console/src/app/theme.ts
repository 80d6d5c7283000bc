/**
 * One brand, two colour schemes. Severity and coverage have colours of their own (`--tone-…` in global.css); green is left
 * to what a judge found clean, so that nothing unjudged can look like a pass.
 */

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const ink: MantineColorsTuple = [
  '#eef0ff',
  '#dde0fd',
  '#b9bff5',
  '#949cee',
  '#747ee8',
  '#5f6be4',
  '#4650dd',
  '#3a43bf',
  '#313aac',
  '#263098',
];

const dark: MantineColorsTuple = [
  '#d5d9e4',
  '#b4bac9',
  '#8f96a8',
  '#5c6478',
  '#3a4156',
  '#2b3144',
  '#222839',
  '#191e2d',
  '#121624',
  '#0c101b',
];

const SANS = "Inter, 'Segoe UI', system-ui, -apple-system, Roboto, 'Helvetica Neue', Arial, sans-serif";

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: 6,
  colors: { ink, dark },
  fontFamily: SANS,
  fontFamilyMonospace: "'JetBrains Mono', ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
  headings: { fontFamily: SANS, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  spacing: { xs: '0.5rem', sm: '0.625rem', md: '0.875rem', lg: '1.125rem', xl: '1.5rem' },
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right' } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm' } },
    Tooltip: { defaultProps: { withArrow: true, multiline: true, maw: 320, openDelay: 250, fz: 'xs' } },
    Paper: { defaultProps: { withBorder: true, radius: 'md' } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.5, blur: 2 } } },
  },
});

/** Greys of secondary text that keep 4.5:1 on every surface (WCAG 1.4.3); Mantine's own do not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f6f7fb',
    '--mantine-color-dimmed': '#545c70',
    '--mantine-color-placeholder': '#626a7e',
    '--mantine-color-error': '#c02626',
  },
  dark: {
    '--mantine-color-body': '#10141f',
    '--mantine-color-dimmed': '#a2aabd',
    '--mantine-color-placeholder': '#949cb0',
    '--mantine-color-error': '#ff8585',
  },
});
